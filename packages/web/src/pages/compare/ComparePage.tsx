// Runs side by side: what differs, their metrics over each other, and of two the code, the packages and the log.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { useFreshMetrics } from "../../service/metrics.ts";
import { CodePart } from "./CodePart.tsx";
import classes from "./ComparePage.module.css";
import { useComparedRuns } from "./comparedRuns.ts";
import { EnvironmentPart } from "./EnvironmentPart.tsx";
import { FieldsPart } from "./FieldsPart.tsx";
import { LogPart } from "./LogPart.tsx";
import { MetricsPart } from "./MetricsPart.tsx";
import { RelationsPart } from "./RelationsPart.tsx";
import { RunChips } from "./RunChips.tsx";
import { type CompareView, idsOf, isOfTwo, MOST_RUNS, PARTS, partOf } from "./view.ts";

/** Runs side by side. */
export function ComparePage() {
  const view = useSearch({ from: "/compare" });
  const navigate = useNavigate({ from: "/compare" });
  const change = useCallback(
    (part: Partial<CompareView>) =>
      void navigate({
        search: (now) => ({ ...now, ...part }),
        replace: !("part" in part),
        resetScroll: false,
      }),
    [navigate],
  );
  const runIds = useMemo(() => idsOf(view.runs).slice(0, MOST_RUNS), [view.runs]);
  useFreshMetrics(runIds);
  const { runs, isWaiting } = useComparedRuns(runIds);
  const part = partOf(view);
  const [left, right] = runs;
  const parts = PARTS.filter((one) => runs.length === 2 || !isOfTwo(one.part));
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>
          {runs.length === 0
            ? "Compare runs"
            : `Compare ${runs.length} ${runs.length === 1 ? "run" : "runs"}`}
        </h1>
        <RunChips runs={runs} view={view} change={change} />
      </header>
      {runs.length > 0 && (
        <nav className={classes.tabs} aria-label="What is compared">
          {parts.map((one) => (
            <button
              key={one.part}
              type="button"
              aria-current={one.part === part ? "page" : undefined}
              onClick={() => change({ part: one.part === "fields" ? undefined : one.part })}
            >
              {one.label}
            </button>
          ))}
        </nav>
      )}
      <div className={classes.body}>
        {runs.length === 0 ? (
          <Empty title="No runs to compare">
            <p>Choose some in the table of runs and press Compare, or add them here by name.</p>
          </Empty>
        ) : isWaiting && part === "fields" ? (
          <Waiting />
        ) : part === "metrics" ? (
          <MetricsPart runs={runs} view={view} change={change} />
        ) : part === "relations" ? (
          <RelationsPart runs={runs} view={view} change={change} />
        ) : isOfTwo(part) && left && right && runs.length === 2 ? (
          part === "code" ? (
            <CodePart left={left} right={right} />
          ) : part === "environment" ? (
            <EnvironmentPart left={left} right={right} />
          ) : (
            <LogPart left={left} right={right} />
          )
        ) : isOfTwo(part) ? (
          <Empty title="This compares two runs">
            <p>Remove the others, or add one.</p>
          </Empty>
        ) : (
          <FieldsPart runs={runs} view={view} change={change} />
        )}
      </div>
    </div>
  );
}
