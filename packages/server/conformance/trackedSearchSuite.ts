// Searches of runs in MLflow's language, held against a plain reading of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isMalachiteError,
  parseSearch,
  parseSearchOrder,
  RUN_SEARCH,
  type Scope,
  type SearchClause,
} from "@malachite/core";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const says = (code: string) => (error: unknown) => isMalachiteError(error) && error.code === code;

/** A run as these tests think of it. */
type Small = {
  readonly id: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly hidden?: boolean;
  readonly metrics: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
};

const NONE: Readonly<Record<string, never>> = {};
const pick = <T>(list: readonly T[], number: number): T => list[number % list.length] as T;

/** Runs with every odd case: none, NaN and infinite metrics, runs that never started, texts with quotes and signs of patterns. */
const smallRuns = (count: number): readonly Small[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    ...(i % 7 === 3 ? {} : { startedAt: 1_700_000_000_000 + ((i * 37) % 11) }),
    ...(i % 4 === 0 ? {} : { endedAt: 1_700_000_001_000 + i }),
    ...(i % 9 === 8 ? { hidden: true } : {}),
    metrics:
      i % 5 === 4
        ? NONE
        : {
            acc: pick([0.1, 0.5, Number.NaN, 0.9, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -2], i),
          },
    params: i % 3 === 2 ? NONE : { lr: pick(["0.1", "0.2", "it's", "50%", "a_b", "aXb"], i) },
    tags: { kind: pick(["odd", "Even", "x".repeat(300)], i), ...(i % 2 ? { extra: "" } : {}) },
  }));

async function keep({ records }: RecordsBench, scope: Scope, runs: readonly Small[]): Promise<string> {
  for (const [i, run] of runs.entries()) {
    const { startedAt, endedAt } = run;
    const times = {
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(endedAt === undefined ? {} : { endedAt }),
    };
    await create(
      records.runs,
      newRun(scope, run.id, {
        origin: "external",
        createdAt: 1_700_000_000_000 + i,
        life: { status: endedAt === undefined ? "Running" : "Completed", attempt: 0, ...times },
        about: {
          displayName: `run ${i}`,
          ...(run.hidden ? { hidden: true } : {}),
          tags: run.tags,
          properties: {},
          warnings: [],
        },
      }),
    );
    await records.tracking.log(scope, run.id, { params: run.params });
    const posts = Object.entries(run.metrics).map(([name, value]) => ({
      name,
      columns: { [name]: "double" as const },
      rows: [{ createdAt: 5, step: 0, data: { [name]: value } }],
    }));
    if (posts.length > 0) await records.metrics.add(scope, run.id, posts);
  }
  return (await records.experiments.byName(scope, "experiment"))?.id ?? "";
}

/** More than are read whole whatever is asked. */
const MANY = 4_200;

/** Runs of one metric each. */
async function keepMeasured(
  { records }: RecordsBench,
  scope: Scope,
  count: number,
  accOf: (i: number) => number,
): Promise<string> {
  const one = async (i: number) => {
    await create(records.runs, newRun(scope, `r${i}`));
    const rows = [{ createdAt: 5, step: 0, data: { acc: accOf(i) } }];
    await records.metrics.add(scope, `r${i}`, [{ name: "acc", columns: { acc: "double" }, rows }]);
  };
  await Promise.all(Array.from({ length: count }, (_, i) => one(i)));
  return (await records.experiments.byName(scope, "experiment"))?.id ?? "";
}

/** The language read plainly, on what a test knows of a run. */
function holds(run: Small, { key, comparator, value }: SearchClause): boolean {
  const found =
    key.of === "metric"
      ? run.metrics[key.key]
      : key.of === "param"
        ? run.params[key.key]
        : key.of === "tag"
          ? run.tags[key.key]
          : { run_id: run.id, start_time: run.startedAt, end_time: run.endedAt }[key.key];
  if (comparator === "IS NULL") return found === undefined;
  if (comparator === "IS NOT NULL") return found !== undefined;
  if (found === undefined || Number.isNaN(found)) return false;
  switch (comparator) {
    case "=":
      return found === value;
    case "!=":
      return found !== value;
    case "<":
      return Number(found) < Number(value);
    case "<=":
      return Number(found) <= Number(value);
    case ">":
      return Number(found) > Number(value);
    case ">=":
      return Number(found) >= Number(value);
    case "IN":
      return (value as readonly string[]).includes(String(found));
    case "NOT IN":
      return !(value as readonly string[]).includes(String(found));
    default: {
      const pattern = String(value).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const like = pattern.replaceAll("%", ".*").replaceAll("_", ".");
      return new RegExp(`^${like}$`, comparator === "ILIKE" ? "is" : "s").test(String(found));
    }
  }
}

const FILTERS = [
  "",
  "metrics.acc > 0.1",
  "metrics.acc >= 0.1 AND metrics.acc < 5",
  "metrics.acc != 0.5",
  "metrics.acc < -100",
  "params.lr = 'it''s'",
  "params.lr != '0.1'",
  "params.lr LIKE 'a_b'",
  "params.lr LIKE '50%'",
  "params.lr IS NULL",
  "params.lr IS NOT NULL AND tags.extra = ''",
  "tags.kind ILIKE 'e%n'",
  "tags.kind LIKE 'e%n'",
  `tags.kind = '${"x".repeat(300)}'`,
  `tags.kind != '${"x".repeat(300)}' AND metrics.acc > 0`,
  "run_id IN ('r1', 'r2', 'r30')",
  "run_id NOT IN ('r1', 'r2') AND start_time > 1700000000004",
  "end_time <= 1700000001010",
];
const ORDERS = [
  [],
  ["metrics.acc DESC"],
  ["metrics.acc ASC"],
  ["params.lr ASC", "metrics.acc DESC"],
  ["tags.extra DESC"],
  ["start_time ASC"],
  ["start_time DESC", "run_id ASC"],
  ["end_time DESC"],
  ["attributes.run_id ASC"],
];

export function trackedSearchSuite(bench: RecordsBench): void {
  describe("searches of runs", () => {
    it("find what the language says, in every order, page by page", async () => {
      const scope = freshScope();
      const runs = smallRuns(60);
      const experiment = await keep(bench, scope, runs);
      for (const [n, filter] of FILTERS.entries())
        for (const orderBy of [ORDERS[0] ?? [], pick(ORDERS, n + 1), pick(ORDERS, n + 5)]) {
          const clauses = parseSearch(filter, RUN_SEARCH);
          const order = parseSearchOrder(orderBy, RUN_SEARCH);
          const ask = { clauses, order, view: "active", experimentIds: [experiment] } as const;
          const whole = await bench.records.tracking.searchRuns(scope, { ...ask, limit: 1_000 });
          const wanted = runs.filter((run) => !run.hidden && clauses.every((clause) => holds(run, clause)));
          assert.deepEqual(
            whole.values.map(({ id }) => id).sort(),
            wanted.map(({ id }) => id).sort(),
            filter,
          );
          const seen: string[] = [];
          for (let after: string | undefined; ; ) {
            const page = await bench.records.tracking.searchRuns(scope, {
              ...ask,
              limit: 7,
              ...(after === undefined ? {} : { after }),
            });
            seen.push(...page.values.map(({ id }) => id));
            after = page.next;
            if (after === undefined) break;
          }
          assert.deepEqual(
            seen,
            whole.values.map(({ id }) => id),
            `${filter} by ${orderBy}`,
          );
        }
    });

    it("put NaN behind the numbers and what is missing last, whichever way round", async () => {
      const scope = freshScope();
      const runs = smallRuns(14);
      const experiment = await keep(bench, scope, runs);
      const accOf = new Map(runs.map(({ id, metrics }) => [id, metrics.acc]));
      for (const direction of ["ASC", "DESC"]) {
        const page = await bench.records.tracking.searchRuns(scope, {
          clauses: [],
          order: parseSearchOrder([`metrics.acc ${direction}`], RUN_SEARCH),
          limit: 100,
          view: "all",
          experimentIds: [experiment],
        });
        const values = page.values.map(({ id }) => accOf.get(id));
        const numbers = values.filter((value) => value !== undefined && !Number.isNaN(value)) as number[];
        const sorted = numbers.toSorted((a, b) => (direction === "ASC" ? a - b : b - a));
        assert.deepEqual(values.slice(0, numbers.length), sorted);
        const rest = values.slice(numbers.length).map((value) => (value === undefined ? 2 : 1));
        assert.deepEqual(rest, rest.toSorted());
      }
    });

    it("put the oldest start first, and runs that never started behind all others", async () => {
      const scope = freshScope();
      const runs = smallRuns(30);
      const experiment = await keep(bench, scope, runs);
      const page = await bench.records.tracking.searchRuns(scope, {
        clauses: [],
        order: parseSearchOrder(["start_time ASC", "run_id DESC"], RUN_SEARCH),
        limit: 100,
        view: "all",
        experimentIds: [experiment],
      });
      const at = ({ startedAt = Number.MAX_VALUE }: Small) => startedAt;
      const wanted = runs.toSorted((a, b) => at(a) - at(b) || (a.id < b.id ? 1 : -1));
      assert.deepEqual(
        page.values.map(({ id }) => id),
        wanted.map(({ id }) => id),
      );
    });

    it("find the same among so many runs that they are not looked at one by one", async () => {
      const scope = freshScope();
      // Whole numbers from 0, and behind them the two infinities.
      const accOf = (i: number) =>
        i < MANY ? i : i === MANY ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
      const experiment = await keepMeasured(bench, scope, MANY + 2, accOf);
      const found = async (filter: string, orderBy: string) =>
        (
          await bench.records.tracking.searchRuns(scope, {
            clauses: parseSearch(filter, RUN_SEARCH),
            order: parseSearchOrder([orderBy], RUN_SEARCH),
            limit: 3,
            view: "active",
            experimentIds: [experiment],
          })
        ).values.map(({ id }) => accOf(Number(id.slice(1))));
      const [down, up] = ["metrics.acc DESC", "metrics.acc ASC"];
      const most = MANY - 1;
      assert.deepEqual(await found("metrics.acc > -1", up), [0, 1, 2]);
      assert.deepEqual(await found("metrics.acc > 1", up), [2, 3, 4]);
      assert.deepEqual(await found("metrics.acc >= 1", up), [1, 2, 3]);
      assert.deepEqual(await found("metrics.acc >= 1", down), [Number.POSITIVE_INFINITY, most, most - 1]);
      assert.deepEqual(await found(`metrics.acc < ${most}`, down), [most - 1, most - 2, most - 3]);
      assert.deepEqual(await found(`metrics.acc <= ${most}`, up), [Number.NEGATIVE_INFINITY, 0, 1]);
      assert.deepEqual(await found(`metrics.acc < ${Number.MAX_VALUE}`, down), [most, most - 1, most - 2]);
      assert.deepEqual(await found("metrics.acc >= 0 AND metrics.acc != 2", up), [0, 1, 3]);
    });

    it("show hidden runs only to those who ask, and nothing of other experiments", async () => {
      const scope = freshScope();
      const experiment = await keep(bench, scope, smallRuns(18));
      const found = async (view: "active" | "deleted" | "all", experimentIds = [experiment]) =>
        (
          await bench.records.tracking.searchRuns(scope, {
            clauses: [],
            order: [],
            limit: 100,
            view,
            experimentIds,
          })
        ).values.length;
      assert.deepEqual([await found("active"), await found("deleted"), await found("all")], [16, 2, 18]);
      assert.deepEqual([await found("all", []), await found("all", ["other"])], [0, 0]);
      assert.equal(await found("all", [experiment, "other"]), 18);
    });

    it("refuse a token of another search", async () => {
      const scope = freshScope();
      const experiment = await keep(bench, scope, smallRuns(4));
      const ask = { clauses: [], order: [], limit: 1, view: "all", experimentIds: [experiment] } as const;
      const { next } = await bench.records.tracking.searchRuns(scope, ask);
      assert.ok(next);
      const other = { ...ask, view: "active", after: next } as const;
      await assert.rejects(bench.records.tracking.searchRuns(scope, other), says("BadContinuationToken"));
    });
  });
}
