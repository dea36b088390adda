// Where a run stands between the line and the end, read from its life alone.
import { isTerminal, type Life, type NewRun } from "@malachite/core";
import type { Stage } from "./schema.ts";

/** The stage of a new run; undefined when nobody will have to work on it. Without a pool it waits in no line. */
export function firstStage({ origin, life }: Pick<NewRun, "origin" | "life">): Stage | undefined {
  if (origin === "external") return undefined;
  return nextStage("waiting", life);
}

/** The stage after a change of life. A run that is still NotStarted stays where it was. */
export function nextStage(stage: Stage, life: Life): Stage | undefined {
  if (isTerminal(life.status)) return life.release === "paid" ? undefined : life.release;
  return life.status === "NotStarted" ? stage : "working";
}
