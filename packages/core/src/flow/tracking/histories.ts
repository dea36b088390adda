// Values of metrics over time, as MLflow's clients read them: only numbers under the metric's own name.
import type { MetricKey, MetricRow } from "../../domain/metric/metric.ts";
import { SYSTEM_NAMESPACE, SYSTEM_PREFIX } from "../../domain/metric/systemMetrics.ts";
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
  const page = await ports.metrics.rows(scope, runId, await keyOf(scope, runId, name, ports), ask);
  return { ...page, values: page.values.flatMap((row) => pointOf(row, name)) };
}

export async function sampleHistories(
  scope: Scope,
  runIds: readonly string[],
  name: string,
  ask: { readonly from?: number; readonly to?: number; readonly count: number },
  ports: Pick<FlowPorts, "metrics">,
): Promise<readonly { readonly runId: string; readonly points: readonly MetricPoint[] }[]> {
  const found = await ports.metrics.sampleSteps(scope, runIds, { name }, ask);
  const others = name.startsWith(SYSTEM_PREFIX) ? runIds.filter((runId) => !found.has(runId)) : [];
  const measured =
    others.length === 0
      ? found
      : await ports.metrics.sampleSteps(scope, others, { name, namespace: SYSTEM_NAMESPACE }, ask);
  return runIds.map((runId) => ({
    runId,
    points: (found.get(runId) ?? measured.get(runId) ?? []).flatMap((row) => pointOf(row, name)),
  }));
}

/** The metric that MLflow means by the name: what code has logged, else what was measured of the run. */
async function keyOf(
  scope: Scope,
  runId: string,
  name: string,
  { metrics }: Pick<FlowPorts, "metrics">,
): Promise<MetricKey> {
  const measured = name.startsWith(SYSTEM_PREFIX) && !(await metrics.get(scope, runId, { name }));
  return measured ? { name, namespace: SYSTEM_NAMESPACE } : { name };
}

function pointOf({ createdAt, step, data }: MetricRow, name: string): readonly MetricPoint[] {
  const value = data[name];
  return typeof value === "number" ? [{ value, step: step ?? 0, at: Math.trunc(createdAt) }] : [];
}
