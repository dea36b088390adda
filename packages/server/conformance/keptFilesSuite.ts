// What every store of records must do with the sums of what is kept: right after any death, and new runs and files are held to them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Quotas, Scope } from "@malachite/core";
import { create, entryOf, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const AT = 1_700_000_000_000;
const ME = "server-1";

export function keptFilesSuite(bench: RecordsBench): void {
  const withQuotas = (quotas: Quotas) => bench.data.holdTo(quotas);
  const of = (user: string) => ({ createdBy: { name: user, objectId: user, tenantId: "t" } });
  const external = (scope: Scope, id: string, user = "ann", more: object = {}) =>
    create(
      bench.records.runs,
      newRun(scope, id, { origin: "external", pool: undefined, ...of(user), ...more }),
    );
  const end = async (scope: Scope, id: string) => {
    const run = await bench.records.runs.get(scope, id);
    assert.ok(run);
    await bench.records.runs.apply(run, withStatus(run, "Completed", { endedAt: AT }), [
      entryOf("succeeded"),
    ]);
  };
  const begin = (scope: Scope, container: string, id = `${scope.workspace}-w`) =>
    bench.records.kept.begins(scope, container, { id, owner: ME });
  const write = async (scope: Scope, container: string, bytes: number, staged = false) => {
    const id = `${scope.workspace}-w`;
    const room = await begin(scope, container);
    await bench.records.kept.ends(scope, container, { id, owner: ME, bytes, staged });
    return room;
  };
  const uncounted = async (scope: Scope) =>
    (await bench.records.kept.uncounted(10_000)).filter((one) => one.scope.workspace === scope.workspace);
  const count = async (scope: Scope, bytes: number) => {
    for (const one of await uncounted(scope)) await bench.records.kept.counted(one, bytes);
  };
  const used = async (scope: Scope, user?: string) => {
    const page = await bench.records.kept.used(scope, { limit: 10, ...(user === undefined ? {} : { user }) });
    return [
      page.workspace.keptBytes,
      ...page.users.map(({ objectId, used: { keptBytes } }) => [objectId, keptBytes]),
    ];
  };

  describe("kept files", () => {
    it("hold what was counted and what came since, and nobody counts while somebody writes", async () => {
      const { kept } = withQuotas({});
      const scope = freshScope();
      await external(scope, "r");
      await write(scope, "dcid.r", 10);
      assert.deepEqual(await used(scope), [10, ["ann", 10]]);
      await count(scope, 7);
      assert.deepEqual(await used(scope), [7, ["ann", 7]], "counted is what is there");
      assert.deepEqual(await uncounted(scope), []);
      await write(scope, "dcid.r", 5);
      const [before] = await uncounted(scope);
      await write(scope, "dcid.r", 5);
      assert.ok(before);
      await kept.counted(before, 1);
      assert.deepEqual(await used(scope), [17, ["ann", 17]], "it was changed meanwhile");
      await begin(scope, "dcid.r", "open");
      assert.deepEqual(await uncounted(scope), []);
      await kept.endLost(ME, ["open"]);
      assert.deepEqual(await uncounted(scope), [], "it is under way");
      await kept.endLost("server-2", []);
      assert.equal((await uncounted(scope)).length, 1, "its server is gone");
      await count(scope, 20);
      assert.deepEqual(await used(scope), [20, ["ann", 20]]);
    });

    it("are to be counted when their run has ended, and count for nobody when they are gone", async () => {
      const { retention } = withQuotas({});
      const scope = freshScope();
      for (const [id, user] of [
        ["a", "ann"],
        ["b", "bob"],
      ] as const) {
        await external(scope, id, user);
        await end(scope, id);
      }
      assert.equal((await uncounted(scope)).length, 2);
      await count(scope, 100);
      await write(scope, "localupload/x", 3);
      await write(scope, "localupload/x", 4, true);
      assert.deepEqual(
        await used(scope),
        [207, ["ann", 100], ["bob", 100]],
        "what is no run's is the workspace's",
      );
      assert.deepEqual(await used(scope, "bob"), [207, ["bob", 100]]);
      for (const [id, what] of [
        ["a", "run"],
        ["b", "files"],
      ] as const) {
        await retention.remove(scope, id, what, AT);
        const removal = { scope, runId: id, container: `dcid.${id}`, what };
        await retention.paid(removal, 100);
        await retention.paid(removal, 100);
      }
      assert.deepEqual(await used(scope), [7]);
    });

    it("hold new runs to the quotas, and not what a run at work makes", async () => {
      withQuotas({ workspace: { keptBytes: 100 }, user: { keptBytes: 50 } });
      const scope = freshScope();
      const submit = (id: string, user: string) => create(bench.records.runs, newRun(scope, id, of(user)));
      await external(scope, "old");
      await external(scope, "works");
      await end(scope, "old");
      await count(scope, 49);
      assert.equal(await write(scope, "dcid.works", 0), undefined, "it may grow as it likes");
      await submit("ann-1", "ann");
      assert.equal((await begin(scope, "dcid.old"))?.left, 1);
      await write(scope, "dcid.old", 1);
      const refused = {
        code: "KeptBytesExceeded",
        message:
          /^'ann' in the workspace '.+' keeps 50 bytes .* may keep 50 \(quota user\.keptBytes\).*malachite gc/,
      };
      await assert.rejects(submit("ann-2", "ann"), refused);
      await assert.rejects(external(scope, "ann-3"), refused);
      await external(scope, "part", "ann", { parentRunId: "works" });
      await submit("bob-1", "bob");
      assert.equal(await write(scope, "dcid.works", 60), undefined);
      await assert.rejects(submit("bob-2", "bob"), { message: /^The workspace .* keeps 110 bytes/ });
      assert.equal((await begin(scope, "localupload/x"))?.left, -10);
    });
  });
}
