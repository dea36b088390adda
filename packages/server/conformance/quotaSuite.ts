// What every store of runs must do where quotas say how much is at work at once: such runs wait, and nobody else does because of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Capacity, type Needs, PLAIN_NEEDS, type Quotas, type Run, type Scope } from "@malachite/core";
import fc from "fast-check";
import { create, freshScope, newRun, type Records, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const ROOM: Capacity = { places: 100, nodes: 100, gpus: Array.from({ length: 100 }, (_, i) => i) };

export function quotaSuite(bench: RecordsBench): void {
  const waits = (
    { runs }: Records,
    scope: Scope,
    id: string,
    user = "ann",
    needs: Partial<Needs> = {},
    pool = scope.workspace,
  ): Promise<Run> =>
    create(
      runs,
      newRun(scope, id, {
        pool,
        createdBy: { name: user, objectId: user, tenantId: "t" },
        life: { status: "NotStarted", attempt: 0, needs: { ...PLAIN_NEEDS, ...needs } },
      }),
    );
  const claim = async ({ runs }: Records, pool: string, capacity: Capacity = ROOM) =>
    await runs.claimQueued({ pool, capacity, owner: "server-1", at: 0, until: 1_000 });
  const idsOf = (claimed: readonly { readonly run: Run }[]) => claimed.map(({ run }) => run.id);
  const withQuotas = async (quotas: Quotas) => bench.data.holdTo(quotas);
  const codes = async ({ runs }: Records, run: Run) =>
    (await runs.standing(run, ROOM))?.quotas?.map(({ of, name }) => `${of}.${name}`);

  describe("quotas of what is at work", () => {
    it("let a run wait that is one too many, and start it when one has ended", async () => {
      const records = await withQuotas({ user: { runningRuns: 2 } });
      const scope = freshScope();
      const made = [];
      for (let i = 0; i < 4; i += 1) made.push(await waits(records, scope, `ann-${i}`));
      await waits(records, scope, "bob-0", "bob");
      const claimed = await claim(records, scope.workspace);
      assert.deepEqual(idsOf(claimed), ["ann-0", "ann-1", "bob-0"]);
      assert.deepEqual(await codes(records, made[2] as Run), ["user.runningRuns"]);
      const page = await records.runs.queue({ scope, pool: scope.workspace, capacity: ROOM, limit: 10 });
      assert.match(page.values[0]?.summary ?? "", /quota user\.runningRuns/);
      const [first] = claimed;
      assert.ok(first);
      await records.runs.apply(first.run, withStatus(first.run, "Canceled"), [], first.lease);
      assert.deepEqual(idsOf(await claim(records, scope.workspace)), ["ann-2"]);
    });

    it("count all targets together, and of several claims at once no more than they say", async () => {
      const records = await withQuotas({ workspace: { runningRuns: 3 } });
      const other = await bench.data.another({ workspace: { runningRuns: 3 } });
      const scope = freshScope();
      for (let i = 0; i < 10; i += 1)
        await waits(records, scope, `r${i}`, `user-${i}`, {}, `${scope.workspace}-${i % 2}`);
      const claims = [records, other, records, other].map((one, i) =>
        claim(one, `${scope.workspace}-${i % 2}`),
      );
      assert.equal((await Promise.all(claims)).flat().length, 3);
    });

    it("count nodes and GPUs, keep what a run lacks for it, and let runs pass that lack nothing", async () => {
      const records = await withQuotas({ user: { nodes: 5, gpus: 3 } });
      const scope = freshScope();
      const wide = { nodes: 2, gpus: 2 };
      for (const id of ["a", "b"]) await waits(records, scope, id, "ann", wide);
      await waits(records, scope, "one-gpu", "ann", { gpus: 1 });
      await waits(records, scope, "no-gpu", "ann");
      await waits(records, scope, "of-engine", "ann", { engineGpus: 1 });
      await waits(records, scope, "bob", "bob", wide);
      assert.deepEqual(idsOf(await claim(records, scope.workspace)), ["a", "no-gpu", "bob"]);
    });

    it("refuse what no quota would ever let start", async () => {
      const records = await withQuotas({ workspace: { nodes: 4 }, user: { gpus: 1 } });
      const scope = freshScope();
      await assert.rejects(waits(records, scope, "wide", "ann", { nodes: 5 }), {
        code: "QuotaTooSmall",
        message: /needs 5 nodes, and the workspace '.+' may have 4 .*quota workspace\.nodes/,
      });
      await assert.rejects(waits(records, scope, "gpus", "ann", { engineGpus: 2 }), {
        code: "QuotaTooSmall",
      });
    });

    it("tell a run that waits since before a quota was lowered, and hold nobody up for it", async () => {
      await withQuotas({});
      const scope = freshScope();
      const big = await waits(bench.records, scope, "big", "ann", { nodes: 4 });
      await waits(bench.records, scope, "small", "ann");
      const records = await withQuotas({ user: { nodes: 2 } });
      assert.deepEqual(idsOf(await claim(records, scope.workspace)), ["small"]);
      assert.deepEqual(await codes(records, big), ["user.nodes"]);
    });

    it("hold nobody up behind ten pages of runs of one user", async () => {
      const records = await withQuotas({ user: { runningRuns: 1 } });
      const scope = freshScope();
      await Promise.all(Array.from({ length: 1_000 }, (_, i) => waits(records, scope, `ann-${i}`)));
      await waits(records, scope, "bob-0", "bob");
      assert.equal((await claim(records, scope.workspace, { places: 5 })).length, 2);
    });

    it("are never exceeded, and leave nothing free that somebody may take, in any line", async () => {
      const records = await withQuotas({
        workspace: { runningRuns: 6, gpus: 4 },
        user: { runningRuns: 3, nodes: 4 },
      });
      const anyRun = fc.record({
        user: fc.constantFrom("a", "b", "c"),
        nodes: fc.integer({ min: 1, max: 4 }),
        gpus: fc.integer({ min: 0, max: 2 }),
        priority: fc.integer({ min: 0, max: 1 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(anyRun, { minLength: 1, maxLength: 14 }), async (line) => {
          const scope = freshScope();
          const made = new Map<string, (typeof line)[number]>();
          for (const [i, { user, ...needs }] of line.entries()) {
            await waits(records, scope, `r${i}`, user, needs);
            made.set(`r${i}`, line[i] as (typeof line)[number]);
          }
          const started = idsOf(await claim(records, scope.workspace)).map((id) => made.get(id));
          const sum = (what: "nodes" | "gpus", user?: string) =>
            started.reduce(
              (all, one) => all + (user === undefined || one?.user === user ? (one?.[what] ?? 0) : 0),
              0,
            );
          assert.ok(started.length <= 6 && sum("gpus") <= 4);
          for (const user of ["a", "b", "c"]) {
            assert.ok(started.filter((one) => one?.user === user).length <= 3 && sum("nodes", user) <= 4);
          }
          // The first of each user in the line starts unless the workspace lacks something for it.
          const [head] = [...line].sort((x, y) => y.priority - x.priority);
          assert.ok(started.includes(head));
        }),
        { numRuns: 40 },
      );
    });
  });
}
