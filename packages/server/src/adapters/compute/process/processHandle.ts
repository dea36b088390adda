// The state that the process driver keeps in a handle: where the start script lives, and which control groups are the run's.
import { handlesOf } from "../shared/handles.ts";
import type { ProcessIdentity } from "./processTable.ts";

export const KIND = "process";

export type ProcessState = {
  /** The start script; pid 0 when it ended before it could write down who it is. */
  readonly script: ProcessIdentity;
  /** Directories of control groups, absolute; none where the machine has none. */
  readonly group: readonly string[];
  readonly startedAt: number;
};

export const { make: makeHandle, read: readHandle } = handlesOf<ProcessState>(
  KIND,
  1,
  (state) => typeof state.script.pid === "number" && Array.isArray(state.group),
);

/** What the start script wrote to `pids`; undefined while it is not wholly written. */
export function parsePids(text: string): (ProcessIdentity & { readonly startedAt: number }) | undefined {
  try {
    const { pid, startTime, boot, startedAt } = JSON.parse(text);
    const isWhole = Number.isInteger(pid) && typeof startTime === "string" && typeof boot === "string";
    return isWhole && pid > 0 ? { pid, startTime, boot, startedAt: Number(startedAt) } : undefined;
  } catch {
    // Half written: to be looked at again.
    return undefined;
  }
}
