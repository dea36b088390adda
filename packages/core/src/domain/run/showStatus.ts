// The status as it is shown: the record's own, or NotResponding when the run's owner has fallen silent.
import type { history } from "@malachite/contract";
import type { Instant } from "../scope.ts";
import { isTerminal } from "./next.ts";
import type { NewRun } from "./run.ts";

/** NotResponding is a view, not a state: only runs that others execute and that promised heartbeats can show it. */
export function shownStatus({ life }: Pick<NewRun, "life">, now: Instant): history.RunStatusName {
  const { heartbeat } = life;
  const silent = heartbeat !== undefined && now > heartbeat.at + heartbeat.timeToLiveMs;
  return silent && !isTerminal(life.status) ? "NotResponding" : life.status;
}
