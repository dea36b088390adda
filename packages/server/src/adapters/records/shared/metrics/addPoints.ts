// Adds points to metrics of a run. One call is one share of a transaction, so its size is bounded by the caller.
import {
  MalachiteError,
  type MetricColumns,
  type MetricColumnType,
  type MetricRefusal,
  type Scope,
  workspaceKey,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { statement } from "../statement.ts";
import { clamped } from "../tracking/searchSql.ts";
import type { PackedPoint } from "./points.ts";

/** `MetricPost` as it travels: rows packed, the place among the caller's posts with it. */
export type PackedPost = {
  readonly post: number;
  readonly namespace: string;
  readonly name: string;
  readonly columns: MetricColumns;
  readonly uxType?: string;
  readonly sameBy?: "content";
  readonly onClash?: "widen";
  readonly rows: readonly PackedPoint[];
};

const runNo = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .select(["r.no", "r.experiment_no"])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id),
);

const findMetrics = statement<{ run: number; names: string }>()((q, p, { texts }) =>
  q
    .selectFrom("metrics")
    .selectAll()
    .where("run_no", "=", p.run)
    .where("name", "in", sql<string>`(select value from ${texts(p.names)} as named)`),
);

const insertMetric = statement<{
  run: number;
  experiment: number;
  namespace: string;
  name: string;
  columns: string;
  ux: string | null;
}>()((q, p) =>
  q
    .insertInto("metrics")
    .values({
      run_no: p.run,
      experiment_no: p.experiment,
      namespace: p.namespace,
      name: p.name,
      columns: p.columns,
      ux_type: p.ux,
      points: 0,
      last_seq: 0,
      data_bytes: 0,
      lowest_step: 0,
      highest_step: 0,
      first_at: 0,
      last_at: 0,
      has_latest: 0,
      latest_value: null,
      latest_step: 0,
      latest_at: 0,
      latest_order: null,
    })
    .returningAll(),
);

const updateMetric = statement<MetricRow>()((q, p) =>
  q
    .updateTable("metrics")
    .set({
      columns: p.columns,
      ux_type: p.ux_type,
      points: p.points,
      last_seq: p.last_seq,
      data_bytes: p.data_bytes,
      lowest_step: p.lowest_step,
      highest_step: p.highest_step,
      first_at: p.first_at,
      last_at: p.last_at,
      has_latest: p.has_latest,
      latest_value: p.latest_value,
      latest_step: p.latest_step,
      latest_at: p.latest_at,
      latest_order: p.latest_order,
    })
    .where("no", "=", p.no),
);

type Tally = {
  points: number;
  last_seq: number;
  data_bytes: number;
  lowest_step: number;
  highest_step: number;
  first_at: number;
  last_at: number;
  has_latest: number;
  latest_value: number | null;
  latest_step: number;
  latest_at: number;
  latest_order: number | null;
};

type MetricRow = Tally & { no: number; namespace: string; columns: string; ux_type: string | null };

type Point = {
  metric: number;
  at: number;
  step: number;
  seq: number;
  stepped: number;
  value: number | null;
  id: string | null;
  data: string | null;
};

const insertPoint = statement<Point>()((q, p) =>
  q
    .insertInto("metric_points")
    .values({
      metric_no: p.metric,
      at: p.at,
      step: p.step,
      seq: p.seq,
      stepped: p.stepped,
      value: p.value,
      id: p.id,
      data: p.data,
    })
    .onConflict((conflict) => conflict.doNothing()),
);

/** The same, unless a point of this content is there. */
const insertContent = statement<Point>()((_q, p) => ({
  compile: () =>
    sql<never>`insert into metric_points (metric_no, at, step, seq, stepped, value, id, data)
      select ${p.metric}, ${p.at}, ${p.step}, ${p.seq}, ${p.stepped}, ${p.value}, ${p.id}, ${p.data}
      where not exists (select 1 from metric_points where metric_no = ${p.metric} and at = ${p.at} and step = ${p.step}
        and value is not distinct from ${p.value} and data is not distinct from ${p.data})`.compile(_q),
}));

/** See `MetricStore.add`. */
export async function addPoints(
  db: Executor,
  scope: Scope,
  runId: string,
  posts: readonly PackedPost[],
): Promise<readonly MetricRefusal[]> {
  const [run] = await runNo(db, { key: workspaceKey(scope), id: runId });
  if (!run)
    throw new MalachiteError("RunNotFound", `The workspace '${scope.workspace}' has no run '${runId}'.`, {
      target: "runId",
    });
  const metrics = await metricsOf(db, run.no, posts);
  const refused: MetricRefusal[] = [];
  const added: Added[] = [];
  for (const post of posts) {
    const refusal = await addPost(db, run, post, metrics, added);
    if (refusal) refused.push(refusal);
  }
  await insert(db, added);
  const touched = [...metrics.values()].filter((metric) => metric.touched);
  await updateMetric.each(
    db,
    touched.map(({ row }) => row),
  );
  return refused;
}

/** A metric that is written to. */
type Metric = {
  readonly row: MetricRow;
  touched: boolean;
  /** Between these lie all points that are there or were given before. */
  within: Box | undefined;
};
type Box = { from: number; to: number; lowest: number; highest: number };

type Added = { readonly metric: Metric; readonly point: Point; readonly by: typeof insertPoint };

const keyOf = (namespace: string, name: string): string => JSON.stringify([namespace, name]);

async function metricsOf(
  db: Executor,
  run: number,
  posts: readonly PackedPost[],
): Promise<Map<string, Metric>> {
  const names = JSON.stringify(posts.map(({ name }) => name));
  const rows = await findMetrics(db, { run, names });
  return new Map(rows.map((row) => [keyOf(row.namespace, row.name), metricOf(row)]));
}

const metricOf = (row: MetricRow): Metric => ({
  row,
  touched: false,
  within:
    row.points === 0
      ? undefined
      : { from: row.first_at, to: row.last_at, lowest: row.lowest_step, highest: row.highest_step },
});

/** Takes the metric's own part of the post, and adds its points to those that are to be inserted. */
async function addPost(
  db: Executor,
  run: { readonly no: number; readonly experiment_no: number },
  post: PackedPost,
  metrics: Map<string, Metric>,
  added: Added[],
): Promise<MetricRefusal | undefined> {
  const { namespace, name } = post;
  let metric = metrics.get(keyOf(namespace, name));
  const before = metric ? (JSON.parse(metric.row.columns) as MetricColumns) : {};
  const columns = mergeColumns(before, post);
  if ("why" in columns) return { post: post.post, ...columns };
  const ux = metric?.row.ux_type ?? post.uxType ?? null;
  const printed = columns.merged === before && metric ? metric.row.columns : JSON.stringify(columns.merged);
  if (!metric) {
    const [made] = await insertMetric(db, {
      run: run.no,
      experiment: run.experiment_no,
      namespace,
      name,
      columns: printed,
      ux,
    });
    if (!made) throw new Error("An inserted metric was not answered.");
    metric = metricOf(made);
    metrics.set(keyOf(namespace, name), metric);
  }
  metric.touched = true;
  metric.row.columns = printed;
  metric.row.ux_type = ux;
  for (const packed of post.rows) {
    metric.row.last_seq += 1;
    const point = pointOf(metric.row.no, metric.row.last_seq, packed);
    const mayBeThere = post.sameBy === "content" && point.id === null && isWithin(metric.within, point);
    added.push({ metric, point, by: mayBeThere ? insertContent : insertPoint });
    metric.within = widened(metric.within, point);
  }
  return undefined;
}

/** A point beyond all others is new without a look: most are, since runs log forward. */
const isWithin = (box: Box | undefined, { at, step }: Point): boolean =>
  box !== undefined && at >= box.from && at <= box.to && step >= box.lowest && step <= box.highest;

function widened(box: Box | undefined, { at, step }: Point): Box {
  if (!box) return { from: at, to: at, lowest: step, highest: step };
  box.from = Math.min(box.from, at);
  box.to = Math.max(box.to, at);
  box.lowest = Math.min(box.lowest, step);
  box.highest = Math.max(box.highest, step);
  return box;
}

/** In the order given; those that one statement inserts, one after another, together. */
async function insert(db: Executor, added: readonly Added[]): Promise<void> {
  for (let from = 0, to = 0; from < added.length; from = to) {
    const by = added[from]?.by ?? insertPoint;
    while (added[to]?.by === by) to += 1;
    const some = added.slice(from, to);
    const changed = await by.each(
      db,
      some.map(({ point }) => point),
    );
    for (const [i, { metric, point }] of some.entries()) if (changed[i] === 1) count(metric.row, point);
  }
}

const pointOf = (metric: number, seq: number, [at, step, value, id, data]: PackedPoint): Point => ({
  metric,
  at,
  step: step ?? 0,
  seq,
  stepped: step === null ? 0 : 1,
  value: value === null || value === "NaN" ? null : Number(value),
  id,
  data,
});

function count(tally: MetricRow, { at, step, value, data }: Point): void {
  const first = tally.points === 0;
  tally.points += 1;
  tally.data_bytes += data?.length ?? 0;
  tally.lowest_step = first ? step : Math.min(tally.lowest_step, step);
  tally.highest_step = first ? step : Math.max(tally.highest_step, step);
  tally.first_at = first ? at : Math.min(tally.first_at, at);
  tally.last_at = first ? at : Math.max(tally.last_at, at);
  if (data !== null) return;
  if (tally.has_latest === 1 && !isNewer(tally, { at, step, value })) return;
  tally.has_latest = 1;
  tally.latest_value = value;
  tally.latest_step = step;
  tally.latest_at = at;
  tally.latest_order = value === null || tally.namespace !== "" ? null : clamped(value);
}

/** The larger step, then time, then value; NaN is less than any value. */
function isNewer(
  latest: Pick<Tally, "latest_at" | "latest_step" | "latest_value">,
  { at, step, value }: Pick<Point, "at" | "step" | "value">,
): boolean {
  if (step !== latest.latest_step) return step > latest.latest_step;
  if (at !== latest.latest_at) return at > latest.latest_at;
  return value !== null && (latest.latest_value === null || value > latest.latest_value);
}

/** Each new column writes the list of all anew. */
const MOST_COLUMNS = 2_000;

type Refused =
  | {
      readonly why: "type";
      readonly column: string;
      readonly has: MetricColumnType;
      readonly given: MetricColumnType;
    }
  | { readonly why: "columns"; readonly most: number };

/** The columns together; `merged` is `before` itself when the post has nothing new. */
function mergeColumns(
  before: MetricColumns,
  { columns, onClash }: PackedPost,
): { readonly merged: MetricColumns } | Refused {
  let merged: Map<string, MetricColumnType> | undefined;
  for (const [column, given] of Object.entries(columns)) {
    const has = Object.hasOwn(before, column) ? before[column] : undefined;
    const together = has === undefined ? given : wider(has, given);
    if (together === undefined && onClash !== "widen")
      return { why: "type", column, has: has ?? "none", given };
    const type = together ?? "string";
    if (type === has) continue;
    merged ??= new Map(Object.entries(before));
    merged.set(column, type);
  }
  if (merged && merged.size > MOST_COLUMNS) return { why: "columns", most: MOST_COLUMNS };
  return { merged: merged ? Object.fromEntries(merged) : before };
}

/** The type that holds the values of both; undefined when there is none. */
function wider(has: MetricColumnType, given: MetricColumnType): MetricColumnType | undefined {
  if (has === given || given === "none") return has;
  if (has === "none") return given;
  const numbers = (type: MetricColumnType) => type === "int" || type === "double";
  return numbers(has) && numbers(given) ? "double" : undefined;
}
