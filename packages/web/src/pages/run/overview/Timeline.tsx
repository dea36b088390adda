// The steps of a run in a row, each as wide as its share of the time, with the time spent in it.
import { type RunPhaseName, runTimeline, type StoryEntry } from "@malachite/client";
import { Check, CircleDashed, LoaderCircle, X } from "lucide-react";
import { useMemo } from "react";
import { shownDuration, useNow } from "../../../parts/Time.tsx";
import { stepsOf, stepsToCome } from "./steps.ts";
import classes from "./Timeline.module.css";

const LABELS: Readonly<Record<RunPhaseName, { readonly label: string; readonly title: string }>> = {
  queued: { label: "Queued", title: "In the line of its compute target." },
  environment: { label: "Environment", title: "Its environment is found or made." },
  data: { label: "Data", title: "Its data is brought." },
  launch: { label: "Launch", title: "It is handed to the compute target." },
  engine: { label: "Starting", title: "The compute target has it and starts it." },
  running: { label: "Running", title: "Its script runs." },
  sending: { label: "Sending data", title: "What it made is sent to datastores." },
  collecting: { label: "Collecting", title: "Its outputs and logs are kept." },
  stopping: { label: "Stopping", title: "It was asked to end; its processes are being ended." },
  clearing: { label: "Clearing", title: "What the attempt before left is looked after." },
};
const ICONS = { done: Check, now: LoaderCircle, broken: X } as const;
const WORDS = { done: "done", now: "now", broken: "came to nothing here" } as const;
/** Where a step is too short to be seen beside the others. */
const LEAST_SHARE = 0.03;

/** Counts on while the run goes on. */
export function Timeline({ story }: { readonly story: readonly StoryEntry[] | undefined }) {
  const timeline = useMemo(() => runTimeline(story ?? []), [story]);
  const now = useNow(story !== undefined && timeline.end === undefined ? 1000 : undefined);
  if (story === undefined) return <div className={classes.place} />;
  const steps = stepsOf(timeline, now);
  if (steps.length === 0) return null;
  const allMs = steps.reduce((sum, { lengthMs }) => sum + lengthMs, 0) || 1;
  return (
    <section aria-label="Steps of this run">
      <ol className={classes.steps}>
        {steps.map(({ key, name, state, attempt, cause, lengthMs }, at) => {
          const Icon = ICONS[state];
          const begins = attempt > 1 && attempt !== steps[at - 1]?.attempt;
          return (
            <li
              key={key}
              className={`${classes.step} ${classes[state]}`}
              style={{ flexGrow: Math.max(LEAST_SHARE, lengthMs / allMs) }}
              title={[LABELS[name].title, cause].filter(Boolean).join(" ")}
              aria-current={state === "now" ? "step" : undefined}
            >
              <span className={classes.bar} aria-hidden />
              <span className={classes.label}>
                <Icon aria-hidden />
                {LABELS[name].label}
                {begins && <em>attempt {attempt}</em>}
                <span className="visually-hidden">, {WORDS[state]}</span>
              </span>
              <span className={classes.time}>{shownDuration(lengthMs)}</span>
            </li>
          );
        })}
        {stepsToCome(steps).map((name) => (
          <li
            key={name}
            className={`${classes.step} ${classes.coming}`}
            style={{ flexGrow: LEAST_SHARE }}
            title={LABELS[name].title}
          >
            <span className={classes.bar} aria-hidden />
            <span className={classes.label}>
              <CircleDashed aria-hidden />
              {LABELS[name].label}
              <span className="visually-hidden">, to come</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
