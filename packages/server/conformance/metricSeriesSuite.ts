// What every store of metrics must do for plots: buckets that hold what a look at every row says, alike for several runs.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { MetricPost, MetricSeries, MetricStore, Scope, SeriesAsk } from "@malachite/core";
import { numbers } from "./metricStore.ts";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const NOON = 1_700_000_000_000;
const RUN = "measured";

export function metricSeriesSuite(bench: RecordsBench): void {
  describe("series of metrics", () => {
    let metrics: MetricStore;
    before(() => {
      metrics = bench.records.metrics;
    });
    const start = async (...others: readonly string[]): Promise<Scope> => {
      const scope = freshScope();
      for (const id of [RUN, ...others]) await create(bench.records.runs, newRun(scope, id));
      return scope;
    };
    const add = async (scope: Scope, run: string, ...posts: MetricPost[]) => {
      assert.deepEqual(await metrics.add(scope, run, posts), []);
    };
    const read = async (scope: Scope, ask: Partial<SeriesAsk> = {}): Promise<MetricSeries[]> => {
      const asked = { runIds: [RUN], names: ["m"], x: "step", points: 100, ...ask } as const;
      const found: MetricSeries[] = [];
      for await (const series of metrics.series(scope, asked)) found.push(series);
      return found;
    };
    const column = (
      series: MetricSeries | undefined,
      name: "x" | "min" | "max" | "mean" | "last" | "count",
    ) => series?.buckets.map((bucket) => bucket[name]);

    it("are every value where there is room for all", async () => {
      const scope = await start();
      await add(scope, RUN, numbers("m", [3, 1, Number.NaN, 2, Number.POSITIVE_INFINITY]));
      const [series, ...more] = await read(scope);
      assert.deepEqual(more, []);
      assert.ok(series);
      const { buckets, ...head } = series;
      assert.deepEqual(head, {
        runId: RUN,
        name: "m",
        uxMetricType: "azureml.v1.scalar",
        axis: "step",
        total: 5,
        firstX: 0,
        lastX: 4,
        width: 1,
      });
      assert.deepEqual(column(series, "x"), [0, 1, 2, 3, 4]);
      for (const name of ["min", "max", "mean", "last"] as const)
        assert.deepEqual(column(series, name), [3, 1, null, 2, null]);
      assert.deepEqual(
        buckets.flatMap(({ nonFinite }) => nonFinite),
        [
          { value: "NaN", x: 2, count: 1 },
          { value: "Infinity", x: 4, count: 1 },
        ],
      );
    });

    it("lose no peak, and are finer in a smaller range", async () => {
      const scope = await start();
      const values = Array.from({ length: 10_000 }, (_, i) => (i === 7_777 ? 99 : i === 3_333 ? -99 : i % 7));
      await add(scope, RUN, numbers("m", values));
      const [all] = await read(scope, { points: 20 });
      assert.ok(all && all.buckets.length <= 20);
      assert.equal(Math.max(...all.buckets.map(({ max }) => max ?? 0)), 99);
      assert.equal(Math.min(...all.buckets.map(({ min }) => min ?? 0)), -99);
      assert.equal(
        all.buckets.reduce((sum, { count }) => sum + count, 0),
        10_000,
      );
      const peak = all.buckets.find(({ max }) => max === 99);
      const from = (peak?.number ?? 0) * all.width;
      const [near] = await read(scope, { points: 20, from, to: from + all.width - 1 });
      assert.ok(near && near.width < all.width);
      assert.equal(near.lastX, 9_999);
      const [exact] = await read(scope, { points: 20, from: 7_770, to: 7_780.5 });
      assert.deepEqual(
        column(exact, "x"),
        [7770, 7771, 7772, 7773, 7774, 7775, 7776, 7777, 7778, 7779, 7780],
      );
      assert.deepEqual(column(exact, "last"), values.slice(7_770, 7_781));
      assert.deepEqual(column((await read(scope, { from: 20_000 }))[0], "x"), []);
      assert.deepEqual(column((await read(scope, { from: 9, to: 8 }))[0], "x"), []);
    });

    it("are alike for runs that log at the same steps, whatever their order and however long they are", async () => {
      const scope = await start("second");
      const long = numbers("m", [...Array(1_000).keys()]);
      await add(scope, RUN, { ...long, rows: long.rows.toReversed() });
      await add(scope, "second", numbers("m", [...Array(600).keys()], { at: (i) => NOON - 5 * i }));
      const series = await read(scope, { runIds: ["second", "nobody", RUN, RUN], points: 50 });
      assert.deepEqual(
        series.map(({ runId }) => runId),
        ["second", RUN],
      );
      const [short, whole] = series;
      assert.equal(short?.width, whole?.width);
      const shared = column(short, "x")?.length ?? 0;
      assert.ok(shared > 15);
      for (const name of ["x", "min", "max", "last"] as const)
        assert.deepEqual(
          column(short, name)?.slice(0, shared - 1),
          column(whole, name)?.slice(0, shared - 1),
        );
    });

    it("count values where no steps were given, and say so", async () => {
      const scope = await start();
      await add(scope, RUN, {
        name: "m",
        columns: { m: "double" },
        rows: [5, 6, 7].map((m, i) => ({ createdAt: NOON + i, data: { m } })),
      });
      await add(scope, RUN, {
        name: "one",
        columns: { one: "int" },
        rows: [{ createdAt: NOON, data: { one: 1 } }],
      });
      const [series, one] = await read(scope, { names: ["m", "one", "none"] });
      assert.deepEqual([series?.axis, series?.firstX, series?.lastX], ["index", 0, 2]);
      assert.deepEqual(column(series, "x"), [0, 1, 2]);
      assert.deepEqual(column(series, "last"), [5, 6, 7]);
      assert.deepEqual([one?.axis, column(one, "x")], ["step", [0]]);
      const [part] = await read(scope, { from: 1, to: 1 });
      assert.deepEqual(column(part, "last"), [6]);
    });

    it("go by time, and by the time since the run began", async () => {
      const scope = await start();
      await add(scope, RUN, numbers("m", [1, 2, 3, 4], { at: (i) => NOON + i * 1_000.25 }));
      const times = [0, 1, 2, 3].map((i) => NOON + i * 1_000.25);
      const [byTime] = await read(scope, { x: "time" });
      assert.deepEqual(column(byTime, "x"), times);
      assert.deepEqual([byTime?.axis, byTime?.firstX, byTime?.lastX], ["time", NOON, times[3]]);
      const [some] = await read(scope, { x: "time", from: times[1] ?? 0, to: times[2] ?? 0 });
      assert.deepEqual(column(some, "last"), [2, 3]);
      const [relative] = await read(scope, { x: "relativeTime" });
      const made = (await bench.records.runs.get(scope, RUN))?.createdAt ?? 0;
      assert.equal(relative?.startedAt, made);
      assert.deepEqual(
        column(relative, "x"),
        times.map((time) => time - made),
      );
      const [first] = await read(scope, { x: "relativeTime", to: (times[0] ?? 0) - made });
      assert.deepEqual(column(first, "last"), [1]);
    });

    it("are of one namespace, and of what was measured by its names", async () => {
      const scope = await start("second");
      const name = "system/cpu";
      await add(scope, RUN, { ...numbers("m", [1]), namespace: "other" });
      await add(scope, RUN, { ...numbers(name, [2]), namespace: "system" });
      await add(scope, "second", { ...numbers(name, [3]), namespace: "system" }, numbers(name, [4]));
      assert.deepEqual(await read(scope), []);
      const [other] = await read(scope, { namespace: "other" });
      assert.deepEqual([other?.namespace, column(other, "last")], ["other", [1]]);
      const measured = await read(scope, { names: [name], runIds: [RUN, "second"] });
      assert.deepEqual(
        measured.map((series) => [series.runId, series.namespace, column(series, "last")]),
        [
          [RUN, "system", [2]],
          ["second", undefined, [4]],
        ],
      );
      const asked = await read(scope, { names: [name], runIds: ["second"], namespace: "system" });
      assert.deepEqual(column(asked[0], "last"), [3]);
    });

    it("pass over rows that are no number", async () => {
      const scope = await start();
      await add(scope, RUN, {
        name: "m",
        columns: { m: "string", a: "double" },
        rows: [
          { createdAt: NOON, step: 1, data: { m: "text" } },
          { createdAt: NOON, step: 2, data: { a: 1 } },
        ],
      });
      const [series] = await read(scope);
      assert.deepEqual([series?.total, column(series, "x")], [2, []]);
      assert.deepEqual(await read(freshScope()), []);
      assert.deepEqual(await read(scope, { runIds: [] }), []);
    });
  });
}
