// The newest values of a run's metrics.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { shownCount, shownValue } from "../../../parts/numbers.ts";
import { useWorkspace } from "../../../service/service.tsx";
import classes from "./KeyMetrics.module.css";
import { newestMetricsQuery } from "./newestMetrics.ts";
import { Panel } from "./Panel.tsx";

/** Shows nothing for a run that logs none. */
export function KeyMetrics({ runId }: { readonly runId: string }) {
  const newest = useQuery(newestMetricsQuery(useWorkspace(), runId));
  if (newest.data === undefined || newest.data.values.length === 0) return null;
  const { values, more } = newest.data;
  return (
    <Panel
      title="Metrics"
      aside={
        <Link to="/runs/$runId/metrics" params={{ runId }}>
          {more > 0 ? `All, ${shownCount(more)} more` : "Plots"}
        </Link>
      }
    >
      <ul className={classes.metrics}>
        {values.map(({ name, value }) => (
          <li key={name}>
            <Link to="/runs/$runId/metrics" params={{ runId }} search={{ q: name }} title={name}>
              {name}
            </Link>
            <span className={classes.value} title={String(value)}>
              {shownValue(value)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
