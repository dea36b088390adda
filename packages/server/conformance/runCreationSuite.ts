// Making runs: once for each id, numbered, under their parents, and all of them still there after the store is opened again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { create, entryOf, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function runCreationSuite(bench: RecordsBench): void {
  describe("create", () => {
    it("answers and keeps all that was given", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const run = newRun(scope, "whole", {
        createdAt: 1_700_000_000_123,
        about: {
          name: "n",
          displayName: "naïve \u{1F600}",
          description: "d",
          hidden: true,
          runType: "t",
          runTypeV2: { orchestrator: "Execution", traits: [] },
          scriptName: "train.py",
          createdFrom: { type: "Notebook" },
          cancelUri: "c",
          diagnosticsUri: "u",
          heartbeatEnabled: false,
          tags: { 'odd key \'with "quotes"': "v", empty: "", nul: "a\u0000b", half: "\ud800" },
          properties: Object.fromEntries([
            ["__proto__", "p"],
            ["constructor", "c"],
            ["long", "x".repeat(100_000)],
          ]),
          warnings: [{ source: "s", message: "m" }],
          error: { error: { code: "UserError" } },
        },
      });
      const { run: made, created } = await runs.create(run, entryOf("submitted"));
      assert.equal(created, true);
      const { experimentId, ...rest } = made;
      assert.match(experimentId, /^[0-9a-f-]{36}$/);
      const expected = { ...run, number: 1, rootRunId: "whole", version: 1, changedAt: 1_700_000_000_123 };
      assert.deepEqual(rest, expected);
      assert.deepEqual(await runs.get(scope, "whole"), made);
      assert.ok(Object.hasOwn((await runs.get(scope, "whole"))?.about.properties ?? {}, "__proto__"));
      assert.deepEqual(await runs.story(scope, "whole"), [entryOf("submitted")]);
    });

    it("answers the same submission with the run that is there, however late it comes again", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const first = await create(runs, newRun(scope, "again"));
      const [claimed] = await runs.claimQueued({
        pool: scope.workspace,
        capacity: { places: 1 },
        owner: "o",
        at: 0,
        until: 9,
      });
      assert.ok(claimed);
      const running = await runs.apply(
        first,
        { status: "Running", attempt: 1 },
        [entryOf("started", "Running")],
        claimed.lease,
      );
      const second = await runs.create(newRun(scope, "again", { createdAt: 5 }), entryOf("submitted"));
      assert.deepEqual(second, { run: running, created: false });
      assert.equal((await runs.story(scope, "again")).length, 2);
    });

    it("refuses an id that another submission has, and changes nothing", async () => {
      const { runs, experiments } = bench.records;
      const scope = freshScope();
      const first = await create(runs, newRun(scope, "taken"));
      const isTaken = (error: unknown) =>
        isMalachiteError(error) && error.code === "RunIdTaken" && error.target === "runId";
      const other = newRun(scope, "taken", { fingerprint: "other", experimentName: "never made" });
      await assert.rejects(runs.create(other, entryOf("submitted")), isTaken);
      await assert.rejects(
        runs.create(newRun(scope, "taken", { fingerprint: undefined }), entryOf("x")),
        isTaken,
      );
      await create(runs, newRun(scope, "bare", { fingerprint: undefined }));
      await assert.rejects(
        runs.create(newRun(scope, "bare", { fingerprint: undefined }), entryOf("x")),
        isTaken,
      );
      assert.deepEqual(await runs.get(scope, "taken"), first);
      assert.equal(await experiments.byName(scope, "never made"), undefined);
      assert.equal((await runs.story(scope, "taken")).length, 1);
    });

    it("makes one run of fifty submissions of one id at once", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const submit = (i: number) =>
        runs.create(
          newRun(scope, "one", { fingerprint: i % 2 === 0 ? "even" : "odd", experimentName: `e${i % 3}` }),
          entryOf("submitted"),
        );
      const ends = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => submit(i)));
      const made = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
      const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
      assert.equal(made.filter(({ created }) => created).length, 1);
      assert.deepEqual([made.length, refused.length], [25, 25]);
      for (const error of refused) assert.equal(isMalachiteError(error) && error.code, "RunIdTaken");
      assert.equal(await runs.waiting(scope.workspace), 1);
      assert.equal((await runs.story(scope, "one")).length, 1);
      assert.equal((await runs.list({ scope, limit: 10 })).values[0]?.number, 1);
    });

    it("numbers the runs of an experiment without gaps, refused ones in between", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const submit = (i: number) =>
        runs.create(newRun(scope, `r${i}`, { experimentName: `e${i % 2}` }), entryOf("submitted"));
      const clash = (i: number) =>
        runs
          .create(newRun(scope, `r${i}`, { fingerprint: "clash" }), entryOf("submitted"))
          .catch(() => "refused");
      await Promise.all(Array.from({ length: 40 }, (_, i) => [submit(i), clash(i)]).flat());
      for (const name of ["e0", "e1"]) {
        const { values } = await runs.list({ scope, experimentName: name, limit: 100 });
        assert.deepEqual(
          values.map((run) => run.number).sort((a, b) => a - b),
          Array.from({ length: 20 }, (_, i) => i + 1),
        );
      }
    });

    it("takes the root from the parent, and the parent for the root when it is not there", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "top"));
      await create(runs, newRun(scope, "middle", { parentRunId: "top" }));
      assert.equal((await create(runs, newRun(scope, "leaf", { parentRunId: "middle" }))).rootRunId, "top");
      assert.equal(
        (await create(runs, newRun(scope, "stray", { parentRunId: "nowhere" }))).rootRunId,
        "nowhere",
      );
    });

    it("takes every spelling of a workspace's names for the same one", async () => {
      const { runs, workspaces } = bench.records;
      const scope = freshScope();
      const loud = {
        subscriptionId: scope.subscriptionId.toUpperCase(),
        resourceGroup: "GROUP",
        workspace: scope.workspace.toUpperCase(),
      };
      assert.equal(await workspaces.has(loud), false);
      const run = await create(runs, newRun(scope, "spelled"));
      assert.equal(await workspaces.has(loud), true);
      assert.deepEqual(await runs.get(loud, "spelled"), run);
      assert.equal(await runs.get({ ...scope, resourceGroup: "other" }, "spelled"), undefined);
      assert.equal(await runs.get(scope, "SPELLED"), undefined);
      assert.equal(
        (await workspaces.list()).filter((w) => w.workspace.toLowerCase() === scope.workspace).length,
        1,
      );
    });

    it("finds many runs at once, each once, in the order that was asked for", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const id of ["a", "b", "c"]) await create(runs, newRun(scope, id));
      const found = await runs.getMany(scope, ["c", "nowhere", "a", "c"]);
      assert.deepEqual(
        found.map((run) => run.id),
        ["c", "a"],
      );
      assert.deepEqual(found[1], await runs.get(scope, "a"));
      assert.deepEqual(await runs.getMany(scope, []), []);
      const many = Array.from({ length: 1_200 }, (_, i) => `none-${i}`);
      assert.equal((await runs.getMany(scope, [...many, "b"])).length, 1);
    });

    it("knows who lies below whom, by the chain of parents and only in one workspace", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "top"));
      await create(runs, newRun(scope, "left", { parentRunId: "top" }));
      await create(runs, newRun(scope, "right", { parentRunId: "top" }));
      await create(runs, newRun(scope, "leaf", { parentRunId: "left" }));
      await create(runs, newRun(scope, "other"));
      const below = { top: ["top", "left", "right", "leaf"], left: ["left", "leaf"], right: ["right"] };
      for (const [above, those] of Object.entries({ ...below, leaf: ["leaf"], other: ["other"], none: [] }))
        for (const id of ["top", "left", "right", "leaf", "other", "none"])
          assert.equal(await runs.isWithin(scope, id, above), (those as string[]).includes(id), id + above);
      const elsewhere = freshScope();
      await create(runs, newRun(elsewhere, "top"));
      assert.equal(await runs.isWithin(elsewhere, "leaf", "top"), false);
    });

    it("climbs a hundred runs and no more, and out of a circle", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "root"));
      for (let i = 0; i < 110; i += 1)
        await create(runs, newRun(scope, `d${i}`, { parentRunId: i === 0 ? "root" : `d${i - 1}` }));
      assert.equal(await runs.isWithin(scope, "d109", "d9"), true);
      assert.equal(await runs.isWithin(scope, "d109", "d8"), false);
      // A root is known by name, however far below it a run lies.
      assert.equal(await runs.isWithin(scope, "d109", "root"), true);
      await create(runs, newRun(scope, "a", { parentRunId: "b" }));
      await create(runs, newRun(scope, "b", { parentRunId: "a" }));
      assert.equal(await runs.isWithin(scope, "a", "root"), false);
      assert.equal(await runs.isWithin(scope, "a", "b"), true);
    });

    it("has everything after it is opened again", async () => {
      const scope = freshScope();
      const run = await create(bench.records.runs, newRun(scope, "kept"));
      const again = await bench.data.reopen();
      assert.deepEqual(await again.runs.get(scope, "kept"), run);
      assert.equal(await again.runs.waiting(scope.workspace), 1);
    });

    it("finishes what was asked before it was closed, and says that it is closed to what comes after", async () => {
      const other = await bench.data.another();
      const scope = freshScope();
      const asked = Array.from({ length: 20 }, (_, i) =>
        other.runs.create(newRun(scope, `late${i}`), entryOf("submitted")),
      );
      const closed = other.close();
      await assert.rejects(
        other.runs.get(scope, "late0"),
        (error) => isMalachiteError(error) && error.code === "Stopping",
      );
      await Promise.all(asked);
      await closed;
      assert.equal(await bench.records.runs.waiting(scope.workspace), 20);
    });
  });
}
