// Changing runs: lives guarded by version and lease, what users say merged and never lost.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Filter, isMalachiteError, type LaunchKey, type LaunchPlan } from "@malachite/core";
import { claimOne, create, entryOf, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const plan: LaunchPlan = {
  key: "key-1" as LaunchKey,
  target: { name: "local", kind: "process", pool: "p", options: {} },
  argv: ["python", "train.py"],
  environment: { A: "b" },
  folders: ["outputs"],
  nodes: 1,
};

const filterOn = (name: string, value: string): Filter => ({
  op: "eq",
  field: { of: "field", name },
  literal: { value },
});

export function runChangesSuite(bench: RecordsBench): void {
  describe("apply", () => {
    it("writes the life and its story, and raises the version", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = await create(runs, newRun(scope, "r"));
      const { lease } = await claimOne(runs, scope);
      const entries = [
        entryOf("claimed", "Starting", 5),
        { ...entryOf("x", "Starting", 6), cause: "c", detail: { a: [1] } },
      ];
      const life = withStatus(run, "Queued", {
        attempt: 1,
        key: plan.key,
        plan,
        release: "owed",
        startedAt: 77,
      });
      const after = await runs.apply(run, life, entries, lease);
      assert.deepEqual(after, { ...run, life, version: run.version + 1, changedAt: 6 });
      assert.deepEqual(await runs.get(scope, "r"), after);
      assert.deepEqual(await runs.story(scope, "r"), [entryOf("submitted"), ...entries]);
    });

    it("keeps a plan that the caller's record, from a list, does not have", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = await create(runs, newRun(scope, "r"));
      await runs.apply(
        run,
        withStatus(run, "Queued", { plan, release: "owed" }),
        [],
        (await claimOne(runs, scope)).lease,
      );
      const [listed] = (await runs.list({ scope, limit: 1 })).values;
      assert.ok(listed);
      assert.deepEqual([listed.definition, listed.sent, listed.life.plan], [undefined, undefined, undefined]);
      const after = await runs.apply(listed, withStatus(listed, "Running"), []);
      assert.deepEqual(after?.life.plan, plan);
      assert.deepEqual(after?.definition, run.definition);
    });

    it("is refused when the life has changed since, and then changes nothing", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = await create(runs, newRun(scope, "r"));
      const { lease } = await claimOne(runs, scope);
      const first = await runs.apply(run, withStatus(run, "Starting"), [entryOf("first")], lease);
      assert.equal(
        await runs.apply(run, withStatus(run, "Preparing"), [entryOf("second")], lease),
        undefined,
      );
      assert.deepEqual(await runs.get(scope, "r"), first);
      assert.equal((await runs.story(scope, "r")).length, 2);
      assert.equal(await runs.apply({ ...run, id: "nowhere" }, run.life, []), undefined);
    });

    it("lets one of many writers of a version win", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = await create(runs, newRun(scope, "r"));
      const other = await bench.data.another();
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          (i % 2 ? runs : other.runs).apply(run, withStatus(run, "Starting", { attempt: i }), [
            entryOf(`by ${i}`),
          ]),
        ),
      );
      await other.close();
      const winners = ends.filter((end) => end !== undefined);
      assert.equal(winners.length, 1);
      assert.deepEqual(await runs.get(scope, "r"), winners[0]);
      assert.equal((await runs.story(scope, "r")).length, 2);
    });

    it("is refused with a token that is no longer the lease's", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = await create(runs, newRun(scope, "r"));
      const { lease } = await claimOne(runs, scope, "slow", 100);
      const abandoned = await runs.claimAbandoned({
        owner: "quick",
        at: 200,
        until: 300,
        force: false,
        limit: 1_000,
      });
      const taken = abandoned.find((one) => one.run.scope.workspace === scope.workspace);
      assert.ok(taken);
      assert.equal(await runs.apply(run, withStatus(run, "Starting"), [], lease), undefined);
      assert.equal(
        await runs.apply(run, withStatus(run, "Starting"), [], { ...lease, token: "guessed" }),
        undefined,
      );
      assert.ok(await runs.apply(run, withStatus(run, "Starting"), [], taken.lease));
    });

    it("writes a wish to cancel by version alone, and the lease's holder learns of it", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      const { run, lease } = await claimOne(runs, scope);
      const running = await runs.apply(run, withStatus(run, "Running"), [], lease);
      assert.ok(running);
      const asked = await runs.apply(running, withStatus(running, "CancelRequested"), [
        entryOf("cancelAsked"),
      ]);
      assert.equal(asked?.life.status, "CancelRequested");
      assert.equal(await runs.apply(running, withStatus(running, "Finalizing"), [], lease), undefined);
      assert.ok(asked && (await runs.apply(asked, withStatus(asked, "Canceled"), [], lease)));
    });

    it("is not disturbed by what users say meanwhile, and does not undo it", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      const { run, lease } = await claimOne(runs, scope);
      await runs.describe(scope, "r", { tags: { said: "meanwhile" } }, 7);
      const after = await runs.apply(run, withStatus(run, "Starting"), [], lease);
      assert.deepEqual(after?.about.tags, { said: "meanwhile" });
      assert.equal(after?.version, 3);
    });
  });

  describe("describe", () => {
    it("merges maps, replaces all else, and leaves the life alone", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const about = {
        displayName: "old",
        description: "stays",
        tags: { a: "1", b: "2" },
        properties: { p: "1" },
        warnings: [],
      };
      const run = await create(runs, newRun(scope, "r", { about }));
      const warning = { source: "s", message: "m" };
      const change = {
        displayName: "new",
        hidden: true,
        tags: { b: "3", c: "4", __proto__x: "5" },
        removeTags: ["a", "c", "nowhere"],
        properties: { p: "1", q: "2" },
        addWarnings: [warning, warning],
      };
      const after = await runs.describe(scope, "r", change, 42);
      assert.deepEqual(after.about, {
        displayName: "new",
        description: "stays",
        hidden: true,
        tags: { b: "3", c: "4", __proto__x: "5" },
        properties: { p: "1", q: "2" },
        warnings: [warning],
      });
      assert.deepEqual([after.life, after.version, after.changedAt], [run.life, 2, 42]);
      assert.deepEqual(await runs.get(scope, "r"), after);
      assert.deepEqual((await runs.describe(scope, "r", { addWarnings: [warning] }, 43)).about.warnings, [
        warning,
      ]);
    });

    it("refuses another value for a property, and then changes nothing", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r", { about: { tags: {}, properties: { p: "1" }, warnings: [] } }));
      const before = await runs.get(scope, "r");
      await assert.rejects(
        runs.describe(scope, "r", { displayName: "x", properties: { q: "1", p: "2" } }, 1),
        (error) =>
          isMalachiteError(error) &&
          error.code === "PropertyImmutable" &&
          error.target === "properties.p" &&
          /'p'.*'1'.*'2'/.test(error.message),
      );
      assert.deepEqual(await runs.get(scope, "r"), before);
    });

    it("name the client's snapshot in place of the one that the service made of its project, once", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const made = { ContentSnapshotId: "11111111-2222-5333-8444-555555555555" };
      const client = { ContentSnapshotId: "11111111-2222-4333-8444-555555555555" };
      const other = { ContentSnapshotId: "11111111-2222-4333-8444-666666666666" };
      const created = await create(
        runs,
        newRun(scope, "r", { about: { tags: {}, properties: made, warnings: [] } }),
      );
      const changed = await runs.describe(scope, "r", { properties: client }, 1);
      assert.deepEqual(changed.about.properties, client);
      await assert.rejects(runs.describe(scope, "r", { properties: other }, 2), /cannot become/);
      assert.equal(changed.snapshotId, created.snapshotId);
    });

    it("loses none of many at once", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r"));
      const other = await bench.data.another();
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          (i % 2 ? runs : other.runs).describe(
            scope,
            "r",
            { tags: { [`t${i}`]: "v" }, properties: { [`p${i}`]: "v" } },
            i,
          ),
        ),
      );
      await other.close();
      const run = await runs.get(scope, "r");
      assert.equal(Object.keys(run?.about.tags ?? {}).length, 100);
      assert.equal(Object.keys(run?.about.properties ?? {}).length, 100);
      assert.equal(run?.version, 101);
    });

    it("replaces target and definition, and merges what is only kept", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r", { origin: "external" }));
      const kept = { primaryMetricName: "loss", parameters: { a: 1 } };
      await runs.describe(scope, "r", { target: "gpu", sent: { other: [1] }, kept }, 1);
      const after = await runs.describe(scope, "r", { kept: { parameters: { b: null } } }, 2);
      assert.deepEqual([after.target, after.sent], ["gpu", { other: [1] }]);
      assert.deepEqual(after.about.kept, { primaryMetricName: "loss", parameters: { b: null } });
      const { target: _, sent: __, kept: ___, ...about } = after.about as Record<string, unknown>;
      assert.deepEqual(about, { tags: {}, properties: {}, warnings: [] });
      const [listed] = (await runs.list({ scope, limit: 1, filter: filterOn("target", "gpu") })).values;
      assert.deepEqual(listed?.about.kept, after.about.kept);
    });

    it("throws RunNotFound for a run that is not there", async () => {
      const { runs } = bench.records;
      const isMissing = (error: unknown) => isMalachiteError(error) && error.code === "RunNotFound";
      await assert.rejects(runs.describe(freshScope(), "r", {}, 1), isMissing);
    });

    it("is seen by filters at once", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "r", { about: { tags: { k: "old" }, properties: {}, warnings: [] } }));
      const having = async (value: string) =>
        (
          await runs.list({
            scope,
            limit: 9,
            filter: { op: "eq", field: { of: "tags", key: "k" }, literal: { value } },
          })
        ).values.length;
      await runs.describe(scope, "r", { tags: { k: "new" } }, 1);
      assert.deepEqual([await having("old"), await having("new")], [0, 1]);
      await runs.describe(scope, "r", { removeTags: ["k"] }, 1);
      assert.equal(await having("new"), 0);
    });
  });
}
