// What pages fetch of metrics: which there are, and series for plots. Series are refreshed here and no more often than is good:
// a run may log faster than a million values can be put together.
import type { MetricCell, MetricRow, MetricSeries, RunMetric, WorkspaceClient } from "@malachite/client";
import { keepPreviousData, queryOptions, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { batched } from "./batch.ts";
import { useConnection, useNews } from "./live.tsx";
import { paced } from "./paced.ts";
import { keyOf } from "./queries.ts";
import { useWorkspace } from "./service.tsx";

export const SYSTEM = "system";

/** All metrics of a run: what was logged, then what the service measured. */
export const metricsQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "metricsOf", runId, "list"],
    queryFn: async ({ signal }) => {
      const run = workspace.run(runId);
      const all: RunMetric[] = [];
      for await (const metric of run.listMetrics({ abortSignal: signal })) all.push(metric);
      for await (const metric of run.listMetrics({ namespace: SYSTEM, abortSignal: signal }))
        all.push(metric);
      return all;
    },
    placeholderData: keepPreviousData,
  });

/** The value of a metric that was logged once. */
export const valueQuery = (workspace: WorkspaceClient, runId: string, metric: RunMetric) =>
  queryOptions({
    queryKey: [keyOf(workspace), "metricsOf", runId, "series", runId, metric.name, "value"],
    queryFn: async ({ signal }): Promise<MetricCell> => {
      const isNumber = Object.values(metric.columns).every((type) => /^(int|double)$/i.test(type));
      if (!isNumber) {
        const rows = workspace
          .run(runId)
          .metricRows(metric.name, { namespace: metric.namespace, abortSignal: signal });
        for await (const row of rows) return Object.values(row.data)[0] ?? null;
        return null;
      }
      const runIds = [runId];
      const key = JSON.stringify({ ask: { namespace: metric.namespace, points: 1 }, runIds });
      const [series] = await askerOf(workspace)(key, { runIds, name: metric.name });
      return series?.last.at(-1) ?? Number(series?.nonFinite.at(-1)?.value ?? Number.NaN);
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** More rows than people look at, few enough for the page to hold. */
export const MOST_ROWS = 100_000;

/** The rows of a metric, at most `MOST_ROWS` of them. */
export const rowsQuery = (workspace: WorkspaceClient, runId: string, metric: RunMetric) =>
  queryOptions({
    queryKey: [keyOf(workspace), "metricsOf", runId, "series", runId, metric.name, "rows"],
    queryFn: async ({ signal }) => {
      const rows: MetricRow[] = [];
      const ask = { namespace: metric.namespace, abortSignal: signal };
      for await (const row of workspace.run(runId).metricRows(metric.name, ask)) {
        if (rows.length === MOST_ROWS) return { rows, more: true };
        rows.push(row);
      }
      return { rows, more: false };
    },
    staleTime: Number.POSITIVE_INFINITY,
    // A long table is not kept for long once nobody sees it.
    gcTime: 30_000,
  });

/** The chart that the newest row of a metric names. */
export const chartQuery = (workspace: WorkspaceClient, runId: string, metric: RunMetric) =>
  queryOptions({
    queryKey: [keyOf(workspace), "metricsOf", runId, "series", runId, metric.name, "chart"],
    queryFn: ({ signal }) => workspace.run(runId).readChart(metric, { abortSignal: signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export type SeriesAsk = {
  readonly namespace?: string;
  readonly x: "step" | "time" | "relativeTime";
  readonly from?: number;
  readonly to?: number;
  readonly points: number;
};

type Item = { readonly runIds: readonly string[]; readonly name: string };
/** So many plots of one run in one request: the first plots need not wait for the last ones. */
const MOST_ITEMS = 12;
/** Series of one request: the service's own limit is 1,000. */
const MOST_SERIES = 900;

const askers = new WeakMap<WorkspaceClient, (key: string, item: Item) => Promise<readonly MetricSeries[]>>();
function askerOf(workspace: WorkspaceClient) {
  const there = askers.get(workspace);
  if (there !== undefined) return there;
  const made = batched<Item, readonly MetricSeries[]>(async (items, key) => {
    const runIds = items[0]?.runIds ?? [];
    const names = [...new Set(items.map(({ name }) => name))];
    const atOnce = Math.max(1, Math.floor(MOST_SERIES / Math.max(1, runIds.length)));
    const byName = new Map<string, MetricSeries[]>();
    for (let i = 0; i < names.length; i += atOnce)
      for (const series of await workspace.metricSeries(
        runIds,
        names.slice(i, i + atOnce),
        JSON.parse(key).ask,
      )) {
        const some = byName.get(series.name) ?? [];
        some.push(series);
        byName.set(series.name, some);
      }
    return items.map(({ name }) => byName.get(name) ?? []);
  }, MOST_ITEMS);
  askers.set(workspace, made);
  return made;
}

/** A metric of some runs, in buckets. Those without it have no series. */
export const seriesQuery = (
  workspace: WorkspaceClient,
  runIds: readonly string[],
  name: string,
  ask: SeriesAsk,
) =>
  queryOptions({
    queryKey: [
      keyOf(workspace),
      "metricsOf",
      runIds.length === 1 ? runIds[0] : "many",
      "series",
      runIds.join(),
      name,
      ask,
    ],
    queryFn: () => askerOf(workspace)(JSON.stringify({ ask, runIds }), { runIds, name }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** After news the next look is so much later, and three times what the last one took, so that a service is never kept busy by looking. */
const LEAST_MS = 500;

/** Keeps the lists and the series of runs up to date while they log. */
export function useFreshMetrics(runIds: readonly string[]): void {
  const workspace = useWorkspace();
  const queries = useQueryClient();
  const asked = useRef(runIds);
  asked.current = runIds;
  const [pace] = useState(() =>
    paced(async (names: ReadonlySet<string> | undefined) => {
      await queries.invalidateQueries({
        predicate: ({ queryKey: [ws, what, run, part, ids, name] }) =>
          ws === keyOf(workspace) &&
          what === "metricsOf" &&
          (run === "many" ? (ids as string).split(",") : [run as string]).some((id) =>
            asked.current.includes(id),
          ) &&
          (part !== "series" || names === undefined || names.has(name as string)),
      });
    }, LEAST_MS),
  );
  useNews((news) => {
    if (news.kind === "metrics" && asked.current.includes(news.runId)) pace.add(news.names);
  });
  useEffect(() => pace.stop, [pace]);
  // What was logged while the stream was away was told to nobody.
  const connection = useConnection();
  const wasLost = useRef(false);
  useEffect(() => {
    if (connection === "live" && wasLost.current) pace.add(undefined);
    wasLost.current = connection === "lost";
  }, [connection, pace]);
}
