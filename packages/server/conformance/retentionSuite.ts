// What every store of records must do when runs are to go: nothing that something refers to, all of what goes, and no id twice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectGarbage, isMalachiteError, type Scope } from "@malachite/core";
import fc from "fast-check";
import { create, entryOf, freshScope, newRun, type Records, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const BY = { name: "Ada", objectId: "object-1", tenantId: "tenant-1" };
const AT = 1_700_000_000_000;
const POLICY = { workspace: "*", experiment: "*", keepBytes: 0, unlessTag: [], onlyTag: [] };

export function retentionSuite(bench: RecordsBench): void {
  const external = (scope: Scope, id: string, more: object = {}) =>
    create(bench.records.runs, newRun(scope, id, { origin: "external", pool: undefined, ...more }));
  const end = async (scope: Scope, id: string) => {
    const run = await bench.records.runs.get(scope, id);
    if (run)
      await bench.records.runs.apply(run, withStatus(run, "Completed", { endedAt: AT }), [
        entryOf("succeeded"),
      ]);
  };
  const ended = async (scope: Scope, id: string, more: object = {}) => {
    const run = await external(scope, id, more);
    await end(scope, id);
    return run;
  };
  const remove = (scope: Scope, id: string, what: "run" | "files" = "run") =>
    bench.records.retention.remove(scope, id, what, AT);
  const version = (scope: Scope, runId: string | undefined, source?: string) =>
    bench.records.models.createVersion(
      scope,
      "net",
      {
        createdBy: BY,
        ...(runId === undefined ? {} : { runId }),
        ...(source === undefined ? {} : { source }),
      },
      AT,
      { makeModel: true },
    );

  describe("retention", () => {
    it("pages over the ended runs of a workspace, the newest first, with what is known of their files", async () => {
      const { retention, kept } = bench.records;
      const scope = freshScope();
      for (let i = 0; i < 5; i += 1)
        await ended(scope, `r${i}`, {
          createdAt: AT + i,
          about: { tags: { a: "b" }, properties: {}, warnings: [] },
        });
      await external(scope, "unfinished", { createdAt: AT + 9 });
      const changed = (await kept.uncounted(1000)).find(
        (one) => one.scope.workspace === scope.workspace && one.container === "dcid.r3",
      );
      assert.ok(changed);
      await kept.counted(changed, 77);
      const found = [];
      let after: string | undefined;
      do {
        const page = await retention.ended(scope, { limit: 2, ...(after === undefined ? {} : { after }) });
        found.push(...page.values);
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(
        found.map(({ runId, bytes }) => [runId, bytes]),
        [
          ["r4", undefined],
          ["r3", 77],
          ["r2", undefined],
          ["r1", undefined],
          ["r0", undefined],
        ],
      );
      assert.deepEqual(found[0]?.tags, { a: "b" });
      assert.equal(found[0]?.endedAt, AT);
    });

    it("removes all of a run, owes its files until they are gone, and never gives its id again", async () => {
      const { runs, retention, tables, experiments } = bench.records;
      const scope = freshScope();
      await ended(scope, "stays");
      await ended(scope, "goes", {
        createdAt: AT + 1,
        about: { tags: { t: "1" }, properties: { p: "1" }, warnings: [] },
      });
      assert.equal(await remove(scope, "goes"), undefined);
      assert.equal(await runs.get(scope, "goes"), undefined);
      assert.deepEqual(await runs.story(scope, "goes"), []);
      assert.equal((await runs.list({ scope, limit: 10 } as never)).values.length, 1);
      assert.equal((await experiments.byName(scope, "experiment"))?.latestRun?.id, "stays");
      const counts = await tables.count({ scope } as never);
      assert.match(JSON.stringify(counts), /1/);
      const [debt] = (await retention.owed(100)).filter((one) => one.scope.workspace === scope.workspace);
      assert.deepEqual(debt, { scope, runId: "goes", container: "dcid.goes", what: "run" });
      await assert.rejects(external(scope, "goes"), { code: "RunIdTaken" });
      await retention.paid(debt as NonNullable<typeof debt>, 1);
      assert.equal(
        (await retention.owed(100)).filter((one) => one.scope.workspace === scope.workspace).length,
        0,
      );
      await assert.rejects(external(scope, "goes"), { code: "RunIdTaken" });
      assert.equal(await remove(scope, "goes"), undefined, "gone already");
    });

    it("marks files as going, then as gone", async () => {
      const { retention } = bench.records;
      const scope = freshScope();
      await ended(scope, "r");
      assert.equal(await remove(scope, "r", "files"), undefined);
      const mine = async () =>
        (await retention.owed(100)).filter((one) => one.scope.workspace === scope.workspace);
      const [debt] = await mine();
      assert.deepEqual(debt, { scope, runId: "r", container: "dcid.r", what: "files" });
      await retention.paid(debt as NonNullable<typeof debt>, 5);
      assert.deepEqual(await mine(), []);
      assert.equal((await retention.ended(scope, { limit: 5 })).values[0]?.hasNoFiles, true);
    });

    it("keeps what something refers to, and says what", async () => {
      const { retention, runs } = bench.records;
      const scope = freshScope();
      await external(scope, "unfinished");
      assert.match((await remove(scope, "unfinished")) ?? "", /has not ended/);
      await ended(scope, "parent");
      await ended(scope, "child", { parentRunId: "parent" });
      assert.match((await remove(scope, "parent")) ?? "", /below/);
      assert.equal(await retention.keeper(scope, "parent", "run", 1), undefined);
      assert.equal(await remove(scope, "parent", "files"), undefined);
      await external(scope, "root");
      await ended(scope, "leaf", { parentRunId: "root" });
      assert.match((await remove(scope, "leaf")) ?? "", /top of its tree/);
      await ended(scope, "trained");
      await version(scope, "trained");
      assert.match((await remove(scope, "trained", "files")) ?? "", /registered model/);
      await ended(scope, "named_1");
      await ended(scope, "named_12");
      await version(scope, undefined, "azureml://artifacts/ExperimentRun/dcid.named_12/outputs");
      assert.match((await retention.keeper(scope, "named_12", "run", 0)) ?? "", /files/);
      const hosted = await create(
        runs,
        newRun(scope, "waits", { definition: { configuration: { arguments: ["dcid.data_1/x"] } } as never }),
      );
      await ended(scope, "data_1");
      assert.match((await remove(scope, "data_1")) ?? "", /names its files/);
      assert.match((await remove(scope, hosted.id)) ?? "", /not ended/);
    });

    it("gives a turn to one, again when it is over and time has passed, and to another when its holder is dead", async () => {
      const { retention } = bench.records;
      const name = `turn-${freshScope().workspace}`;
      const take = (owner: string, everyMs = 0, leaseMs = 60_000) =>
        retention.takeTurn(name, { owner, everyMs, leaseMs });
      assert.deepEqual(await Promise.all([take("a"), take("b"), take("c")]), [true, false, false]);
      assert.equal(await retention.keepTurn(name, { owner: "b", leaseMs: 1, more: true }), false);
      assert.equal(await retention.keepTurn(name, { owner: "a", leaseMs: 0, more: true }), true);
      assert.equal(await take("b"), true, "a is dead");
      assert.equal(await retention.keepTurn(name, { owner: "a", leaseMs: 1, more: false }), false);
      assert.equal(await retention.keepTurn(name, { owner: "b", leaseMs: 1, more: false }), true);
      assert.equal(await take("a", 3_600_000), false);
      assert.equal(await take("a"), true);
    });

    it("is done by two servers at the same time: each run and each file goes, and what stays is whole", async () => {
      const both = [bench.records, await bench.data.another()];
      const scope = freshScope();
      const files = new Map<string, number>();
      for (let i = 0; i < 40; i += 1) {
        await ended(scope, `r${i}`, { createdAt: AT + i });
        for (const path of ["a", "b"]) files.set(`dcid.r${i}/${path}`, 10);
      }
      await version(scope, "r7");
      for (const one of (await both[0]?.kept.uncounted(10_000)) ?? [])
        if (one.scope.workspace === scope.workspace) await both[1]?.kept.counted(one, 20);
      const collect = async ({ retention, kept }: Records) => {
        let gone = 0;
        for (let after: string | undefined, more = true; more; more = after !== undefined) {
          const page = await collectGarbage(
            { dryRun: false, limit: 7, ...(after === undefined ? {} : { after }) },
            {
              retention,
              workspaces: { list: async () => [{ ...scope, createdAt: 0 }] } as never,
              snapshots: {} as never,
              artifacts: {
                list: async (_: Scope, container: string) => ({
                  values: [...files]
                    .filter(([name]) => name.startsWith(`${container}/`))
                    .map(([name, sizeBytes]) => ({ path: name.slice(container.length + 1), sizeBytes })),
                  more: false,
                }),
              } as never,
              blobs: {
                remove: async ({ bucket, path }: { bucket: { container: string }; path: string }) =>
                  files.delete(`${bucket.container}/${path}`),
              } as never,
              metrics: { remove: async () => {} } as never,
              clock: { now: () => AT + 1_000 } as never,
              settings: { retention: () => [{ ...POLICY, remove: "run" as const }] } as never,
            },
          );
          gone += page.values.filter(({ keptBy }) => keptBy === undefined).length;
          after = page.next;
        }
        return { gone, left: (await kept.used(scope, { limit: 1 })).workspace.keptBytes };
      };
      const done = await Promise.all(both.map(collect));
      assert.ok(done.reduce((sum, { gone }) => sum + gone, 0) >= 39, JSON.stringify(done));
      assert.deepEqual([...files.keys()], ["dcid.r7/a", "dcid.r7/b"]);
      const rest = await bench.records.runs.list({ scope, limit: 100 } as never);
      assert.deepEqual(
        rest.values.map(({ id }) => id),
        ["r7"],
      );
      assert.equal((await bench.records.kept.used(scope, { limit: 1 })).workspace.keptBytes, 20);
      const owed = await bench.records.retention.owed(1000);
      assert.deepEqual(
        owed.filter((one) => one.scope.workspace === scope.workspace),
        [],
      );
    });

    it("never removes what is referred to, whatever happens at the same time", async () => {
      const { runs, retention } = bench.records;
      const id = fc.integer({ min: 0, max: 5 }).map((n) => `r${n}`);
      const anyAct = fc.oneof(
        fc.record({ act: fc.constant("make" as const), id, parent: fc.option(id, { nil: undefined }) }),
        fc.record({ act: fc.constant("end" as const), id }),
        fc.record({ act: fc.constant("register" as const), id }),
        fc.record({ act: fc.constant("run" as const), id }),
        fc.record({ act: fc.constant("files" as const), id }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(anyAct, { maxLength: 6 }), { maxLength: 10 }), async (rounds) => {
          const scope = freshScope();
          const references: { from: string; to: string }[] = [];
          const does = async (one: (typeof rounds)[number][number]) => {
            if (one.act === "make") {
              const parentRunId = one.parent === one.id ? undefined : one.parent;
              const there = parentRunId === undefined || (await runs.get(scope, parentRunId)) !== undefined;
              await external(scope, one.id, there && parentRunId !== undefined ? { parentRunId } : {});
            } else if (one.act === "end") await end(scope, one.id);
            else if (one.act === "register") {
              if (await runs.get(scope, one.id)) references.push({ from: "model", to: one.id });
              await version(scope, one.id);
            } else await remove(scope, one.id, one.act);
          };
          for (const round of rounds) {
            const before = references.length;
            const alive = new Set<string>();
            for (const to of references.map((one) => one.to)) if (await runs.get(scope, to)) alive.add(to);
            const done = await Promise.allSettled(round.map(does));
            for (const one of done)
              if (one.status === "rejected" && !isMalachiteError(one.reason)) throw one.reason;
            // What was referred to before the round and was there then is there now.
            for (const { to } of references.slice(0, before))
              if (alive.has(to))
                assert.ok(await runs.get(scope, to), `${to} is gone, and a model refers to it`);
          }
          const gone = new Set(
            (await retention.owed(1000))
              .filter((one) => one.scope.workspace === scope.workspace && one.what === "run")
              .map((one) => one.runId),
          );
          for (let n = 0; n < 6; n += 1) {
            const run = await runs.get(scope, `r${n}`);
            assert.ok(run === undefined || !gone.has(run.id), "it is gone, or it is there");
          }
        }),
        { numRuns: 25 },
      );
    });
  });
}
