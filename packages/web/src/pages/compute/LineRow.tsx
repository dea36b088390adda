// A waiting run: its place, what it needs, and for what it waits.
import type { QueueWaiter } from "@malachite/client";
import { Ban, ChevronDown, ChevronRight } from "lucide-react";
import { Button } from "../../parts/Button.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { RunName } from "../../parts/RunName.tsx";
import { Duration } from "../../parts/Time.tsx";
import { WhyPanel } from "../run/overview/WhyPanel.tsx";
import { shownNeeds } from "./capacity.ts";
import classes from "./Line.module.css";

/** Opened, it shows what `malachite why` tells, with links to the runs that are in its way. */
export function LineRow({
  run,
  index,
  target,
  isOpen,
  toggle,
  cancel,
}: {
  readonly run: QueueWaiter;
  readonly index: number;
  readonly target: string;
  readonly isOpen: boolean;
  readonly toggle: () => void;
  readonly cancel: () => void;
}) {
  const { runId, displayName, experimentName, position, priority, since, summary } = run;
  const name = displayName ?? runId;
  const Chevron = isOpen ? ChevronDown : ChevronRight;
  return (
    <>
      <div className={classes.cells}>
        <span className={classes.number} title="Over the runs of all workspaces">
          {position === undefined ? "–" : shownCount(position)}
        </span>
        <RunName runId={runId} name={name} className={classes.who} stacked>
          {experimentName}
          {run.target !== target && ` · on ${run.target}`}
        </RunName>
        <span className={`${classes.number} ${classes.priority}`}>
          <span className={classes.label}>priority </span>
          {priority}
        </span>
        <span className={classes.needs}>
          <span className="visually-hidden">needs </span>
          {shownNeeds(run)}
        </span>
        <span className={`${classes.number} ${classes.since}`}>
          <span className="visually-hidden">waiting for </span>
          <Duration from={since} />
        </span>
        <button
          type="button"
          id={`line-${index}`}
          className={classes.why}
          aria-expanded={isOpen}
          aria-label={`Why ${name} waits: ${summary}`}
          onClick={toggle}
        >
          <Chevron aria-hidden />
          <span>{summary}</span>
        </button>
        <Button
          kind="bare"
          size="small"
          className={classes.cancel}
          aria-label={`Cancel ${name}`}
          title="Cancel"
          onClick={cancel}
        >
          <Ban aria-hidden />
        </Button>
      </div>
      {isOpen && (
        <div className={classes.opened}>
          <WhyPanel runId={runId} status="NotStarted" />
        </div>
      )}
    </>
  );
}
