// Values of metrics over time, as MLflow's clients read them: only numbers under the metric's own name.
import type { MetricRow } from "../../domain/metric/metric.ts";
import type { Page } from "../../domain/query/filter.ts";
import type { Scope } from "../../domain/scope.ts";
import type { FlowPorts } from "../ports.ts";
import { runBy } from "./runs.ts";
import type { MetricPoint } from "./trackingFlow.ts";

export async function history(
  scope: Scope,
  runId: string,
  name: string,
  ask: { readonly after?: string; readonly limit: number },
  ports: Pick<FlowPorts, "runs" | "metrics">,
): Promise<Page<MetricPoint>> {
  if (ask.after === undefined) await runBy(scope, runId, ports);
  const page = await ports.metrics.rows(scope, runId, { name }, ask);
  return { ...page, values: page.values.flatMap((row) => pointOf(row, name)) };
}

export async function sampleHistories(
  scope: Scope,
  runIds: readonly string[],
  name: string,
  ask: { readonly from?: number; readonly to?: number; readonly count: number },
  { metrics }: Pick<FlowPorts, "metrics">,
): Promise<readonly { readonly runId: string; readonly points: readonly MetricPoint[] }[]> {
  const found = await metrics.sampleSteps(scope, runIds, { name }, ask);
  return runIds.map((runId) => ({
    runId,
    points: (found.get(runId) ?? []).flatMap((row) => pointOf(row, name)),
  }));
}

function pointOf({ createdAt, step, data }: MetricRow, name: string): readonly MetricPoint[] {
  const value = data[name];
  return typeof value === "number" ? [{ value, step: step ?? 0, at: Math.trunc(createdAt) }] : [];
}
