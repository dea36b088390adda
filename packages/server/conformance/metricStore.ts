// What every store of metrics must do: nothing lost, nothing twice, order of time, newest values, pages that end.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  isMalachiteError,
  type MetricCell,
  type MetricKey,
  type MetricPost,
  type MetricRow,
  type MetricStore,
  type Scope,
} from "@malachite/core";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const NOON = 1_700_000_000_000;
const RUN = "measured";
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** A post of one number a row, as MLflow's and the SDK's scalars are. */
export const numbers = (
  name: string,
  values: readonly number[],
  more: Partial<MetricPost> & {
    readonly at?: (i: number) => number;
    readonly id?: (i: number) => string;
  } = {},
): MetricPost => {
  const { at = (i) => NOON + i, id, ...rest } = more;
  return {
    name,
    columns: { [name]: "double" },
    uxMetricType: "azureml.v1.scalar",
    rows: values.map((value, i) => ({
      createdAt: at(i),
      step: i,
      data: { [name]: value },
      ...(id ? { metricId: id(i) } : {}),
    })),
    ...rest,
  };
};

async function allRows(
  metrics: MetricStore,
  scope: Scope,
  key: MetricKey,
  limit = 1_000,
): Promise<readonly MetricRow[]> {
  const rows: MetricRow[] = [];
  let after: string | undefined;
  do {
    const page = await metrics.rows(scope, RUN, key, { limit, ...(after ? { after } : {}) });
    assert.ok(page.values.length > 0 || page.next === undefined);
    rows.push(...page.values);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

const cells = (rows: readonly MetricRow[], name: string): readonly (MetricCell | undefined)[] =>
  rows.map((row) => row.data[name]);

const isCode = (code: string) => (error: unknown) => isMalachiteError(error) && error.code === code;

export function metricStoreSuite(bench: RecordsBench): void {
  describe("metrics", () => {
    let metrics: MetricStore;
    before(() => {
      metrics = bench.records.metrics;
    });
    const start = async (runId = RUN): Promise<Scope> => {
      const scope = freshScope();
      await create(bench.records.runs, newRun(scope, runId));
      return scope;
    };
    const add = async (scope: Scope, ...posts: MetricPost[]) => {
      assert.deepEqual(await metrics.add(scope, RUN, posts), []);
    };

    it("are kept as they were given: numbers of every kind, texts, several columns, steps and none", async () => {
      const scope = await start();
      const strange = [
        1,
        -0.1,
        1e308,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        2 ** 53 - 1,
      ];
      await add(scope, numbers("strange", strange));
      assert.deepEqual(cells(await allRows(metrics, scope, { name: "strange" }), "strange"), strange);
      const table: MetricRow[] = [
        {
          metricId: uuid(1),
          createdAt: NOON + 0.123,
          data: { a: 1, b: "x\u0000\ud800 é/", c: true, d: null },
        },
        { metricId: "no uuid", createdAt: NOON + 0.124, step: -3, data: { a: Number.NaN, "": "__proto__" } },
      ];
      await add(scope, {
        name: "table/é\u{1f600}",
        columns: { a: "double", b: "string", c: "bool", d: "none" },
        uxMetricType: "azureml.v1.table",
        rows: table,
      });
      assert.deepEqual(await allRows(metrics, scope, { name: "table/é\u{1f600}" }), table);
      assert.deepEqual(await metrics.get(scope, RUN, { name: "table/é\u{1f600}" }), {
        name: "table/é\u{1f600}",
        columns: { a: "double", b: "string", c: "bool", d: "none" },
        uxMetricType: "azureml.v1.table",
        rows: 2,
      });
    });

    it("need their run, and are nobody else's", async () => {
      const scope = await start();
      await assert.rejects(metrics.add(scope, "nobody", [numbers("m", [1])]), isCode("RunNotFound"));
      await assert.rejects(metrics.add(freshScope(), RUN, [numbers("m", [1])]), isCode("RunNotFound"));
      await add(scope, numbers("m", [1]), { ...numbers("m", [2]), namespace: "other" });
      assert.equal(await metrics.get(scope, "nobody", { name: "m" }), undefined);
      assert.equal(await metrics.get(scope, RUN, { name: "M" }), undefined);
      assert.deepEqual(await metrics.rows(scope, "nobody", { name: "m" }, { limit: 1 }), { values: [] });
      assert.deepEqual(cells(await allRows(metrics, scope, { name: "m" }), "m"), [1]);
      assert.deepEqual(cells(await allRows(metrics, scope, { name: "m", namespace: "other" }), "m"), [2]);
    });

    it("come in order of time, those of one moment by step and as they arrived", async () => {
      const scope = await start();
      const late = numbers("m", [10, 11, 12], { at: (i) => NOON + 500.25 + i });
      const early = numbers("m", [0, 1, 2], { at: (i) => NOON + i });
      const between = numbers("m", [5], { at: () => NOON + 500.249 });
      await add(scope, late);
      await add(scope, early, between);
      const together = Array.from({ length: 30 }, (_, i) => i + 100);
      await add(scope, {
        ...numbers("m", []),
        rows: together.map((value) => ({ createdAt: NOON + 9_000, data: { m: value } })),
      });
      assert.deepEqual(cells(await allRows(metrics, scope, { name: "m" }, 7), "m"), [
        ...[0, 1, 2, 5, 10, 11, 12],
        ...together,
      ]);
      const part = await metrics.rows(
        scope,
        RUN,
        { name: "m" },
        { limit: 9, from: NOON + 2, to: NOON + 500.25 },
      );
      assert.deepEqual(cells(part.values, "m"), [2, 5, 10]);
      assert.equal(part.next, undefined);
    });

    it("are there once for an id, however often and by how many at once they are posted", async () => {
      const scope = await start();
      const post = numbers("m", [...Array(60).keys()], { id: uuid });
      await Promise.all(Array.from({ length: 8 }, () => metrics.add(scope, RUN, [post, post])));
      const [first] = post.rows;
      assert.ok(first);
      await add(scope, { ...post, rows: [{ ...first, createdAt: NOON + 77, data: { m: -1 } }] });
      assert.deepEqual(await allRows(metrics, scope, { name: "m" }), post.rows);
      assert.equal((await metrics.get(scope, RUN, { name: "m" }))?.rows, 60);
      // The same id in another metric is another row.
      await add(scope, { ...post, name: "n", columns: {}, rows: [{ ...first, data: { n: 1 } }] });
      assert.equal((await metrics.get(scope, RUN, { name: "n" }))?.rows, 1);
    });

    it("are the same by content where that is asked for, and only there", async () => {
      const scope = await start();
      const post = numbers("m", [1, Number.NaN, 1], { sameBy: "content", at: () => NOON });
      await Promise.all([1, 2, 3].map(() => metrics.add(scope, RUN, [post])));
      assert.deepEqual(cells(await allRows(metrics, scope, { name: "m" }), "m"), [1, Number.NaN, 1]);
      await add(scope, numbers("other", [1]), numbers("other", [1]));
      assert.equal((await metrics.get(scope, RUN, { name: "other" }))?.rows, 2);
    });

    it("merge their columns, and refuse a column of another type without harm to the others", async () => {
      const scope = await start();
      const post = (columns: MetricPost["columns"], value: MetricCell = 1): MetricPost => ({
        name: "m",
        columns,
        rows: [{ createdAt: NOON, data: { a: value } }],
      });
      await add(
        scope,
        post({ a: "none" }, null),
        post({ a: "int" }),
        post({ a: "none" }, null),
        post({ b: "bool" }),
      );
      await add(scope, post({ a: "double" }, 0.5), post({ a: "int" }));
      assert.deepEqual((await metrics.get(scope, RUN, { name: "m" }))?.columns, { a: "double", b: "bool" });
      const refused = await metrics.add(scope, RUN, [
        numbers("before", [1]),
        post({ b: "bool", a: "string" }, "x"),
        numbers("behind", [1]),
      ]);
      assert.deepEqual(refused, [{ post: 1, why: "type", column: "a", has: "double", given: "string" }]);
      for (const name of ["before", "behind"]) assert.ok(await metrics.get(scope, RUN, { name }));
      assert.equal((await metrics.get(scope, RUN, { name: "m" }))?.rows, 6);
      await add(scope, { ...post({ a: "string" }, "x"), onClash: "widen" });
      assert.deepEqual((await metrics.get(scope, RUN, { name: "m" }))?.columns, { a: "string", b: "bool" });
      const wide = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`c${i}`, "int" as const]));
      await add(scope, { ...post(wide), name: "wide" });
      const wider = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`d${i}`, "int" as const]));
      assert.deepEqual(await metrics.add(scope, RUN, [{ ...post(wider), name: "wide" }]), [
        { post: 0, why: "columns", most: 2_000 },
      ]);
    });

    it("keep the kind of chart that was said first", async () => {
      const scope = await start();
      await add(scope, { ...numbers("m", [1]), uxMetricType: undefined });
      await add(scope, { ...numbers("m", [1]), uxMetricType: "azureml.v1.list" }, numbers("m", [1]));
      assert.equal((await metrics.get(scope, RUN, { name: "m" }))?.uxMetricType, "azureml.v1.list");
    });

    it("are listed by name, page by page", async () => {
      const scope = await start();
      const names = ["B", "a", "a/b", "b", "é", "\u{1f600}"];
      await add(scope, ...[...names].reverse().map((name) => numbers(name, [1])));
      const listed: string[] = [];
      let after: string | undefined;
      do {
        const page = await metrics.list(scope, RUN, { limit: 4, ...(after ? { after } : {}) });
        listed.push(...page.values.map(({ name }) => name));
        after = page.next;
      } while (after !== undefined);
      assert.deepEqual(listed, names);
      for (const token of ["x", "", "W10", Buffer.from("[1,2]").toString("base64url")]) {
        if (token !== "")
          await assert.rejects(
            metrics.list(scope, RUN, { limit: 4, after: token }),
            isCode("BadContinuationToken"),
          );
        await assert.rejects(
          metrics.rows(scope, RUN, { name: "a" }, { limit: 4, after: token }),
          isCode("BadContinuationToken"),
        );
      }
    });

    it("tell their newest values: the largest step, then time, then value", async () => {
      const scope = await start();
      await create(bench.records.runs, newRun(scope, "second"));
      const at = (
        createdAt: number,
        step: number | undefined,
        value: MetricCell,
        name = "m",
      ): MetricPost => ({
        name,
        columns: { [name]: typeof value === "number" ? "double" : "string" },
        rows: [{ createdAt, ...(step === undefined ? {} : { step }), data: { [name]: value } }],
      });
      await add(
        scope,
        at(NOON, 5, 1),
        at(NOON + 9, 4, 2),
        at(NOON, 5, 3),
        at(NOON, 5, Number.NaN),
        at(NOON, 5, 2),
      );
      await add(scope, at(NOON, undefined, 7, "no step"), at(NOON - 1, undefined, 8, "no step"));
      await add(scope, at(NOON, 1, "text", "text"), at(NOON, 2, Number.POSITIVE_INFINITY, "far"));
      await metrics.add(scope, "second", [at(NOON, -1, Number.NaN, "nan"), at(NOON, 0, 1, "a")]);
      const latest = await metrics.latest(scope, [RUN, "second", "nobody", RUN]);
      assert.deepEqual([...latest.keys()].sort(), [RUN, "second"]);
      assert.deepEqual(latest.get(RUN), [
        { name: "far", value: Number.POSITIVE_INFINITY, step: 2, at: NOON },
        { name: "m", value: 3, step: 5, at: NOON },
        { name: "no step", value: 7, step: 0, at: NOON },
      ]);
      assert.deepEqual(latest.get("second"), [
        { name: "a", value: 1, step: 0, at: NOON },
        { name: "nan", value: Number.NaN, step: -1, at: NOON },
      ]);
      assert.deepEqual(await metrics.latest(scope, []), new Map());
    });

    it("are sampled over time with both ends", async () => {
      const scope = await start();
      await add(scope, numbers("m", [...Array(5_000).keys()]));
      const sample = cells(await metrics.sample(scope, RUN, { name: "m" }, 11), "m");
      assert.deepEqual(sample, [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 4999]);
      assert.equal((await metrics.sample(scope, RUN, { name: "m" }, 6_000)).length, 5_000);
      await add(scope, numbers("one moment", [...Array(50).keys()], { at: () => NOON }));
      assert.equal((await metrics.sample(scope, RUN, { name: "one moment" }, 10)).length, 10);
      assert.deepEqual(await metrics.sample(scope, RUN, { name: "none" }, 10), []);
    });

    it("are sampled over steps, several runs alike", async () => {
      const scope = await start();
      await create(bench.records.runs, newRun(scope, "second"));
      await add(scope, numbers("m", [...Array(1_001).keys()]));
      await metrics.add(scope, "second", [numbers("m", [...Array(501).keys()])]);
      const key = { name: "m" };
      const sampled = await metrics.sampleSteps(scope, [RUN, "second", "nobody"], key, { count: 11 });
      const steps = (run: string) => sampled.get(run)?.map((row) => row.step);
      assert.deepEqual(steps(RUN), [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
      assert.deepEqual(steps("second"), [0, 100, 200, 300, 400, 500]);
      const part = await metrics.sampleSteps(scope, [RUN], key, { from: 10, to: 15, count: 100 });
      assert.deepEqual(
        part.get(RUN)?.map((row) => row.step),
        [10, 11, 12, 13, 14, 15],
      );
      assert.deepEqual(await metrics.sampleSteps(scope, [RUN], key, { from: 2_000, count: 9 }), new Map());
      assert.deepEqual(await metrics.sampleSteps(scope, [], key, { count: 9 }), new Map());
    });

    it("are found by the id of a row, with the rows that share it", async () => {
      const scope = await start();
      const rows = [uuid(7), `${uuid(7)}.1`, `${uuid(7)}.2`, uuid(8), `${uuid(7)}0`].map((metricId, i) => ({
        metricId,
        createdAt: NOON + i,
        data: { m: i },
      }));
      await add(scope, { name: "m", columns: { m: "int" }, rows });
      const found = await metrics.find(scope, uuid(7).toUpperCase());
      assert.equal(found?.runId, RUN);
      assert.equal(found?.metric.name, "m");
      assert.deepEqual(found?.rows, rows.slice(0, 3));
      assert.equal(await metrics.find(scope, uuid(9)), undefined);
      assert.equal(await metrics.find(freshScope(), uuid(7)), undefined);
    });

    it("go when they are removed, and may come again", async () => {
      const scope = await start();
      await add(
        scope,
        numbers("m", [...Array(4_500).keys()], { id: uuid }),
        numbers("kept", [1]),
        numbers("n", [1]),
      );
      await metrics.remove(scope, RUN, [{ name: "m" }, { name: "never" }]);
      assert.equal(await metrics.get(scope, RUN, { name: "m" }), undefined);
      assert.equal(await metrics.find(scope, uuid(1)), undefined);
      await add(scope, numbers("m", [5], { id: uuid }));
      assert.deepEqual(cells(await allRows(metrics, scope, { name: "m" }), "m"), [5]);
      await metrics.remove(scope, RUN);
      assert.deepEqual((await metrics.list(scope, RUN, { limit: 10 })).values, []);
      await metrics.remove(scope, "nobody");
    });

    it("take many rows in one post, and pages of large rows are short", async () => {
      const scope = await start();
      await add(scope, numbers("m", [...Array(25_000).keys()]));
      assert.equal((await metrics.get(scope, RUN, { name: "m" }))?.rows, 25_000);
      const page = await metrics.rows(scope, RUN, { name: "m" }, { limit: 1_000_000 });
      assert.equal(page.values.length, 10_000);
      const text = "x".repeat(1024 * 1024);
      const large = Array.from({ length: 12 }, (_, i) => ({
        createdAt: NOON + i,
        data: { m: `${i}${text}` },
      }));
      await add(scope, { name: "large", columns: { m: "string" }, rows: large });
      const short = await metrics.rows(scope, RUN, { name: "large" }, { limit: 1_000 });
      assert.ok(short.values.length >= 1 && short.values.length < 5, String(short.values.length));
      assert.deepEqual(await allRows(metrics, scope, { name: "large" }), large);
      await add(scope, ...Array.from({ length: 2_500 }, (_, i) => numbers(`m${i}`, [])));
      assert.equal((await metrics.get(scope, RUN, { name: "m2499" }))?.rows, 0);
    });

    it("keep runs waiting for no longer than a few of their pieces", async () => {
      const scope = await start();
      const flood = Array.from({ length: 8 }, (_, i) =>
        metrics.add(scope, RUN, [numbers(`m${i}`, [...Array(20_000).keys()])]),
      );
      let done = false;
      const whole = Promise.all(flood).then(() => {
        done = true;
      });
      for (let i = 0; i < 5; i += 1) await create(bench.records.runs, newRun(scope, `meanwhile-${i}`));
      assert.equal(done, false);
      await whole;
      assert.equal((await metrics.get(scope, RUN, { name: "m7" }))?.rows, 20_000);
    });

    it("are there after the store was closed and opened again", async () => {
      const scope = await start();
      const post = numbers("m", [1, 2, 3], { id: uuid });
      await add(scope, post);
      await bench.data.reopen();
      metrics = bench.records.metrics;
      await add(scope, post);
      assert.deepEqual(await allRows(metrics, scope, { name: "m" }), post.rows);
    });
  });
}
