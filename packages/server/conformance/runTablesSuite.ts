// Tables of runs: searches, jumps, orders by what users log, counts, experiments, and the order of changes.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  isMalachiteError,
  parseFilter,
  parseOrder,
  RUN_TABLE_FIELDS,
  type Run,
  type RunTableAsk,
  type Scope,
} from "@malachite/core";
import fc from "fast-check";
import { matches } from "./matches.ts";
import { anyFilter, randomRuns } from "./randomRuns.ts";
import { create, freshScope, newRun, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function runTablesSuite(bench: RecordsBench): void {
  const scope: Scope = freshScope();
  const all: Run[] = [];
  before(async () => {
    const { runs } = bench.records;
    for (const { run, life } of randomRuns(scope, 60)) {
      const made = await create(runs, run);
      all.push((life && (await runs.apply(made, life, []))) ?? made);
    }
  });
  const table = ({
    filter = "",
    order = "",
    ...more
  }: {
    filter?: string;
    order?: string;
    offset?: number;
    after?: string;
  }): RunTableAsk => ({
    limit: 10,
    scope,
    ...more,
    filter: parseFilter(filter, RUN_TABLE_FIELDS),
    order: parseOrder(order, RUN_TABLE_FIELDS),
  });
  const idsOf = (runs: readonly Run[]) => runs.map(({ id }) => id);

  describe("tables of runs", () => {
    it("begin at any place, and go on from there by their token", async () => {
      const { tables, runs } = bench.records;
      const newest = idsOf((await runs.list({ scope, limit: 1000 })).values);
      for (const offset of [0, 1, 7, 59, 60, 1_000]) {
        const page = await tables.page(table({ offset }));
        assert.deepEqual(idsOf(page.values), newest.slice(offset, offset + 10), `${offset}`);
        if (page.next === undefined) continue;
        const next = await tables.page(table({ after: page.next }));
        assert.deepEqual(idsOf(next.values), newest.slice(offset + 10, offset + 20));
      }
    });

    it("pass over as many runs with every filter and order", async () => {
      const { tables } = bench.records;
      await fc.assert(
        fc.asyncProperty(anyFilter(all), fc.nat(20), async (filter, offset) => {
          const order = parseOrder("createdUtc desc", RUN_TABLE_FIELDS);
          const whole = await tables.page({ scope, filter, order, limit: 1000 });
          const page = await tables.page({ scope, filter, order, offset, limit: 7 });
          assert.deepEqual(idsOf(page.values), idsOf(whole.values).slice(offset, offset + 7));
        }),
        { numRuns: 100 },
      );
    });

    it("are refused too far down an order that is not counted through", async () => {
      await assert.rejects(
        bench.records.tables.page(table({ order: "name", offset: 10_001 })),
        (error) => isMalachiteError(error) && error.code === "InvalidRequest" && error.target === "offset",
      );
    });

    it("count what the filter holds for, by status", async () => {
      await fc.assert(
        fc.asyncProperty(anyFilter(all), async (filter) => {
          const found = all.filter((run) => matches(run, filter));
          const { count, byStatus, isExact } = await bench.records.tables.count({ scope, filter });
          assert.equal(isExact, true);
          assert.equal(count, found.length);
          const expected = Object.groupBy(found, (run) => run.life.status);
          assert.deepEqual(
            { ...byStatus },
            Object.fromEntries(Object.entries(expected).map(([status, some]) => [status, some?.length])),
          );
        }),
        { numRuns: 150 },
      );
    });
  });

  describe("searches of runs", () => {
    it("find every word, whatever its case, where it stands, and follow changes", async () => {
      const { runs, tables } = bench.records;
      const there = freshScope();
      const about = { tags: { Model: "ResNet" }, properties: {}, warnings: [], scriptName: "src/Train.py" };
      await create(runs, newRun(there, "alpha_1", { experimentName: "Vision Lab", about }));
      await create(runs, newRun(there, "beta_2", { experimentName: "other" }));
      const found = async (search: string, experimentName?: string) => {
        const ask = { scope: there, search, limit: 10, ...(experimentName ? { experimentName } : {}) };
        const [page, counted] = await Promise.all([tables.page(ask), tables.count({ scope: there, search })]);
        if (experimentName === undefined) assert.equal(counted.count, page.values.length);
        assert.equal(page.isExact, true);
        return idsOf(page.values);
      };
      assert.deepEqual(await found("ALPHA"), ["alpha_1"]);
      assert.deepEqual(await found("lab resnet train.py"), ["alpha_1"]);
      assert.deepEqual(await found("model=resnet"), ["alpha_1"]);
      assert.deepEqual(await found("vision beta"), []);
      assert.deepEqual(await found("%"), []);
      assert.deepEqual(await found("  "), ["beta_2", "alpha_1"]);
      assert.deepEqual(await found("a", "other"), ["beta_2"]);
      await runs.describe(there, "beta_2", { tags: { note: "ÄPFEL" } }, 5);
      assert.deepEqual(await found("äpfel"), ["beta_2"]);
      await runs.describe(there, "beta_2", { removeTags: ["note"] }, 6);
      assert.deepEqual(await found("äpfel"), []);
    });
  });

  describe("tables in order of what was logged", () => {
    it("have the runs without a value last, both ways round", async () => {
      const { runs, metrics, tracking, tables } = bench.records;
      const there = freshScope();
      for (const id of ["a", "b", "c", "d"]) await create(runs, newRun(there, id, { experimentName: "e" }));
      const log = (id: string, value: number) =>
        metrics.add(there, id, [
          {
            name: "loss",
            columns: { loss: "double" },
            rows: [{ createdAt: 1, step: 0, data: { loss: value } }],
            sameBy: "content",
          },
        ]);
      await log("a", 3);
      await log("b", 1);
      await log("c", 2);
      await tracking.log(there, "a", { params: { lr: "0.1" } });
      await tracking.log(there, "d", { params: { lr: "0.2" } });
      const ordered = async (order: string, filter = "", offset = 0) =>
        idsOf((await tables.page({ ...table({ order, filter, offset }), scope: there })).values).join("");
      assert.equal(await ordered("metrics/loss"), "bcad");
      assert.equal(await ordered("metrics/loss desc"), "acbd");
      assert.equal(await ordered("metrics/loss desc", "", 2), "bd");
      assert.equal((await ordered("params/lr")).slice(0, 2), "ad");
      assert.equal((await ordered("params/lr desc")).slice(0, 2), "da");
      assert.equal(await ordered("metrics/loss", "metrics/loss ge 2"), "ca");
      assert.equal(await ordered("createdUtc", "metrics/loss lt 3"), "bc");
      assert.equal(await ordered("createdUtc", "not (metrics/loss lt 3)"), "ad");
      assert.equal(await ordered("createdUtc", "params/lr eq '0.2' or contains(params/lr,'.1')"), "ad");
      const first = await tables.page({ ...table({ order: "metrics/loss" }), scope: there, limit: 3 });
      const rest = await tables.page({
        ...table({ order: "metrics/loss" }),
        scope: there,
        after: first.next,
      });
      assert.deepEqual(idsOf([...first.values, ...rest.values]), ["b", "c", "a", "d"]);
    });
  });

  describe("tables of experiments", () => {
    it("have their runs by status and their last activity", async () => {
      const { runs, experiments, tables } = bench.records;
      const there = freshScope();
      await experiments.ensure(there, "empty", 1);
      const one = await create(runs, newRun(there, "r1", { experimentName: "busy" }));
      await create(runs, newRun(there, "r2", { experimentName: "busy" }));
      await runs.apply(one, withStatus(one, "Running"), []);
      const ask = { order: "runs", descending: true, view: "All", limit: 10, offset: 0 } as const;
      const { values, count } = await tables.experiments(there, ask);
      assert.equal(count, 2);
      const shown = values.map(({ experiment, runs: many, byStatus }) => [
        experiment.name,
        many,
        { ...byStatus },
      ]);
      assert.deepEqual(shown, [
        ["busy", 2, { NotStarted: 1, Running: 1 }],
        ["empty", 0, {}],
      ]);
      assert.ok(values[0]?.lastActivityAt);
      assert.equal(values[1]?.lastActivityAt, undefined);
      const named = await tables.experiments(there, { ...ask, search: "BUS", order: "name" });
      assert.deepEqual([named.count, named.values[0]?.experiment.name], [1, "busy"]);
    });
  });

  describe("the order of changes", () => {
    it("has each run once, at its last change", async () => {
      const { runs, tracking, tables } = bench.records;
      const there = freshScope();
      assert.equal(await tables.newestChange(there), 0);
      for (const id of ["a", "b", "c"]) await create(runs, newRun(there, id));
      const begin = await tables.newestChange(there);
      assert.equal(begin, 3);
      await runs.describe(there, "b", { tags: { x: "1" } }, 2);
      await tracking.log(there, "a", { params: { p: "1" } });
      await runs.describe(there, "b", { tags: { x: "2" } }, 3);
      const { changes, more, tooMany } = await tables.changesAfter(there, begin, 10, 10);
      assert.deepEqual(
        changes.map(({ no, run }) => [no, run.id, run.about.tags.x]),
        [
          [5, "a", undefined],
          [6, "b", "2"],
        ],
      );
      assert.deepEqual([more, tooMany], [false, false]);
      const cut = await tables.changesAfter(there, 0, 1, 2);
      assert.deepEqual([cut.changes.length, cut.more, cut.tooMany], [1, true, true]);
      assert.deepEqual((await tables.changesAfter(there, 6, 10, 10)).changes, []);
    });
  });
}
