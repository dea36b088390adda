// What every store of runs must tell of its lines to people: who is at work, who waits in which order and for what, and how many.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Capacity,
  type Life,
  type Needs,
  PLAIN_NEEDS,
  type QueuePage,
  type Run,
  type Scope,
} from "@malachite/core";
import fc from "fast-check";
import { anyLine, KEPT_BEHIND_THE_LAST, NODES_KEPT_FOR_WHO_LACKS_A_GPU_TOO } from "./anyLine.ts";
import { create, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function runQueueSuite(bench: RecordsBench): void {
  /** A run that waits; its pool is the name of the first workspace that it is told. */
  const waits = (
    scope: Scope,
    id: string,
    needs: Partial<Needs> = {},
    pool = scope.workspace,
  ): Promise<Run> =>
    create(
      bench.records.runs,
      newRun(scope, id, {
        pool,
        life: { status: "NotStarted", attempt: 0, needs: { ...PLAIN_NEEDS, ...needs } },
      }),
    );
  const claim = (pool: string, capacity: Capacity) =>
    bench.records.runs.claimQueued({ pool, capacity, owner: "server-1", at: 0, until: 1_000 });

  async function pages(scope: Scope, capacity: Capacity, limit: number, pool = scope.workspace) {
    const found: QueuePage[] = [];
    let after: string | undefined;
    do {
      const page = await bench.records.runs.queue({
        ...{ scope, pool, capacity, limit },
        ...(after === undefined ? {} : { after }),
      });
      found.push(page);
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  describe("runs in hand", () => {
    it("are those that were claimed, until their targets are freed, with their attempts", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await waits(scope, "first");
      await waits(scope, "second");
      const own = async () => (await runs.inHand()).filter((one) => one.scope.workspace === scope.workspace);
      assert.deepEqual(await own(), []);
      const [claimed] = await claim(scope.workspace, { places: 1 });
      assert.ok(claimed);
      const { run, lease } = claimed;
      const apply = (before: Run, life: Partial<Life>) =>
        runs.apply(before, { ...before.life, ...life }, [], lease);
      const worked = await apply(run, { status: "Running", attempt: 2 });
      assert.ok(worked);
      assert.deepEqual(await own(), [{ scope, id: "first", attempt: 2 }]);
      const ended = await apply(worked, { status: "Failed", release: "owed" });
      assert.ok(ended);
      assert.deepEqual(await own(), [{ scope, id: "first", attempt: 2 }]);
      await apply(ended, { release: "paid" });
      assert.deepEqual(await own(), []);
    });
  });

  describe("the census", () => {
    it("counts runs that wait and runs at work, with the oldest, and none that has ended", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const pool = scope.workspace;
      const made = [await waits(scope, "first"), await waits(scope, "second"), await waits(scope, "third")];
      await waits(freshScope(), "elsewhere", {}, pool);
      const [claimed] = await claim(pool, { places: 1 });
      assert.ok(claimed);
      const own = async () =>
        (await runs.census())
          .filter((row) => row.pool === pool)
          .toSorted((a, b) => a.status.localeCompare(b.status));
      const oldestAt = made[0]?.createdAt ?? 0;
      const target = made[0]?.target;
      // Claimed and not begun is NotStarted still.
      assert.deepEqual(await own(), [{ pool, target, status: "NotStarted", runs: 4, oldestAt }]);
      await runs.apply(claimed.run, { ...claimed.run.life, status: "Running" }, [], claimed.lease);
      assert.deepEqual(
        (await own()).map(({ status, runs: count }) => [status, count]),
        [
          ["NotStarted", 3],
          ["Running", 1],
        ],
      );
    });
  });

  describe("the queue", () => {
    it("says of every run what its standing says, on any line and in pages of any size", async () => {
      await fc.assert(
        fc.asyncProperty(
          anyLine,
          fc.integer({ min: 1, max: 4 }),
          async ({ capacity, holders, waiting }, limit) => {
            const scope = freshScope();
            for (const [i, needs] of holders.entries()) {
              await waits(scope, `holder-${i}`, needs);
              await claim(scope.workspace, {
                places: 99,
                nodes: 99,
                ...(capacity.gpus ? { gpus: capacity.gpus } : {}),
              });
            }
            const line: Run[] = [];
            for (const [i, needs] of waiting.entries()) line.push(await waits(scope, `waiting-${i}`, needs));
            const found = await pages(scope, capacity, limit);
            const values = found.flatMap((page) => page.values);
            assert.equal(values.length, line.length);
            assert.equal(found[0]?.waiting, line.length);
            for (const one of values) {
              const run = line.find(({ id }) => id === one.runId);
              const standing = run && (await bench.records.runs.standing(run, capacity));
              assert.ok(standing, one.runId);
              assert.equal(one.position, standing.fits ? standing.ahead + 1 : undefined, one.runId);
              assert.equal(
                one.summary === "About to start.",
                standing.fits && standing.lacks.length === 0,
                one.summary,
              );
              for (const [resource, words] of [
                ["places", "a place"],
                ["nodes", " node"],
                ["gpus", " GPU"],
              ] as const)
                if (standing.fits)
                  assert.equal(one.summary.includes(words), standing.lacks.includes(resource), one.summary);
            }
            const order = values.map(({ runId, priority }) => [
              priority,
              line.findIndex(({ id }) => id === runId),
            ]);
            assert.deepEqual(
              order,
              order.toSorted(([a = 0, i = 0], [b = 0, j = 0]) => b - a || i - j),
            );
          },
        ),
        {
          numRuns: 40,
          examples: [
            [KEPT_BEHIND_THE_LAST, 1],
            [NODES_KEPT_FOR_WHO_LACKS_A_GPU_TOO, 2],
          ],
        },
      );
    });

    it("names those at work, what they have and since when, and counts those of other workspaces", async () => {
      const { runs } = bench.records;
      const [scope, other] = [freshScope(), freshScope()];
      const pool = scope.workspace;
      await waits(scope, "mine", { gpus: 1 }, pool);
      await waits(other, "theirs", { nodes: 2, gpus: 1 }, pool);
      const capacity = { places: 3, nodes: 5, gpus: [3, 4, 7] };
      for (const { run, lease } of await claim(pool, capacity)) {
        const claimed = { at: 1234, event: "claimed", status: "Starting", actor: "server-1" } as const;
        await runs.apply(run, withStatus(run, "Running"), [claimed], lease);
      }
      for (const id of ["a", "b"]) await waits(scope, id, {}, pool);
      await waits(other, "c", { priority: 9, gpus: 5 }, pool);
      await waits(other, "d", { priority: 9, nodes: 2, gpus: 1 }, pool);
      const [page, ...more] = await pages(scope, capacity, 10, pool);
      assert.deepEqual(more, []);
      assert.ok(page);
      assert.deepEqual(page.holders, [
        {
          runId: "mine",
          experimentName: "experiment",
          target: "local",
          status: "Running",
          nodes: 1,
          gpus: [3],
          since: 1234,
        },
      ]);
      assert.deepEqual(page.elsewhere, { holders: 1, nodes: 2, gpus: [4], waiting: 2 });
      assert.deepEqual(page.free, { places: 1, nodes: 2, gpus: [7] });
      assert.equal(page.waiting, 2);
      assert.deepEqual(
        page.values.map(({ runId, position, summary }) => [runId, position, summary]),
        [
          ["a", 2, "Waits for a place and 1 node (0 free); 1 run before it."],
          ["b", 3, "Waits for a place and 1 node (0 free); 2 runs before it."],
        ],
      );
      const theirs = (await pages(other, capacity, 10, pool))[0];
      assert.deepEqual(
        theirs?.values.map(({ runId, position, summary }) => [runId, position, summary]),
        [
          ["c", undefined, "Needs more than there is: 5 GPUs of 3."],
          ["d", 1, "About to start."],
        ],
      );
      assert.deepEqual((await pages(freshScope(), capacity, 10, "no such pool"))[0]?.values, []);
      await assert.rejects(runs.queue({ scope, pool, capacity, limit: 1, after: "x" }), {
        code: "BadContinuationToken",
      });
    });
  });

  describe("the runs below one", () => {
    it("are counted by status, those right below and those of every level", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = (id: string, parentRunId?: string, status: "Running" | "Completed" = "Running") =>
        create(
          runs,
          newRun(scope, id, {
            origin: "external",
            ...(parentRunId === undefined ? {} : { parentRunId }),
            life: { status, attempt: 0 },
          }),
        );
      await run("top");
      await run("left", "top");
      await run("right", "top", "Completed");
      await run("leaf", "left");
      await run("other");
      assert.deepEqual(
        await runs.childCounts(scope, ["top", "left", "leaf", "none", "top"]),
        new Map([
          ["left", { Running: 1 }],
          ["top", { Completed: 1, Running: 1 }],
        ]),
      );
      assert.deepEqual(await runs.countBelow(scope, "top"), {
        levels: [{ Completed: 1, Running: 1 }, { Running: 1 }],
        more: false,
      });
      assert.deepEqual(await runs.countBelow(scope, "other"), { levels: [], more: false });
      assert.deepEqual(await runs.countBelow(freshScope(), "top"), { levels: [], more: false });
    });
  });
}
