// The steps of a run in a row, each as wide as its share of the time, with the time spent in it.
import type { StoryEntry } from "@malachite/client";
import { Check, CircleDashed, LoaderCircle, X } from "lucide-react";
import { Fragment } from "react";
import { shownDuration, useNow } from "../../../parts/Time.tsx";
import { type Phase, phasesOf, type Step, stepsToCome } from "./phases.ts";
import classes from "./Timeline.module.css";

const LABELS: Readonly<Record<Step, { readonly label: string; readonly title: string }>> = {
  queued: { label: "Queued", title: "It waited for its turn on the compute target." },
  preparing: { label: "Environment and data", title: "Its environment was made or found, its data brought." },
  starting: { label: "Starting", title: "It was handed to the compute target, which started it." },
  running: { label: "Running", title: "Its script ran." },
  collecting: { label: "Collecting", title: "Its outputs and logs were kept." },
  stopping: { label: "Stopping", title: "Its processes were being ended." },
};
const ICONS = { done: Check, now: LoaderCircle, broken: X } as const;
const WORDS = { done: "done", now: "now", broken: "ended here" } as const;
/** Where a step is too short to be seen beside the others. */
const LEAST_SHARE = 0.04;

/** Counts on while the run goes on. */
export function Timeline({ story }: { readonly story: readonly StoryEntry[] | undefined }) {
  const phases = phasesOf(story ?? []);
  const going = phases.at(-1)?.state === "now";
  const now = useNow(going ? 1000 : undefined);
  if (story === undefined) return <div className={classes.place} />;
  if (phases.length === 0) return null;
  const lengthOf = ({ from, to }: Phase) => Math.max(0, (to ?? now) - from);
  const all = phases.reduce((sum, phase) => sum + lengthOf(phase), 0) || 1;
  const attempts = phases.at(-1)?.attempt ?? 1;
  return (
    <section aria-label="Steps of this run">
      <ol className={classes.steps}>
        {phases.map((phase, at) => {
          const { step, state, attempt, cause } = phase;
          const Icon = ICONS[state];
          const begins = attempts > 1 && attempt !== phases[at - 1]?.attempt && attempt > 1;
          return (
            <Fragment key={`${step} ${phase.from} ${attempt} ${state === "now" ? "" : phase.to}`}>
              <li
                className={`${classes.step} ${classes[state]}`}
                style={{ flexGrow: Math.max(LEAST_SHARE, lengthOf(phase) / all) }}
                title={cause === undefined ? LABELS[step].title : `${LABELS[step].title} ${cause}`}
                aria-current={state === "now" ? "step" : undefined}
              >
                <span className={classes.bar} aria-hidden />
                <span className={classes.label}>
                  <Icon aria-hidden />
                  {LABELS[step].label}
                  <span className="visually-hidden">, {WORDS[state]}</span>
                </span>
                <span className={classes.time}>
                  {begins && <em>attempt {attempt} </em>}
                  {shownDuration(lengthOf(phase))}
                </span>
              </li>
            </Fragment>
          );
        })}
        {stepsToCome(phases).map((step) => (
          <li key={step} className={`${classes.step} ${classes.coming}`} style={{ flexGrow: LEAST_SHARE }}>
            <span className={classes.bar} aria-hidden />
            <span className={classes.label}>
              <CircleDashed aria-hidden />
              {LABELS[step].label}
              <span className="visually-hidden">, to come</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
