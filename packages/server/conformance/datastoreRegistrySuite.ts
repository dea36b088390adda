// Registered datastores, and the default of a workspace.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NewDatastore, Scope } from "@malachite/core";
import { freshScope } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const made = (scope: Scope, name: string, more: Partial<NewDatastore> = {}): NewDatastore => ({
  scope,
  name,
  type: "AzureBlob",
  tags: {},
  section: { accountName: "account", containerName: name },
  ...more,
});

export function datastoreRegistrySuite(bench: RecordsBench): void {
  describe("registered datastores", () => {
    it("are made once, replaced, and given back as they were registered", async () => {
      const { datastores } = bench.records;
      const scope = freshScope();
      assert.equal(await datastores.get(scope, "a"), undefined);
      assert.equal(await datastores.replace(made(scope, "a"), 1), false);
      const given = made(scope, "a", {
        tags: { t: "1" },
        section: { accountName: "x", clientCredentials: { clientId: "c", isCertAuth: false } },
        sealed: "1.sealed",
      });
      const tries = await Promise.all([1, 2, 3].map(() => datastores.create(given, 5)));
      assert.deepEqual(tries.filter(Boolean), [true]);
      assert.deepEqual(await datastores.get(scope, "a"), { ...given, createdAt: 5, changedAt: 5 });
      assert.equal(await datastores.replace(made(scope, "a"), 6), true);
      const after = { ...made(scope, "a"), createdAt: 5, changedAt: 6 };
      assert.deepEqual(await (await bench.data.reopen()).datastores.get(scope, "a"), after);
      assert.equal(await bench.records.datastores.get(freshScope(), "a"), undefined);
    });

    it("are listed by name, some or all, page by page", async () => {
      const { datastores } = bench.records;
      const scope = freshScope();
      assert.deepEqual(await datastores.list(scope, { limit: 9 }), []);
      for (const name of ["c", "a", "b"]) await datastores.create(made(scope, name), 1);
      const names = async (ask: { names?: string[]; after?: string; limit: number }) =>
        (await datastores.list(scope, ask)).map(({ name }) => name).join("");
      assert.equal(await names({ limit: 2 }), "ab");
      assert.equal(await names({ limit: 2, after: "b" }), "c");
      assert.equal(await names({ limit: 9, names: ["c", "a", "x"] }), "ac");
      assert.equal(await names({ limit: 9, names: [] }), "");
    });

    it("are removed one by one or all, and a default that goes is none any more", async () => {
      const { datastores } = bench.records;
      const scope = freshScope();
      assert.equal(await datastores.defaultName(scope), undefined);
      assert.equal(await datastores.remove(scope, "a"), false);
      assert.equal(await datastores.remove(scope, undefined), false);
      for (const name of ["a", "b", "c"]) await datastores.create(made(scope, name), 1);
      await datastores.setDefault(scope, "a", 1);
      await datastores.setDefault(scope, "b", 1);
      assert.equal(await datastores.remove(scope, "a"), true);
      assert.equal(await datastores.defaultName(scope), "b");
      assert.equal(await datastores.remove(scope, "b"), true);
      assert.equal(await datastores.defaultName(scope), undefined);
      await datastores.setDefault(scope, "workspaceblobstore", 1);
      assert.equal(await datastores.remove(scope, undefined), true);
      assert.deepEqual(await datastores.list(scope, { limit: 9 }), []);
      assert.equal(await datastores.defaultName(scope), undefined);
    });
  });
}
