// Experiments and workspaces.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EXPERIMENT_FIELDS, isMalachiteError, parseFilter, parseOrder } from "@malachite/core";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function experimentStoreSuite(bench: RecordsBench): void {
  describe("experiments", () => {
    it("are made by their first use, once", async () => {
      const { runs, experiments, workspaces } = bench.records;
      const scope = freshScope();
      assert.equal(await experiments.byName(scope, "e"), undefined);
      assert.deepEqual((await experiments.list(scope, { limit: 5 })).values, []);
      const made = await Promise.all(
        Array.from({ length: 10 }, (_, i) => experiments.ensure(scope, "e", 100 + i)),
      );
      assert.equal(new Set(made.map(({ id }) => id)).size, 1);
      const [first] = made;
      assert.ok(first);
      assert.deepEqual(first, { scope, id: first.id, name: "e", createdAt: 100, tags: {} });
      assert.equal(await workspaces.has(scope), true);
      const run = await create(runs, newRun(scope, "r", { experimentName: "e", createdAt: 500 }));
      assert.equal(run.experimentId, first.id);
      const after = { ...first, latestRun: { id: "r", createdAt: 500 } };
      assert.deepEqual(await experiments.byName(scope, "e"), after);
      assert.deepEqual(await experiments.byId(scope, first.id), after);
      assert.equal(await experiments.byId(freshScope(), first.id), undefined);
    });

    it("can be described, archived and taken back", async () => {
      const { experiments } = bench.records;
      const scope = freshScope();
      const { id } = await experiments.ensure(scope, "e", 1);
      await experiments.modify(scope, id, { tags: { a: "1", c: null }, description: "d" }, 2);
      const archived = await experiments.modify(scope, id, { tags: { b: "2" }, archive: true }, 3);
      assert.deepEqual(
        [archived.tags, archived.description, archived.archivedAt],
        [{ a: "1", c: null, b: "2" }, "d", 3],
      );
      assert.equal((await experiments.modify(scope, id, { archive: true }, 4)).archivedAt, 3);
      const view = async (which?: "All" | "ActiveOnly" | "ArchivedOnly") =>
        (await experiments.list(scope, { limit: 5, view: which })).values.length;
      assert.deepEqual(
        [await view("All"), await view("ActiveOnly"), await view("ArchivedOnly"), await view()],
        [1, 0, 1, 1],
      );
      const back = await experiments.modify(scope, id, { archive: false }, 5);
      assert.equal(back.archivedAt, undefined);
      assert.deepEqual(await experiments.byName(scope, "e"), back);
      const isMissing = (error: unknown) => isMalachiteError(error) && error.code === "ExperimentNotFound";
      await assert.rejects(experiments.modify(scope, "nowhere", {}, 1), isMissing);
    });

    it("lose tags, take another name, and keep their runs through it", async () => {
      const { runs, experiments } = bench.records;
      const scope = freshScope();
      const { id } = await experiments.ensure(scope, "e", 1);
      await experiments.ensure(scope, "other", 1);
      await create(runs, newRun(scope, "r", { experimentName: "e" }));
      await experiments.modify(scope, id, { tags: { a: "1", b: "2", __proto__: "3" } }, 2);
      const less = await experiments.modify(scope, id, { removeTags: ["a", "nowhere"], tags: { c: "3" } }, 3);
      assert.deepEqual(less.tags, { b: "2", c: "3" });
      const renamed = await experiments.modify(scope, id, { name: "new" }, 4);
      assert.deepEqual([renamed.name, renamed.id], ["new", id]);
      assert.equal(await experiments.byName(scope, "e"), undefined);
      assert.equal((await runs.get(scope, "r"))?.experimentName, "new");
      const taken = (error: unknown) => isMalachiteError(error) && error.code === "ExperimentNameTaken";
      await assert.rejects(experiments.modify(scope, id, { name: "other", description: "no" }, 5), taken);
      assert.equal((await experiments.byId(scope, id))?.description, undefined);
      assert.equal((await experiments.modify(scope, id, { name: "new" }, 6)).name, "new");
    });

    it("can be deleted while they have no runs, and made anew", async () => {
      const { runs, experiments } = bench.records;
      const scope = freshScope();
      const { id } = await experiments.ensure(scope, "e", 1);
      await experiments.remove(scope, id);
      assert.equal(await experiments.byName(scope, "e"), undefined);
      const isMissing = (error: unknown) => isMalachiteError(error) && error.code === "ExperimentNotFound";
      await assert.rejects(experiments.remove(scope, id), isMissing);
      const again = await experiments.ensure(scope, "e", 2);
      assert.notEqual(again.id, id);
      await create(runs, newRun(scope, "r", { experimentName: "e" }));
      const full = (error: unknown) => isMalachiteError(error) && error.code === "ExperimentNotEmpty";
      await assert.rejects(experiments.remove(scope, again.id), full);
      assert.equal((await experiments.byName(scope, "e"))?.id, again.id);
    });

    it("are listed newest first, filtered and ordered, page by page", async () => {
      const { experiments } = bench.records;
      const scope = freshScope();
      for (const [i, name] of ["a", "b", "c", "d", "e"].entries()) {
        const { id } = await experiments.ensure(scope, name, 10 + (i % 3));
        await experiments.modify(scope, id, { tags: { even: String(i % 2 === 0) } }, 20);
      }
      const names = async (filter?: string, order?: string) => {
        const found: string[] = [];
        let next: string | undefined;
        do {
          const page = await experiments.list(scope, {
            limit: 2,
            after: next,
            filter: filter === undefined ? undefined : parseFilter(filter, EXPERIMENT_FIELDS),
            order: order === undefined ? undefined : parseOrder(order, EXPERIMENT_FIELDS),
          });
          found.push(...page.values.map(({ name }) => name));
          next = page.next;
        } while (next !== undefined);
        return found.join("");
      };
      assert.equal(await names(), "cebda");
      assert.equal(await names(undefined, "name desc"), "edcba");
      assert.equal(await names("tags/even eq true", "createdUtc, name desc"), "aec");
      assert.equal(await names("(name eq b)"), "b");
      assert.equal(await names("latestCreatedRunId ne null"), "");
      assert.equal(await names("archivedTime eq null and name gt c", "archivedTime, name"), "de");
    });

    it("refuse a token of another list", async () => {
      const { experiments } = bench.records;
      const scope = freshScope();
      for (const name of ["a", "b"]) await experiments.ensure(scope, name, 1);
      const { next } = await experiments.list(scope, { limit: 1 });
      assert.ok(next);
      const refused = (error: unknown) => isMalachiteError(error) && error.code === "BadContinuationToken";
      await assert.rejects(experiments.list(scope, { limit: 1, after: next, view: "ActiveOnly" }), refused);
      await assert.rejects(experiments.list(scope, { limit: 1, after: "nonsense" }), refused);
    });
  });

  describe("workspaces", () => {
    it("are made once, in their first spelling", async () => {
      const { workspaces } = bench.records;
      const scope = freshScope();
      assert.equal(await workspaces.has(scope), false);
      await Promise.all([
        workspaces.ensure(scope, 1),
        workspaces.ensure({ ...scope, workspace: scope.workspace.toUpperCase() }, 2),
      ]);
      assert.equal(await workspaces.has(scope), true);
      const spelled = (await workspaces.list()).filter((w) => w.workspace.toLowerCase() === scope.workspace);
      assert.deepEqual(spelled, [{ ...scope, createdAt: spelled[0]?.createdAt }]);
    });
  });
}
