// Series of metrics over a way to call operations: one grid for each name, and no call that walks more than a part of the rows.
import {
  type Bucket,
  type Grid,
  gridOf,
  type MetricSeries,
  mergeBuckets,
  type Scope,
  type SeriesAsk,
  type SeriesAxis,
} from "@malachite/core";
import type { Call } from "../operations.ts";
import type { BucketAsk, SeriesHead } from "./bucketPoints.ts";

/** Rows that one call walks: what else is asked of metrics waits for no more than these. About 0.2 s. */
const ROWS_AT_ONCE = 1_000_000;
/** Buckets that one call answers: they are read by the thread that serves everybody. */
const BUCKETS_AT_ONCE = 10_000;

type Job = { readonly head: SeriesHead; readonly ask: BucketAsk; readonly range: Range };
type Range = readonly [first: number, last: number];

/** See `MetricStore.series`. */
export async function* readSeries(call: Call, scope: Scope, ask: SeriesAsk): AsyncGenerator<MetricSeries> {
  const [runIds, names] = [[...new Set(ask.runIds)], [...new Set(ask.names)]];
  if (runIds.length === 0 || names.length === 0) return;
  const namespace = ask.namespace ?? "";
  const heads = await call("seriesHeads", scope, runIds, names, namespace);
  const byKey = new Map<string, SeriesHead>();
  for (const head of heads) {
    const key = JSON.stringify([head.name, head.run]);
    const there = byKey.get(key);
    // What users log goes before what was measured.
    if (!there || head.namespace === namespace) byKey.set(key, head);
  }
  const jobs = names.flatMap((name) =>
    jobsOf(
      runIds.flatMap((run) => byKey.get(JSON.stringify([name, run])) ?? []),
      ask,
    ),
  );
  for (const some of portions(jobs)) {
    const [only] = some;
    if (some.length === 1 && only && only.head.points > ROWS_AT_ONCE) {
      yield shown(only, await inParts(call, only), ask);
      continue;
    }
    const parts = await call(
      "bucketPoints",
      some.map((job) => job.ask),
    );
    for (const [i, job] of some.entries()) yield shown(job, parts[i]?.buckets ?? [], ask);
  }
}

/** One grid for all runs of a name: what is at the same x is in the same bucket. */
function jobsOf(heads: readonly SeriesHead[], { x, from, to, points }: SeriesAsk): readonly Job[] {
  const found = heads.map((head) => {
    const axis = axisOf(head, x);
    return { head, axis, range: rangeOf(head, axis) };
  });
  const least = Math.max(from ?? Number.NEGATIVE_INFINITY, Math.min(...found.map(({ range }) => range[0])));
  const greatest = Math.min(to ?? Number.POSITIVE_INFINITY, Math.max(...found.map(({ range }) => range[1])));
  const kind = found.every(({ axis }) => axis === "step" || axis === "index") ? "step" : x;
  const grid: Grid =
    least <= greatest
      ? gridOf(least, greatest, points, kind)
      : { ...gridOf(0, 0, 1, kind), first: 0, last: -1 };
  return found.map(({ head, axis, range }) => ({
    head,
    range,
    ask: { metric: head.no, axis, grid, from: least, to: greatest, began: head.began },
  }));
}

/** Where all values are of one step, most likely none was given: they are told apart by their places. */
const axisOf = ({ steps: [lowest, highest], points }: SeriesHead, x: SeriesAsk["x"]): SeriesAxis =>
  x === "step" && lowest === highest && points > 1 ? "index" : x;

function rangeOf({ steps, times: [first, last], points, began }: SeriesHead, axis: SeriesAxis): Range {
  switch (axis) {
    case "step":
      return steps;
    case "index":
      return [0, points - 1];
    case "time":
      return [first, last];
    case "relativeTime":
      return [first - began, last - began];
  }
}

/** As many as one call may do, in order; one alone that is larger. */
function* portions(jobs: readonly Job[]): Generator<readonly Job[]> {
  let some: Job[] = [];
  let [rows, buckets] = [0, 0];
  for (const job of jobs) {
    const { first, last } = job.ask.grid;
    const own = Math.min(job.head.points, last - first + 1);
    if (some.length > 0 && (rows + job.head.points > ROWS_AT_ONCE || buckets + own > BUCKETS_AT_ONCE)) {
      yield some;
      some = [];
      [rows, buckets] = [0, 0];
    }
    some.push(job);
    rows += job.head.points;
    buckets += own;
  }
  if (some.length > 0) yield some;
}

async function inParts(call: Call, { ask }: Job): Promise<readonly Bucket[]> {
  let buckets: readonly Bucket[] = [];
  let place: Omit<NonNullable<BucketAsk["part"]>, "limit"> | undefined = { seen: 0 };
  while (place) {
    const part: Awaited<ReturnType<typeof bucketPart>> = await bucketPart(call, ask, place);
    buckets = mergeBuckets(buckets, part?.buckets ?? []);
    place = part?.next;
  }
  return buckets;
}

const bucketPart = async (call: Call, ask: BucketAsk, place: Omit<NonNullable<BucketAsk["part"]>, "limit">) =>
  (await call("bucketPoints", [{ ...ask, part: { ...place, limit: ROWS_AT_ONCE } }]))[0];

function shown({ head, ask, range }: Job, buckets: readonly Bucket[], { x }: SeriesAsk): MetricSeries {
  return {
    runId: head.run,
    name: head.name,
    ...(head.namespace === "" ? {} : { namespace: head.namespace }),
    ...(head.uxType === null ? {} : { uxMetricType: head.uxType }),
    axis: ask.axis,
    total: head.points,
    firstX: range[0],
    lastX: range[1],
    ...(x === "relativeTime" ? { startedAt: head.began } : {}),
    width: ask.grid.width,
    buckets,
  };
}
