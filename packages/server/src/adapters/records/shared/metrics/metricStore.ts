// The port of metrics over a way to call operations: cuts large posts, packs rows for the way, and lets no flood of points keep
// other writes waiting.
import {
  type LatestMetric,
  MalachiteError,
  type MetricPost,
  type MetricRefusal,
  type MetricRow,
  type MetricStore,
} from "@malachite/core";
import type { Call } from "../operations.ts";
import type { PackedPost } from "./addPoints.ts";
import { createGate } from "./gate.ts";
import { packRow, unpackRow } from "./points.ts";
import type { Place } from "./readPoints.ts";
import { readSeries } from "./series.ts";

/** Rows, and bytes of large cells, that one write holds at most, unless one row alone is larger. */
const WRITE_ROWS = 1_000;
const WRITE_BYTES = 1024 * 1024;
/** Rows that are on their way to the writer at a time: what else is to be written waits for no more than these. */
const ROWS_UNDER_WAY = 4_000;
const MOST_METRICS = 1_000;
const MOST_ROWS = 10_000;
/** What a post costs beside its rows, in rows. */
const POST_COST = 2;

export function createMetricStore(call: Call): MetricStore {
  const gate = createGate(ROWS_UNDER_WAY);
  return {
    async add(scope, runId, posts) {
      const refused = new Map<number, MetricRefusal>();
      for (const { packed, weight } of pieces(posts)) {
        const left = refused.size === 0 ? packed : packed.filter(({ post }) => !refused.has(post));
        const found = await gate(weight, () => call("addPoints", scope, runId, left));
        for (const refusal of found) refused.set(refusal.post, refusal);
      }
      return [...refused.values()];
    },

    async list(scope, runId, { namespace = "", after, limit }) {
      const ask = {
        namespace,
        limit: between(limit, MOST_METRICS),
        ...given("after", after && readName(after)),
      };
      const { values, more } = await call("listMetrics", scope, runId, ask);
      const last = values.at(-1);
      return { values, ...given("next", more && last ? printed(last.name) : undefined) };
    },

    get: (scope, runId, key) => call("metricOf", scope, runId, key),

    async rows(scope, runId, key, { after, limit, from, to }) {
      const place = after === undefined ? undefined : readPlace(after);
      const page = await call("readPoints", scope, runId, key, {
        limit: between(limit, MOST_ROWS),
        ...given("after", place),
        ...given("from", from),
        ...given("to", to),
      });
      if (!page) return { values: [] };
      const values = page.rows.map((row) => unpackRow(key.name, row));
      return { values, ...given("next", page.next && printed(page.next)) };
    },

    async sample(scope, runId, key, count) {
      const rows = await call("samplePoints", scope, runId, key, between(count, MOST_ROWS));
      return (rows ?? []).map((row) => unpackRow(key.name, row));
    },

    async sampleSteps(scope, runIds, key, ask) {
      const ids = [...new Set(runIds)];
      const ranges = await Promise.all(ids.map((id) => call("stepRange", scope, id, key)));
      const there = ranges.flatMap((range) => range ?? []);
      const from = Math.max(ask.from ?? Number.MIN_SAFE_INTEGER, Math.min(...there.map((r) => r.lowest)));
      const to = Math.min(ask.to ?? Number.MAX_SAFE_INTEGER, Math.max(...there.map((r) => r.highest)));
      const sampled = new Map<string, readonly MetricRow[]>();
      if (there.length === 0 || to < from) return sampled;
      // One interval less than asked for: the last step of all falls into one of its own.
      const width = Math.max(1, Math.ceil((to - from) / Math.max(1, between(ask.count, MOST_ROWS) - 1)));
      for (const [i, runId] of ids.entries()) {
        if (!ranges[i]) continue;
        const rows = new Map<number, MetricRow>();
        let after: Place | undefined;
        do {
          const part = await call("stepPoints", scope, runId, key, {
            from,
            to,
            width,
            ...given("after", after),
          });
          for (const [interval, row] of part.rows)
            if (!rows.has(interval)) rows.set(interval, unpackRow(key.name, row));
          after = part.next;
        } while (after !== undefined);
        if (rows.size > 0)
          sampled.set(
            runId,
            [...rows].sort(([a], [b]) => a - b).map(([, row]) => row),
          );
      }
      return sampled;
    },

    series: (scope, ask) => readSeries(call, scope, ask),

    async find(scope, metricId) {
      const found = await call("findPoint", scope, metricId);
      return found && { ...found, rows: found.rows.map((row) => unpackRow(found.metric.name, row)) };
    },

    async latest(scope, runIds, namespace = "") {
      const byRun = new Map<string, LatestMetric[]>();
      for (const { run, value, ...rest } of await call("latestMetrics", scope, runIds, namespace)) {
        const list = byRun.get(run) ?? [];
        list.push({ ...rest, value: Number(value) });
        byRun.set(run, list);
      }
      return byRun;
    },

    async remove(scope, runId, keys) {
      await call("dropMetrics", scope, runId, keys ?? null);
      // What a crash leaves here is invisible, and the next removal takes it with it.
      while (await call("sweepPoints"));
    },
  };
}

/** The posts in pieces for one write each. A post may lie in several, and its first rows are in the first. */
function* pieces(
  posts: readonly MetricPost[],
): Generator<{ readonly packed: readonly PackedPost[]; readonly weight: number }> {
  let packed: PackedPost[] = [];
  let [rows, bytes] = [0, 0];
  const isFull = () => rows >= WRITE_ROWS || packed.length > WRITE_ROWS || bytes >= WRITE_BYTES;
  const cut = () => {
    const piece = { packed, weight: rows + POST_COST * packed.length };
    packed = [];
    [rows, bytes] = [0, 0];
    return piece;
  };
  for (const [post, { rows: all, uxMetricType, namespace = "", ...rest }] of posts.entries()) {
    if (isFull()) yield cut();
    const head = { ...rest, post, namespace, ...given("uxType", uxMetricType) };
    let own: PackedPost["rows"][number][] = [];
    packed.push({ ...head, rows: own });
    for (const row of all) {
      if (isFull()) {
        yield cut();
        own = [];
        packed.push({ ...head, rows: own });
      }
      const point = packRow(rest.name, row);
      own.push(point);
      rows += 1;
      bytes += point[4]?.length ?? 0;
    }
  }
  if (packed.length > 0) yield cut();
}

const between = (count: number, most: number): number => Math.min(most, Math.max(1, Math.trunc(count) || 1));

const given = <K extends string, V>(name: K, value: V | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [name in K]?: V };

const printed = (place: string | Place): string => Buffer.from(JSON.stringify(place)).toString("base64url");

function parsed(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return undefined; // Not even JSON: what was expected of it tells more.
  }
}

function readName(token: string): string {
  const name = parsed(token);
  if (typeof name === "string") return name;
  throw badToken();
}

function readPlace(token: string): Place {
  const place = parsed(token);
  if (Array.isArray(place) && place.length === 3 && place.every((n) => typeof n === "number"))
    return place as unknown as Place;
  throw badToken();
}

const badToken = (): MalachiteError =>
  new MalachiteError(
    "BadContinuationToken",
    "The continuation token was not made by this list. Begin again without one.",
    { target: "continuationToken" },
  );
