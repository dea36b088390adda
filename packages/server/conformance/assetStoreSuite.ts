// Assets: what names the files of registered models.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Condition, NewAsset } from "@malachite/core";
import { freshScope } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const made = (id: string, more: Partial<NewAsset> = {}): NewAsset => ({
  id,
  name: `name of ${id}`,
  files: [{ prefix: `ExperimentRun/dcid.r/${id}` }],
  tags: {},
  properties: {},
  meta: {},
  ...more,
});

export function assetStoreSuite(bench: RecordsBench): void {
  describe("assets", () => {
    it("are given back as they were made, changed when nobody else did, and removed once", async () => {
      const { assets } = bench.records;
      const scope = freshScope();
      assert.equal(await assets.get(scope, "a"), undefined);
      const given = made("a", {
        type: "model",
        description: "d",
        runId: "r",
        files: [{ id: "ExperimentRun/dcid.r/x" }, { prefix: "LocalUpload/c/y" }],
        tags: { t: "1" },
        properties: { p: "1" },
        meta: { m: "1" },
      });
      const first = await assets.create(scope, given, 5);
      assert.deepEqual(first, { ...given, scope, createdAt: 5, changedAt: 5, revision: 1 });
      assert.deepEqual(await (await bench.data.reopen()).assets.get(scope, "a"), first);
      const { assets: again } = bench.records;
      const second = await again.write(first, { tags: {}, properties: { p: "1" }, meta: {} }, 6);
      assert.deepEqual(
        [second?.tags, second?.description, second?.changedAt, second?.files],
        [{}, undefined, 6, given.files],
      );
      assert.equal(await again.write(first, { tags: {}, properties: {}, meta: {} }, 7), undefined);
      assert.equal(await again.get(freshScope(), "a"), undefined);
      assert.equal(await again.remove(scope, "a"), true);
      assert.equal(await again.remove(scope, "a"), false);
    });

    it("are listed newest first by run, name, type, tags and properties", async () => {
      const { assets } = bench.records;
      const scope = freshScope();
      await assets.create(scope, made("a", { runId: "r1", tags: { k: "v" } }), 1);
      await assets.create(scope, made("b", { runId: "r1", properties: { p: "q" } }), 2);
      await assets.create(scope, made("c", { type: "model" }), 2);
      const ids = async (...conditions: Condition<"runId" | "type" | "name">[]) => {
        const found: string[] = [];
        let after: string | undefined;
        do {
          const page = await assets.list(scope, {
            conditions,
            limit: 1,
            ...(after === undefined ? {} : { after }),
          });
          found.push(...page.values.map(({ id }) => id));
          after = page.next;
        } while (after !== undefined);
        return found.join("");
      };
      assert.equal(await ids(), "cba");
      assert.equal(await ids({ on: { of: "field", name: "runId" }, is: "eq", value: "r1" }), "ba");
      assert.equal(await ids({ on: { of: "field", name: "type" }, is: "set" }), "c");
      assert.equal(await ids({ on: { of: "tags", key: "k" }, is: "eq", value: "v" }), "a");
      assert.equal(await ids({ on: { of: "properties", key: "p" }, is: "set" }), "b");
    });
  });
}
