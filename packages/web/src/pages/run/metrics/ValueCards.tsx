// Metrics that were logged once: their values, side by side.
import type { RunMetric } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { shownValue } from "../../../parts/numbers.ts";
import { useInView } from "../../../parts/plot/useInView.ts";
import { valueQuery } from "../../../service/metrics.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { shortName } from "./groups.ts";
import classes from "./ValueCards.module.css";

export function ValueCards({
  runId,
  metrics,
  prefix,
}: {
  readonly runId: string;
  readonly metrics: readonly RunMetric[];
  readonly prefix: string;
}) {
  return (
    <dl className={classes.cards}>
      {metrics.map((metric) => (
        <Card key={metric.name} runId={runId} metric={metric} prefix={prefix} />
      ))}
    </dl>
  );
}

function Card({
  runId,
  metric,
  prefix,
}: {
  readonly runId: string;
  readonly metric: RunMetric;
  readonly prefix: string;
}) {
  const [ref, isInView] = useInView<HTMLDivElement>();
  const workspace = useWorkspace();
  const value = useQuery({ ...valueQuery(workspace, runId, metric), enabled: isInView });
  const exact = value.data === undefined ? undefined : String(value.data);
  return (
    <div ref={ref} className={classes.card}>
      <dt title={metric.name}>{shortName(metric.name, prefix)}</dt>
      <dd title={exact}>{value.error ? "?" : value.data === undefined ? " " : shownValue(value.data)}</dd>
    </div>
  );
}
