// The steps of a run with the time spent in each, read out of its story. Pure.
import type { StoryEntry } from "@malachite/client";

/** The steps in their order. `stopping` is there only for a run that was asked to end. */
export const STEPS = ["queued", "preparing", "starting", "running", "collecting", "stopping"] as const;
export type Step = (typeof STEPS)[number];
export type Phase = {
  readonly step: Step;
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Absent while it lasts. */
  readonly to?: number;
  /** `broken`: the run, or this attempt of it, came to its end here without having succeeded. */
  readonly state: "done" | "now" | "broken";
  /** What ended it, where that was said. */
  readonly cause?: string;
};

const STEP_OF: Readonly<Record<string, Step>> = {
  NotStarted: "queued",
  Starting: "preparing",
  Provisioning: "preparing",
  Preparing: "preparing",
  Queued: "starting",
  Running: "running",
  Finalizing: "collecting",
  CancelRequested: "stopping",
};

/** Phases in the order of time; of a run that has not ended the last one is `now`. */
export function phasesOf(story: readonly StoryEntry[]): Phase[] {
  const phases: Phase[] = [];
  let attempt = 1;
  let open: { step: Step; from: number } | undefined;
  const close = (to: number, state: "done" | "broken", cause?: string) => {
    if (open) phases.push({ ...open, to, attempt, state, ...(cause === undefined ? {} : { cause }) });
    open = undefined;
  };
  for (const { at, event, status, cause } of story) {
    const now = new Date(at).getTime();
    if (event === "retried") {
      close(now, "broken", cause);
      attempt += 1;
      open = { step: "starting", from: now };
      continue;
    }
    const step = STEP_OF[status];
    if (step === undefined) {
      close(now, status === "Completed" ? "done" : "broken", cause);
      continue;
    }
    // A later attempt keeps the status of a run whose script has begun before; that it runs again is said by the event alone.
    if (open?.step === "starting" && status === "Running" && event !== "started" && event !== "reported")
      continue;
    if (open?.step === step) continue;
    close(now, "done");
    open = { step, from: now };
  }
  if (open) phases.push({ ...open, attempt, state: "now" });
  return phases;
}

/** The steps that are still to come for a run that has not ended. */
export function stepsToCome(phases: readonly Phase[]): Step[] {
  const last = phases.at(-1);
  if (last?.state !== "now" || last.step === "stopping") return [];
  return STEPS.slice(STEPS.indexOf(last.step) + 1, STEPS.indexOf("stopping"));
}
