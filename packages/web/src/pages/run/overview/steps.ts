// The phases of a run as steps to show: which there are, how each of them stands, what is still to come. Pure.
import type { RunPhase, RunPhaseName, RunTimeline } from "@malachite/client";

export type Step = {
  readonly key: string;
  readonly name: RunPhaseName;
  readonly attempt: number;
  /** Milliseconds; of one that goes on, up to now. */
  readonly lengthMs: number;
  /** `broken`: here the run, or this attempt of it, came to nothing. */
  readonly state: "done" | "now" | "broken";
  /** What was said of it. */
  readonly cause?: string;
};

/** Ends whose cause lies in the script, though they are known only when its outputs are collected. */
const IN_SCRIPT: ReadonlySet<string> = new Set([
  "ExitedNonZero",
  "KilledBySignal",
  "OutOfMemory",
  "StartFailed",
]);
const ORDER: readonly RunPhaseName[] = ["queued", "environment", "launch", "engine", "running", "collecting"];

/** In the order of time. `now` in milliseconds since 1970. */
export function stepsOf({ phases, end }: RunTimeline, now: number): Step[] {
  const brokenAt = end === undefined || end.status === "Completed" ? -1 : placeOfBreak(phases, end.reason);
  return phases.map((phase, at) => {
    const { name, start, end: till, attempt, entries } = phase;
    const next = phases[at + 1];
    const cause = entries.flatMap(({ cause }) => cause ?? []).join(" ");
    const retried = entries.some(({ event }) => event === "retried");
    return {
      key: `${at} ${name}`,
      name,
      attempt,
      lengthMs: Math.max(0, (till?.getTime() ?? now) - start.getTime()),
      state:
        at === brokenAt || retried || next?.name === "clearing"
          ? "broken"
          : till === undefined && end === undefined
            ? "now"
            : "done",
      ...(cause === "" ? {} : { cause }),
    };
  });
}

function placeOfBreak(phases: readonly RunPhase[], reason: string | undefined): number {
  if (reason !== undefined && IN_SCRIPT.has(reason)) {
    const running = phases.findLastIndex(({ name }) => name === "running");
    if (running !== -1) return running;
  }
  return phases.length - 1;
}

/** The steps that a run which goes on has before it, if all goes well. */
export function stepsToCome(steps: readonly Step[]): RunPhaseName[] {
  const last = steps.at(-1);
  if (last?.state !== "now" || last.name === "stopping" || last.name === "sending") return [];
  const place = last.name === "data" ? "environment" : last.name === "clearing" ? "environment" : last.name;
  // Who knows whether the engine has a queue of its own.
  return ORDER.slice(ORDER.indexOf(place) + 1).filter((name) => name !== "engine" && name !== "launch");
}
