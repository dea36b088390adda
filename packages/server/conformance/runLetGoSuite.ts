// Runs that an operator has let go of: they hold nothing, nobody claims them, and they are found by whoever frees what they have left.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LeasedRun, Scope } from "@malachite/core";
import { create, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

/** Later than any lease of these tests. */
const LATE = 2_000;

export function runLetGoSuite(bench: RecordsBench): void {
  const claimed = async (scope: Scope, machine?: string): Promise<LeasedRun> => {
    const { runs } = bench.records;
    await create(runs, newRun(scope, "r"));
    const capacity = { places: 1, ...(machine === undefined ? {} : { machine }) };
    const ask = { pool: scope.workspace, capacity, owner: "gone", at: 0, until: 1_000 };
    const [taken] = await runs.claimQueued(ask);
    assert.ok(taken);
    return taken;
  };
  /** Written without the lease, as an operator's order is. */
  const letGo = async ({ run, lease }: LeasedRun) => {
    const { runs } = bench.records;
    const running = await runs.apply(run, withStatus(run, "Running", { release: "owed" }), [], lease);
    assert.ok(running);
    const closed = await runs.apply(running, withStatus(running, "Canceled", { release: "letGo" }), []);
    assert.ok(closed);
    return closed;
  };
  const found = async (scope: Scope, at: number, machine?: string) => {
    const ask = { at, limit: 1000, ...(machine === undefined ? {} : { machine }) };
    const all = await bench.records.runs.letGoOf(ask);
    return all.filter((one) => one.scope.workspace === scope.workspace).map(({ id }) => id);
  };

  describe("runs that were let go of", () => {
    it("hold nothing, are claimed by nobody, and are found once nobody holds them", async () => {
      const { runs, kept } = bench.records;
      const scope = freshScope();
      const taken = await claimed(scope);
      const closed = await letGo(taken);
      assert.deepEqual(await runs.holding(scope.workspace), []);
      assert.equal((await runs.poolsAtWork()).includes(scope.workspace), false);
      assert.equal((await runs.inHand()).filter((one) => one.scope.workspace === scope.workspace).length, 0);
      assert.equal((await runs.census()).filter(({ pool }) => pool === scope.workspace).length, 0);
      const { workspace } = await kept.used(scope, { limit: 10 });
      assert.deepEqual([workspace.unfinishedRuns, workspace.runningRuns, workspace.nodes], [0, 0, 0]);
      const heir = { owner: "heir", at: LATE, until: 3_000, force: true, limit: 10_000 };
      const heirs = await runs.claimAbandoned(heir);
      assert.equal(heirs.filter(({ run }) => run.scope.workspace === scope.workspace).length, 0);
      // Its holder still sees that something has changed, and whoever frees it waits until then.
      assert.equal((await runs.renew([taken.lease.token], 1_000)).get(taken.lease.token), closed.version);
      assert.deepEqual([await found(scope, 999), await found(scope, LATE)], [[], ["r"]]);
      await runs.letGo(taken.lease);
      assert.deepEqual(await found(scope, 0), ["r"]);
      assert.ok(await runs.apply(closed, { ...closed.life, release: "paid" }, []));
      assert.deepEqual(await found(scope, LATE), []);
    });

    it("are for the servers of their machine, where they are bound to one", async () => {
      const scope = freshScope();
      await letGo(await claimed(scope, "one"));
      assert.deepEqual(await found(scope, LATE, "two"), []);
      assert.deepEqual(await found(scope, LATE, "one"), ["r"]);
      assert.deepEqual(await found(scope, LATE), ["r"]);
    });

    it("are not kept by retention for the sake of a machine that may never come back", async () => {
      const { runs, retention } = bench.records;
      const scope = freshScope();
      await letGo(await claimed(scope));
      assert.equal(await retention.remove(scope, "r", "run", LATE), undefined);
      assert.equal(await runs.get(scope, "r"), undefined);
      assert.deepEqual(await found(scope, LATE), []);
    });
  });
}
