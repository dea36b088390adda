// Reads points of one metric: pages, samples over time, samples over steps.
import { type MetricDefinition, type MetricKey, type Scope, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { statement } from "../statement.ts";
import { type PackedPoint, type PointColumns, packColumns } from "./points.ts";

/** Where a page ended: time, step, arrival. */
export type Place = readonly [at: number, step: number, seq: number];
export type Points = { readonly rows: readonly PackedPoint[]; readonly next?: Place };

/** So much of large cells is in a page at most, unless its first row alone is larger. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** No instant is before or after these. */
export const FIRST = -8.64e15;
export const LAST = 8.64e15;

const selectMetric = statement<{ key: string; run: string; namespace: string; name: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .innerJoin("metrics as m", "m.run_no", "r.no")
    .selectAll("m")
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.run)
    .where("m.namespace", "=", p.namespace)
    .where("m.name", "=", p.name),
);

const findMetric = async (db: Executor, scope: Scope, run: string, { name, namespace = "" }: MetricKey) =>
  (await selectMetric(db, { key: workspaceKey(scope), run, namespace, name }))[0];

/** What the tables tell of a metric. */
export const definitionOf = (row: {
  namespace: string;
  name: string;
  columns: string;
  ux_type: string | null;
  points: number;
}): MetricDefinition => ({
  name: row.name,
  ...(row.namespace === "" ? {} : { namespace: row.namespace }),
  columns: JSON.parse(row.columns) as MetricDefinition["columns"],
  ...(row.ux_type === null ? {} : { uxMetricType: row.ux_type }),
  rows: row.points,
});

/** See `MetricStore.get`. */
export async function metricOf(db: Executor, scope: Scope, runId: string, key: MetricKey) {
  const row = await findMetric(db, scope, runId, key);
  return row && definitionOf(row);
}

type Walk = { metric: number; at: number; step: number; seq: number; to: number; limit: number };

const walk = statement<Walk>()((q, p) =>
  q
    .selectFrom("metric_points")
    .select(["at", "step", "seq", "stepped", "value", "id", "data"])
    .where("metric_no", "=", p.metric)
    .where(sql<boolean>`(at, step, seq) > (${p.at}, ${p.step}, ${p.seq})`)
    .where("at", "<=", p.to)
    .orderBy("at")
    .orderBy("step")
    .orderBy("seq")
    .limit(p.limit),
);

const walkSizes = statement<Walk>()((q, p) =>
  q
    .selectFrom("metric_points")
    .select(sql<number>`coalesce(octet_length(data), 0)`.as("bytes"))
    .where("metric_no", "=", p.metric)
    .where(sql<boolean>`(at, step, seq) > (${p.at}, ${p.step}, ${p.seq})`)
    .where("at", "<=", p.to)
    .orderBy("at")
    .orderBy("step")
    .orderBy("seq")
    .limit(p.limit),
);

/** See `MetricStore.rows`. Undefined when there is no such metric. */
export async function readPoints(
  db: Executor,
  scope: Scope,
  runId: string,
  key: MetricKey,
  ask: { readonly after?: Place; readonly limit: number; readonly from?: number; readonly to?: number },
): Promise<Points | undefined> {
  const metric = await findMetric(db, scope, runId, key);
  if (!metric) return undefined;
  const [at, step, seq] = ask.after ?? [ask.from ?? FIRST, Number.MIN_SAFE_INTEGER, 0];
  const from = { metric: metric.no, at, step, seq, to: ask.to ?? LAST };
  const limit = await shortened(db, from, ask.limit, metric.data_bytes);
  const rows = (await walk.lists(db, { ...from, limit: limit + 1 })) as readonly Walked[];
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next: Place | undefined = rows.length > limit && last ? [last[0], last[1], last[2]] : undefined;
  return { rows: shown.map(packList), ...(next ? { next } : {}) };
}

/** A row of a walk as a list. */
type Walked = readonly [
  at: number,
  step: number,
  seq: number,
  stepped: number,
  value: number | null,
  id: string | null,
  data: string | null,
];

const packList = ([at, step, seq, stepped, value, id, data]: Walked): PackedPoint =>
  packColumns({ at, step, seq, stepped, value, id, data });

export const placeOf = ({ at, step, seq }: Pick<PointColumns, "at" | "step" | "seq">): Place => [
  at,
  step,
  seq,
];

/** How many rows fit into a page. */
async function shortened(
  db: Executor,
  from: Omit<Walk, "limit">,
  limit: number,
  dataBytes: number,
): Promise<number> {
  if (dataBytes <= PAGE_BYTES) return limit;
  let [rows, bytes] = [0, 0];
  for (const row of await walkSizes(db, { ...from, limit })) {
    bytes += row.bytes;
    if (bytes > PAGE_BYTES) break;
    rows += 1;
  }
  return Math.max(1, rows);
}

/** See `MetricStore.sample`: so many moments between the first and the last, and for each the first row from there on. */
export async function samplePoints(
  db: Executor,
  scope: Scope,
  runId: string,
  key: MetricKey,
  count: number,
): Promise<readonly PackedPoint[] | undefined> {
  const metric = await findMetric(db, scope, runId, key);
  if (!metric) return undefined;
  const all = { metric: metric.no, at: FIRST, step: Number.MIN_SAFE_INTEGER, seq: 0, to: LAST };
  if (metric.points <= count && metric.data_bytes <= PAGE_BYTES)
    return (await walk(db, { ...all, limit: count })).map(packColumns);
  const rows: PointColumns[] = [];
  let bytes = 0;
  const span = metric.last_at - metric.first_at;
  for (let i = 0; i < count && bytes <= PAGE_BYTES; i += 1) {
    const last = rows.at(-1);
    const moment = metric.first_at + (span * i) / Math.max(1, count - 1);
    // After the last row in any case: many may be of one moment.
    const from = last && last.at >= moment ? { ...all, ...last } : { ...all, at: moment };
    const [row] = await walk(db, {
      metric: all.metric,
      to: LAST,
      at: from.at,
      step: from.step,
      seq: from.seq,
      limit: 1,
    });
    if (!row) break;
    rows.push(row);
    bytes += row.data?.length ?? 0;
  }
  return rows.map(packColumns);
}

/** The steps of a metric, and how many rows it has. Undefined when there is no such metric. */
export async function stepRange(db: Executor, scope: Scope, runId: string, key: MetricKey) {
  const metric = await findMetric(db, scope, runId, key);
  if (!metric || metric.points === 0) return undefined;
  return { lowest: metric.lowest_step, highest: metric.highest_step, rows: metric.points };
}

/** Rows looked at in one go. */
const SCANNED = 200_000;

/**
 * Of the next rows after the place, the first in each interval of steps, `from`, `from + width`, …, with its interval. Only rows
 * that are one number. `next` is where to go on.
 */
export async function stepPoints(
  db: Executor,
  scope: Scope,
  runId: string,
  key: MetricKey,
  ask: { readonly from: number; readonly to: number; readonly width: number; readonly after?: Place },
): Promise<{
  readonly rows: readonly (readonly [interval: number, point: PackedPoint])[];
  readonly next?: Place;
}> {
  const metric = await findMetric(db, scope, runId, key);
  if (!metric) return { rows: [] };
  const [at, step, seq] = ask.after ?? [FIRST, Number.MIN_SAFE_INTEGER, 0];
  const walked = { metric: metric.no, at, step, seq, to: LAST, limit: SCANNED };
  const found = await firstOfEach(db, { ...walked, from: ask.from, until: ask.to, width: ask.width });
  const [last] = await walkEnd(db, walked);
  return {
    rows: found.map(
      ({ interval, ...row }) => [interval, packColumns({ ...row, id: null, data: null })] as const,
    ),
    ...(last ? { next: placeOf(last) } : {}),
  };
}

/** Grouped by the database: rows that are dropped anyway never become objects. */
const firstOfEach = statement<Walk & { from: number; until: number; width: number }>()((_q, p) => ({
  compile: () =>
    sql<Omit<PointColumns, "id" | "data"> & { interval: number }>`
      select "interval", at, step, seq, stepped, value from (
        select walked.*, row_number() over (partition by "interval" order by at, step, seq) as nth from (
          select at, step, seq, stepped, value, case when data is null then 1 else 0 end as plain,
            (step - cast(${p.from} as bigint)) / cast(${p.width} as bigint) as "interval"
          from metric_points
          where metric_no = ${p.metric} and (at, step, seq) > (${p.at}, ${p.step}, ${p.seq}) and at <= ${p.to}
          order by at, step, seq limit ${p.limit}
        ) as walked
        where plain = 1 and step >= ${p.from} and step <= ${p.until}
      ) as ranked
      where nth = 1 order by at, step, seq`.compile(_q),
}));

/** The last row of a walk that is not at its end. */
export const walkEnd = statement<Walk>()((q, p) =>
  q
    .selectFrom("metric_points")
    .select(["at", "step", "seq"])
    .where("metric_no", "=", p.metric)
    .where(sql<boolean>`(at, step, seq) > (${p.at}, ${p.step}, ${p.seq})`)
    .where("at", "<=", p.to)
    .orderBy("at")
    .orderBy("step")
    .orderBy("seq")
    .limit(1)
    .offset(sql<number>`cast(${p.limit} as bigint) - 1`),
);
