// Reads metrics as plots need them: which there are, and their points put together in buckets while they are walked.
import {
  type Bucket,
  Buckets,
  type Grid,
  type Scope,
  type SeriesAxis,
  SYSTEM_NAMESPACE,
  SYSTEM_PREFIX,
  workspaceKey,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { NOT_STARTED_AT } from "../schema.ts";
import { statement } from "../statement.ts";
import { FIRST, LAST, type Place, placeOf, walkEnd } from "./readPoints.ts";

/** A metric of a run as its row tells it. */
export type SeriesHead = {
  readonly no: number;
  readonly run: string;
  readonly namespace: string;
  readonly name: string;
  readonly uxType: string | null;
  readonly points: number;
  readonly steps: readonly [lowest: number, highest: number];
  readonly times: readonly [first: number, last: number];
  /** When its run began, or was made. */
  readonly began: number;
};

const selectHeads = statement<{
  key: string;
  runs: string;
  names: string;
  namespace: string;
  measured: string;
}>()((q, p, { texts }) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .innerJoin("metrics as m", "m.run_no", "r.no")
    .select(["m.no", "r.id as run", "m.namespace", "m.name", "m.ux_type", "m.points"])
    .select(["m.lowest_step", "m.highest_step", "m.first_at", "m.last_at", "r.started_at", "r.created_at"])
    .where("w.key", "=", p.key)
    .where("r.id", "in", sql<string>`(select value from ${texts(p.runs)} as asked)`)
    .where("m.name", "in", sql<string>`(select value from ${texts(p.names)} as named)`)
    .where(
      sql<boolean>`(m.namespace = ${p.namespace} or
        (m.namespace = ${p.measured} and substr(m.name, 1, ${SYSTEM_PREFIX.length}) = ${SYSTEM_PREFIX}))`,
    )
    .where("m.points", ">", 0),
);

/** See `MetricStore.series`. Both namespaces where none was asked for: the caller picks. */
export async function seriesHeads(
  db: Executor,
  scope: Scope,
  runIds: readonly string[],
  names: readonly string[],
  namespace: string,
): Promise<readonly SeriesHead[]> {
  const rows = await selectHeads(db, {
    key: workspaceKey(scope),
    runs: JSON.stringify(runIds),
    names: JSON.stringify(names),
    namespace,
    measured: namespace === "" ? SYSTEM_NAMESPACE : namespace,
  });
  return rows.map((row) => ({
    no: row.no,
    run: row.run,
    namespace: row.namespace,
    name: row.name,
    uxType: row.ux_type,
    points: row.points,
    steps: [row.lowest_step, row.highest_step],
    times: [row.first_at, row.last_at],
    began: row.started_at === NOT_STARTED_AT ? row.created_at : row.started_at,
  }));
}

/** What is to be walked of a metric. */
export type BucketAsk = {
  readonly metric: number;
  readonly axis: SeriesAxis;
  readonly grid: Grid;
  readonly from: number;
  readonly to: number;
  /** Where 0 is of relative times. */
  readonly began: number;
  /** Only so many rows, from the place on; without, all. */
  readonly part?: { readonly limit: number; readonly after?: Place; readonly seen: number };
};

export type BucketPart = {
  readonly buckets: readonly Bucket[];
  /** Where to go on, and how many values came before. */
  readonly next?: { readonly after: Place; readonly seen: number };
};

/** The buckets of each. Only rows that are one number count. */
export async function bucketPoints(db: Executor, asks: readonly BucketAsk[]): Promise<readonly BucketPart[]> {
  const parts: BucketPart[] = [];
  for (const ask of asks) parts.push(await bucketsOf(db, ask));
  return parts;
}

async function bucketsOf(db: Executor, ask: BucketAsk): Promise<BucketPart> {
  const { axis, from, to, began, part } = ask;
  const buckets = new Buckets(ask.grid);
  const add = (x: number, value: unknown) => {
    if (x >= from && x <= to) buckets.add(x, value === null ? Number.NaN : (value as number));
  };
  const [at, step, seq] = part?.after ?? [FIRST, Number.MIN_SAFE_INTEGER, 0];
  const walked = {
    metric: ask.metric,
    at,
    step,
    seq,
    to: LAST,
    limit: part?.limit ?? Number.MAX_SAFE_INTEGER,
  };
  let seen = part?.seen ?? 0;
  if (axis === "index")
    await steps.scan(db, walked, ["value"], (value) => {
      add(seen, value);
      seen += 1;
    });
  else if (axis === "step")
    await steps.scan(db, walked, ["step", "value"], (x, value) => add(x as number, value));
  else {
    // A millisecond more on both sides: a sum of times may be off by the last bit, `add` is exact.
    const zero = axis === "time" ? 0 : began;
    const earliest = from + zero - 1;
    const start = earliest > at ? { at: earliest, step: Number.MIN_SAFE_INTEGER, seq: 0 } : {};
    const range = { ...walked, ...start, to: Math.min(LAST, to + zero + 1) };
    await times.scan(db, range, ["at", "value"], (x, value) => add((x as number) - zero, value));
    if (part) return ended(db, range, buckets, seen);
  }
  return part ? ended(db, walked, buckets, seen) : { buckets: buckets.list() };
}

type Walk = { metric: number; at: number; step: number; seq: number; to: number; limit: number };

async function ended(db: Executor, walked: Walk, buckets: Buckets, seen: number): Promise<BucketPart> {
  const [last] = await walkEnd(db, walked);
  return { buckets: buckets.list(), ...(last ? { next: { after: placeOf(last), seen } } : {}) };
}

/** Rows that are one number, in order of time. */
const numbersOf = (x: "at" | "step") =>
  statement<Walk>()((q, p) => ({
    compile: () =>
      sql<{ at: number; step: number; value: number | null }>`
        select ${sql.ref(x)}, value from (
          select at, step, value, data from metric_points
          where metric_no = ${p.metric} and (at, step, seq) > (${p.at}, ${p.step}, ${p.seq}) and at <= ${p.to}
          order by at, step, seq limit ${p.limit}
        ) as walked where data is null`.compile(q),
  }));
const steps = numbersOf("step");
const times = numbersOf("at");
