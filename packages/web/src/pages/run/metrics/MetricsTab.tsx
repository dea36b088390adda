// The metrics of a run: values, plots, tables, images and charts, in groups by their names.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useCallback, useDeferredValue, useMemo } from "react";
import { Empty, Waiting } from "../../../parts/Empty.tsx";
import { FaultNote } from "../../../parts/FaultNote.tsx";
import { shownCount } from "../../../parts/numbers.ts";
import { metricsQuery, useFreshMetrics } from "../../../service/metrics.ts";
import { useWorkspace } from "../../../service/service.tsx";
import { FullView } from "./FullView.tsx";
import { type Group, groupsOf, panelKind } from "./groups.ts";
import classes from "./MetricsTab.module.css";
import { Panel } from "./Panel.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { ValueCards } from "./ValueCards.tsx";
import { type MetricsView, toggled } from "./view.ts";

/** The metrics of a run. */
export function MetricsTab() {
  const { runId } = useParams({ from: "/runs/$runId" });
  const view = useSearch({ from: "/runs/$runId/metrics" });
  const navigate = useNavigate({ from: "/runs/$runId/metrics" });
  const change = useCallback(
    (part: Partial<MetricsView>) =>
      void navigate({
        search: (now) => ({ ...now, ...part }),
        replace: !("plot" in part),
        resetScroll: false,
      }),
    [navigate],
  );
  const workspace = useWorkspace();
  const metrics = useQuery(metricsQuery(workspace, runId));
  const runIds = useMemo(() => [runId], [runId]);
  useFreshMetrics(runIds);
  const words = useDeferredValue(view.q ?? "");
  const groups = useMemo(() => groupsOf(metrics.data ?? [], words), [metrics.data, words]);
  if (metrics.error) return <FaultNote error={metrics.error} again={() => void metrics.refetch()} />;
  if (metrics.data === undefined) return <Waiting />;
  if (metrics.data.length === 0)
    return (
      <Empty title="No metrics yet">
        <p>
          Log some from the script: <code>run.log("loss", loss)</code> of the Azure ML SDK, or{" "}
          <code>mlflow.log_metric("loss", loss, step)</code>. They show up here while the run runs.
        </p>
      </Empty>
    );
  const full = view.plot === undefined ? undefined : metrics.data.find(({ name }) => name === view.plot);
  return (
    <div className={classes.tab}>
      <Toolbar view={view} change={change} />
      {groups.length === 0 && (
        <Empty title={`No metric has “${words}” in its name`}>
          <p>{shownCount(metrics.data.length)} metrics in all.</p>
        </Empty>
      )}
      {groups.map((group) => (
        <Section
          key={`${group.isSystem} ${group.prefix}`}
          runId={runId}
          group={group}
          view={view}
          change={change}
        />
      ))}
      {full && <FullView runId={runId} metric={full} view={view} change={change} />}
    </div>
  );
}

type Change = (part: Partial<MetricsView>) => void;

function Section({
  runId,
  group,
  view,
  change,
}: {
  readonly runId: string;
  readonly group: Group;
  readonly view: MetricsView;
  readonly change: Change;
}) {
  const { prefix, metrics, isSystem } = group;
  const isOpen = isSystem ? view.system === true : !(view.closed ?? "").split(",").includes(prefix || "/");
  const toggle = () =>
    change(
      isSystem ? { system: isOpen ? undefined : true } : { closed: toggled(view.closed, prefix || "/") },
    );
  const title = isSystem ? "System" : prefix || "Metrics";
  const values = metrics.filter((metric) => panelKind(metric) === "value");
  const panels = metrics.filter((metric) => panelKind(metric) !== "value");
  return (
    <section className={classes.group} aria-label={title}>
      <h2 className={classes.heading}>
        <button type="button" aria-expanded={isOpen} onClick={toggle}>
          {isOpen ? <ChevronDown aria-hidden /> : <ChevronRight aria-hidden />}
          <span>{title}</span>
          <span className={classes.count}>{shownCount(metrics.length)}</span>
        </button>
      </h2>
      {isOpen && values.length > 0 && <ValueCards runId={runId} metrics={values} prefix={prefix} />}
      {isOpen && panels.length > 0 && (
        <div className={classes.grid}>
          {panels.map((metric) => (
            <Panel
              key={metric.name}
              runId={runId}
              metric={metric}
              prefix={prefix}
              view={view}
              change={change}
            />
          ))}
        </div>
      )}
    </section>
  );
}
