// The line and the leases. Times are values here: nothing waits, and clocks may be wrong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Capacity,
  type LeasedRun,
  type Needs,
  PLAIN_NEEDS,
  type Run,
  type Scope,
} from "@malachite/core";
import fc from "fast-check";
import {
  anyLine,
  checkStanding,
  KEPT_BEHIND_THE_LAST,
  NODES_KEPT_FOR_WHO_LACKS_A_GPU_TOO,
  startsOf,
} from "./anyLine.ts";
import { claimOne, create, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function runClaimsSuite(bench: RecordsBench): void {
  const ids = (claimed: readonly LeasedRun[]) => claimed.map(({ run }) => run.id);
  const claim = (scope: Scope, capacity: Capacity, owner = "server-1", until = 1_000) =>
    bench.records.runs.claimQueued({ pool: scope.workspace, capacity, owner, at: 0, until });
  /** As many as that, besides those at work. */
  const queued = async (scope: Scope, count: number, owner?: string, until?: number) => {
    const { length } = await bench.records.runs.holding(scope.workspace);
    return claim(scope, { places: length + count }, owner, until);
  };
  const ahead = async (run: Run) => (await bench.records.runs.standing(run, { places: 0 }))?.ahead;
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
      assert.equal(await ahead(second), 1);
      assert.equal(await runs.waiting(scope.workspace), 3);
      const taken = await queued(scope, 2);
      assert.deepEqual(ids(taken), ["first", "second"]);
      assert.deepEqual(taken[1]?.run, second);
      assert.deepEqual([taken[0]?.lease.owner, taken[0]?.lease.until], ["server-1", 1_000]);
      assert.notEqual(taken[0]?.lease.token, taken[1]?.lease.token);
      assert.equal(await ahead(second), undefined);
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
            capacity: { places: 3 * (i + 1) },
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

  describe("the line", () => {
    const waits = (scope: Scope, id: string, needs: Partial<Needs>) =>
      create(
        bench.records.runs,
        newRun(scope, id, {
          life: { status: "NotStarted", attempt: 0, needs: { ...PLAIN_NEEDS, ...needs } },
        }),
      );
    const given = (claimed: readonly LeasedRun[]) => claimed.map(({ run, gpus }) => [run.id, gpus]);

    it("serves a higher priority first, and those of the same in their order", async () => {
      const scope = freshScope();
      for (const [id, priority] of Object.entries({ a: 0, b: 5, c: -3, d: 5 }))
        await waits(scope, id, { priority });
      assert.deepEqual(ids(await claim(scope, { places: 3 })), ["b", "d", "a"]);
      await waits(scope, "e", { priority: 1000 });
      assert.deepEqual(ids(await claim(scope, { places: 5 })), ["e", "c"]);
    });

    it("gives each run GPUs of its own, by number, and takes them back at its end", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const [id, gpus] of Object.entries({ two: 2, none: 0, one: 1, more: 1 }))
        await waits(scope, id, { gpus });
      const capacity = { places: 10, gpus: [7, 3, 5] };
      const claimed = await claim(scope, capacity);
      assert.deepEqual(given(claimed), [
        ["two", [3, 5]],
        ["none", []],
        ["one", [7]],
      ]);
      assert.deepEqual(
        (await runs.holding(scope.workspace)).map(({ runId, gpus }) => [runId, gpus]),
        [
          ["two", [3, 5]],
          ["none", []],
          ["one", [7]],
        ],
      );
      const [two] = claimed;
      assert.ok(two);
      const running = await runs.apply(two.run, withStatus(two.run, "Running"), [], two.lease);
      assert.deepEqual(await claim(scope, capacity), []);
      assert.ok(running && (await runs.apply(running, withStatus(running, "Completed"), [], two.lease)));
      assert.deepEqual(given(await claim(scope, capacity)), [["more", [3]]]);
    });

    it("knows after a restart who holds which GPUs, also where a run has not begun", async () => {
      const scope = freshScope();
      for (const id of ["a", "b", "c"]) await waits(scope, id, { gpus: 1 });
      const capacity = { places: 10, gpus: [0, 1] };
      const [a, b] = await claim(scope, capacity, "dead");
      assert.ok(a && b);
      await bench.records.runs.apply(a.run, withStatus(a.run, "Running"), [], a.lease);
      const found = await abandoned(scope, 0, { force: true });
      assert.deepEqual(given(found), [
        ["a", [0]],
        ["b", [1]],
      ]);
      assert.deepEqual(await claim(scope, capacity), []);
      await bench.records.runs.letGo(found[1]?.lease ?? b.lease);
      assert.deepEqual(given(await claim(scope, capacity)), [["b", [1]]]);
    });

    it("gives no GPUs where nobody counts them, and leaves out who needs more than there is", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const big = await waits(scope, "big", { gpus: 3, priority: 9 });
      const wide = await waits(scope, "wide", { nodes: 3, priority: 9 });
      await waits(scope, "small", { nodes: 2 });
      const small = { places: 4, nodes: 2, gpus: [0, 1] };
      for (const run of [big, wide]) {
        const standing = await runs.standing(run, small);
        assert.deepEqual([standing?.fits, standing?.lacks], [false, []]);
      }
      assert.deepEqual(ids(await claim(scope, small)), ["small"]);
      assert.deepEqual(given(await claim(scope, { places: 9, nodes: 9 })), [["wide", undefined]]);
    });

    it("keeps what a run lacks for it, and lets others pass where it lacks nothing", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await waits(scope, "holder", { gpus: 1 });
      const capacity = { places: 3, gpus: [0, 1] };
      assert.deepEqual(ids(await claim(scope, capacity)), ["holder"]);
      const both = await waits(scope, "both", { gpus: 2 });
      const one = await waits(scope, "one", { gpus: 1 });
      await waits(scope, "cpu", {});
      assert.deepEqual(ids(await claim(scope, capacity)), ["cpu"]);
      const standing = async (run: Run) => {
        const { lacks, free, ahead: count, aheadForGpus } = (await runs.standing(run, capacity)) ?? {};
        return { lacks, free, count, aheadForGpus };
      };
      const free = { places: 1, gpus: 1 };
      assert.deepEqual(await standing(both), { lacks: ["gpus"], free, count: 0, aheadForGpus: 0 });
      assert.deepEqual(await standing(one), { lacks: ["gpus"], free, count: 1, aheadForGpus: 1 });
    });

    it("is read in pages where there are very many places", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const count = 2_300;
      await Promise.all(
        Array.from({ length: count }, (_, i) => waits(scope, `r${i}`, { gpus: i % 2, priority: i % 3 })),
      );
      const capacity = { places: count + 1, gpus: Array.from({ length: 200 }, (_, i) => i) };
      const claimed = await claim(scope, capacity);
      assert.equal(claimed.length, count / 2 + 200);
      assert.equal(new Set(claimed.flatMap(({ gpus }) => gpus ?? [])).size, 200);
      assert.equal(await runs.waiting(scope.workspace), count / 2 - 200);
    });

    it("is explained as it is served: a comparison with the plain rule, on any line", async () => {
      const { runs } = bench.records;
      await fc.assert(
        fc.asyncProperty(anyLine, async ({ capacity, holders, waiting }) => {
          const scope = freshScope();
          // Those at work came by claims of their own, in a pool that was large enough for all of them.
          for (const [i, needs] of holders.entries()) {
            await waits(scope, `holder-${i}`, needs);
            await claim(scope, { places: 99, nodes: 99, ...(capacity.gpus ? { gpus: capacity.gpus } : {}) });
          }
          const line: (Needs & { run: Run })[] = [];
          for (const [i, needs] of waiting.entries())
            line.push({ ...needs, run: await waits(scope, `waiting-${i}`, needs) });
          const before = await runs.holding(scope.workspace);
          const world = { capacity, holders: before, line };
          for (const one of line) checkStanding(world, one, await runs.standing(one.run, capacity));
          const claimed = await claim(scope, capacity);
          assert.deepEqual(
            ids(claimed),
            startsOf(world).map(({ run }) => run.id),
          );
          const taken = [...before, ...(await runs.holding(scope.workspace)).slice(before.length)];
          const gpus = taken.flatMap((holder) => holder.gpus);
          assert.equal(new Set(gpus).size, gpus.length, "a GPU has two owners");
          for (const { run, gpus: own } of claimed) {
            const needed = line.find((one) => one.run.id === run.id)?.gpus;
            assert.equal(own?.length, capacity.gpus === undefined ? undefined : needed);
          }
        }),
        { numRuns: 60, examples: [[KEPT_BEHIND_THE_LAST], [NODES_KEPT_FOR_WHO_LACKS_A_GPU_TOO]] },
      );
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
        new Map([[a.lease.token, a.run.version]]),
      );
      await runs.describe(scope, "a", { displayName: "A" }, 1);
      const { life } = a.run;
      assert.deepEqual(
        await runs.renew([a.lease.token], 1_000),
        new Map([[a.lease.token, a.run.version]]),
        "what users say of it is no change of its life",
      );
      const after = await runs.apply(a.run, life, [], a.lease);
      assert.deepEqual(await runs.renew([a.lease.token], 1_000), new Map([[a.lease.token, after?.version]]));
      assert.deepEqual(await abandoned(scope, 1_999), []);
      assert.deepEqual(await runs.renew([], 1), new Map());
      assert.deepEqual(ids(await abandoned(scope, 2_000)), ["a"]);
      assert.deepEqual(await runs.renew([a.lease.token], 9_000), new Map());
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
      assert.deepEqual(await runs.holding(scope.workspace), [{ scope, runId: "r", nodes: 1, gpus: [] }]);
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
