// What is due for a record, read from the record alone: so a restart goes on where the last life of the server stopped.
import { isTerminal } from "./next.ts";
import type { NewRun } from "./run.ts";

/** The steps of the way of a run, one file each in `flow/`. `wait`: its turn has not come; `done`: nothing is owed. */
export type Step =
  | "wait"
  | "prepare"
  | "clear"
  | "launch"
  | "watch"
  | "stop"
  | "collect"
  | "release"
  | "done";

/** The step that brings the run on. */
export function nextStep({ origin, life }: Pick<NewRun, "origin" | "life">): Step {
  if (origin === "external") return "done";
  if (isTerminal(life.status)) return life.release === "owed" ? "release" : "done";
  if (life.earlier) return "clear";
  switch (life.status) {
    case "NotStarted":
      return "wait";
    case "Starting":
    case "Preparing":
      return "prepare";
    case "Queued":
    case "Running":
      return life.handle ? "watch" : "launch";
    case "CancelRequested":
      return "stop";
    default:
      return "collect";
  }
}
