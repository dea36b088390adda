// The newest values of a run's metrics, few enough to be looked at.
import type { RunMetric, WorkspaceClient } from "@malachite/client";
import { queryOptions } from "@tanstack/react-query";
import { keyOf } from "../../../service/queries.ts";

const SHOWN = 12;

/** Metrics that are one number at a time; what has other forms is shown by the metrics tab. */
export const newestMetricsQuery = (workspace: WorkspaceClient, runId: string) =>
  queryOptions({
    queryKey: [keyOf(workspace), "ofRun", runId, "metrics", "newest"],
    queryFn: async ({ signal }) => {
      const pages = workspace.run(runId).listMetrics({ abortSignal: signal }).byPage();
      const all: readonly RunMetric[] = (await pages.next()).value?.value ?? [];
      const names = all
        .filter(({ kind, columns }) => kind === "azureml.v1.scalar" && Object.values(columns).every(isNumber))
        .map(({ name }) => name);
      if (names.length === 0) return { values: [], more: all.length };
      const shown = names.slice(0, SHOWN);
      const series = await workspace.metricSeries([runId], shown, { points: 1, abortSignal: signal });
      const values = series.map(({ name, last, nonFinite }) => ({
        name,
        value: last.at(-1) ?? Number(nonFinite.at(-1)?.value ?? Number.NaN),
      }));
      return { values, more: all.length - values.length };
    },
  });

const isNumber = (type: string): boolean => type === "double" || type === "int" || type === "none";
