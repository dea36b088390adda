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
    .select("r.no")
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id),
);

const findMetric = statement<{ run: number; namespace: string; name: string }>()((q, p) =>
  q
    .selectFrom("metrics")
    .selectAll()
    .where("run_no", "=", p.run)
    .where("namespace", "=", p.namespace)
    .where("name", "=", p.name),
);

const insertMetric = statement<{
  run: number;
  namespace: string;
  name: string;
  columns: string;
  ux: string | null;
}>()((q, p) =>
  q
    .insertInto("metrics")
    .values({
      run_no: p.run,
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
    })
    .returningAll(),
);

const updateMetric = statement<Tally & { no: number; columns: string; ux: string | null }>()((q, p) =>
  q
    .updateTable("metrics")
    .set({
      columns: p.columns,
      ux_type: p.ux,
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
};

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
    .onConflict((conflict) => conflict.doNothing())
    .returning("seq"),
);

/** The same, unless a point of this content is there. */
const insertContent = statement<Point>()((_q, p) => ({
  compile: () =>
    sql<{ seq: number }>`insert into metric_points (metric_no, at, step, seq, stepped, value, id, data)
      select ${p.metric}, ${p.at}, ${p.step}, ${p.seq}, ${p.stepped}, ${p.value}, ${p.id}, ${p.data}
      where not exists (select 1 from metric_points where metric_no = ${p.metric} and at = ${p.at} and step = ${p.step}
        and value is not distinct from ${p.value} and data is not distinct from ${p.data})
      returning seq`.compile(_q),
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
  const refused: MetricRefusal[] = [];
  for (const post of posts) {
    const refusal = await addPost(db, run.no, post);
    if (refusal) refused.push(refusal);
  }
  return refused;
}

async function addPost(db: Executor, run: number, post: PackedPost): Promise<MetricRefusal | undefined> {
  const { namespace, name } = post;
  const [there] = await findMetric(db, { run, namespace, name });
  const before = there ? (JSON.parse(there.columns) as MetricColumns) : {};
  const columns = mergeColumns(before, post);
  if ("why" in columns) return { post: post.post, ...columns };
  const ux = there?.ux_type ?? post.uxType ?? null;
  const printed = columns.merged === before && there ? there.columns : JSON.stringify(columns.merged);
  const [metric] = there ? [there] : await insertMetric(db, { run, namespace, name, columns: printed, ux });
  if (!metric) throw new Error("An inserted metric was not answered.");

  const tally: Tally = { ...metric };
  const insert = post.sameBy === "content" ? insertContent : insertPoint;
  for (const packed of post.rows) {
    const point = pointOf(metric.no, tally.last_seq + 1, packed);
    const [added] = await (point.id === null ? insert : insertPoint)(db, point);
    if (added) count(tally, point);
  }
  const { no } = metric;
  await updateMetric(db, { ...tally, no, columns: printed, ux });
  return undefined;
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

function count(tally: Tally, { at, step, seq, value, data }: Point): void {
  const first = tally.points === 0;
  tally.points += 1;
  tally.last_seq = seq;
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
