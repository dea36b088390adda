// The line and the leases. Times are values here: nothing waits, and clocks may be wrong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LeasedRun, Scope } from "@malachite/core";
import { claimOne, create, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function runClaimsSuite(bench: RecordsBench): void {
  const ids = (claimed: readonly LeasedRun[]) => claimed.map(({ run }) => run.id);
  const queued = (scope: Scope, count: number, owner = "server-1", until = 1_000) =>
    bench.records.runs.claimQueued({ pool: scope.workspace, count, owner, at: 0, until });
  /** Abandoned runs of one workspace; those of other tests are left to them by their leases. */
  const abandoned = async (
    scope: Scope,
    at: number,
    more: { force?: boolean; until?: number; owner?: string } = {},
  ) => {
    const { runs } = bench.records;
    const all = await runs.claimAbandoned({
      owner: more.owner ?? "heir",
      at,
      until: more.until ?? 1e15,
      force: more.force ?? false,
      limit: 10_000,
    });
    return all.filter(({ run }) => run.scope.workspace === scope.workspace);
  };

  describe("claimQueued", () => {
    it("serves a pool in the order of submission, whatever the clocks said", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const [i, id] of ["first", "second", "third"].entries())
        await create(runs, newRun(scope, id, { createdAt: 1_000 - i }));
      await create(runs, newRun(scope, "elsewhere", { pool: "other pool" }));
      const second = await runs.get(scope, "second");
      assert.ok(second);
      assert.deepEqual(await runs.ahead(second), { count: 1 });
      assert.equal(await runs.waiting(scope.workspace), 3);
      const taken = await queued(scope, 2);
      assert.deepEqual(ids(taken), ["first", "second"]);
      assert.deepEqual(taken[1]?.run, second);
      assert.deepEqual([taken[0]?.lease.owner, taken[0]?.lease.until], ["server-1", 1_000]);
      assert.notEqual(taken[0]?.lease.token, taken[1]?.lease.token);
      assert.equal(await runs.ahead(second), undefined);
      assert.equal(await runs.waiting(scope.workspace), 1);
      assert.deepEqual(ids(await queued(scope, 5)), ["third"]);
      assert.deepEqual(await queued(scope, 5), []);
      assert.deepEqual(await queued(scope, 0), []);
    });

    it("gives each run to one of many claimers", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await Promise.all(Array.from({ length: 60 }, (_, i) => create(runs, newRun(scope, `r${i}`))));
      const other = await bench.data.another();
      const taken = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          (i % 2 ? runs : other.runs).claimQueued({
            pool: scope.workspace,
            count: 3,
            owner: `o${i}`,
            at: 0,
            until: 10,
          }),
        ),
      );
      await other.close();
      const all = taken.flat();
      assert.equal(all.length, 60);
      assert.equal(new Set(ids(all)).size, 60);
      assert.equal(new Set(all.map(({ lease }) => lease.token)).size, 60);
    });

    it("never takes external runs, nor runs that were canceled while they waited", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "external", { origin: "external" }));
      const waiting = await create(runs, newRun(scope, "canceled"));
      await runs.apply(waiting, withStatus(waiting, "Canceled"), []);
      assert.deepEqual(await queued(scope, 5), []);
      assert.deepEqual(await abandoned(scope, 1e12), []);
      assert.equal(await runs.waiting(scope.workspace), 0);
    });
  });

  describe("leases", () => {
    it("run out by the claimer's clock, and only then can be taken over", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      const { run, lease } = await claimOne(runs, scope, "server-1", 500);
      await runs.apply(run, withStatus(run, "Running"), [], lease);
      assert.deepEqual(await abandoned(scope, 499), []);
      const [taken] = await abandoned(scope, 500);
      assert.equal(taken?.run.life.status, "Running");
      assert.equal(taken?.lease.owner, "heir");
      assert.notEqual(taken?.lease.token, lease.token);
      assert.deepEqual(await abandoned(scope, 1_000), []);
      assert.deepEqual(await abandoned(scope, 0, { force: true }), [], "not from itself");
      assert.deepEqual(ids(await abandoned(scope, 0, { force: true, owner: "next" })), ["r"]);
    });

    it("are prolonged, never made shorter, and only those that are still held", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const id of ["a", "b"]) await create(runs, newRun(scope, id));
      const [a, b] = await queued(scope, 2, "server-1", 500);
      assert.ok(a && b);
      await runs.letGo(b.lease);
      assert.deepEqual(
        await runs.renew([a.lease.token, b.lease.token, "guessed"], 2_000),
        new Set([a.lease.token]),
      );
      assert.deepEqual(await runs.renew([a.lease.token], 1_000), new Set([a.lease.token]));
      assert.deepEqual(await abandoned(scope, 1_999), []);
      assert.deepEqual(await runs.renew([], 1), new Set());
      assert.deepEqual(ids(await abandoned(scope, 2_000)), ["a"]);
      assert.deepEqual(await runs.renew([a.lease.token], 9_000), new Set());
    });

    it("given back by a run that has not begun put it into the line again, at its old place", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const id of ["a", "b"]) await create(runs, newRun(scope, id));
      const { lease } = await claimOne(runs, scope);
      await runs.letGo(lease);
      await runs.letGo(lease);
      assert.deepEqual(await abandoned(scope, 0, { force: true }), []);
      assert.deepEqual(ids(await queued(scope, 5)), ["a", "b"]);
    });

    it("given back by a run at work leave it to the next who looks for abandoned ones", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      const { run, lease } = await claimOne(runs, scope);
      await runs.apply(run, withStatus(run, "Running"), [], lease);
      await runs.letGo(lease);
      assert.deepEqual(await queued(scope, 5), []);
      assert.deepEqual(ids(await abandoned(scope, 0)), ["r"]);
    });

    it("are taken over by one of many", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await Promise.all(Array.from({ length: 20 }, (_, i) => create(runs, newRun(scope, `r${i}`))));
      await queued(scope, 20, "dead", 10);
      const taken = await Promise.all(Array.from({ length: 8 }, () => abandoned(scope, 11)));
      assert.equal(taken.flat().length, 20);
      assert.equal(new Set(ids(taken.flat())).size, 20);
    });
  });

  describe("runs at work", () => {
    it("hold a slot of their pool from the claim to the end", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      await create(runs, newRun(scope, "waits"));
      const holding = async () => (await runs.holding(scope.workspace)).map(({ runId }) => runId);
      assert.deepEqual(await holding(), []);
      const { run, lease } = await claimOne(runs, scope);
      assert.deepEqual(await runs.holding(scope.workspace), [{ scope, runId: "r" }]);
      const running = await runs.apply(run, withStatus(run, "Running", { release: "owed" }), [], lease);
      assert.deepEqual(await holding(), ["r"]);
      assert.ok(running && (await runs.apply(running, withStatus(running, "Completed"), [], lease)));
      assert.deepEqual(await holding(), []);
    });

    it("stay claimable after their end until what they owe is paid", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      const { run, lease } = await claimOne(runs, scope);
      const ended = await runs.apply(run, withStatus(run, "Failed", { release: "owed" }), [], lease);
      assert.ok(ended);
      await runs.letGo(lease);
      const [taken] = await abandoned(scope, 0);
      assert.equal(taken?.run.id, "r");
      assert.ok(
        taken && (await runs.apply(taken.run, { ...taken.run.life, release: "paid" }, [], taken.lease)),
      );
      assert.deepEqual(await abandoned(scope, 0, { force: true }), []);
      await runs.letGo(taken.lease);
    });

    it("are all found again at boot, with their plans, in one question", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await Promise.all(Array.from({ length: 1_000 }, (_, i) => create(runs, newRun(scope, `r${i}`))));
      const taken = await queued(scope, 990, "dead", 1e15);
      await Promise.all(
        taken.slice(10).map(({ run, lease }) => runs.apply(run, withStatus(run, "Running"), [], lease)),
      );
      const { runs: booted } = await bench.data.reopen();
      const all = await booted.claimAbandoned({ owner: "new", at: 0, until: 1, force: true, limit: 10_000 });
      const found = all.filter(({ run }) => run.scope.workspace === scope.workspace);
      assert.equal(found.length, 990);
      assert.deepEqual(ids(found), ids(taken));
      assert.deepEqual(found[500]?.run.definition, newRun(scope, "x").definition);
      assert.equal(new Set(found.map(({ lease }) => lease.token)).size, 990);
      assert.equal(await booted.waiting(scope.workspace), 10);
      assert.equal(
        (await booted.claimAbandoned({ owner: "new", at: 2, until: 1e15, force: false, limit: 7 })).length,
        7,
      );
    });
  });
}
