// The state that the process driver keeps in a handle: where the start script lives, and which control groups are the run's.
import { type Handle, isLaunchKey, type LaunchKey, MalachiteError } from "@malachite/core";
import type { ProcessIdentity } from "./processTable.ts";

export const KIND = "process";
const VERSION = 1;

export type ProcessState = {
  /** The start script; pid 0 when it ended before it could write down who it is. */
  readonly script: ProcessIdentity;
  /** Directories of control groups, absolute; none where the machine has none. */
  readonly group: readonly string[];
  readonly startedAt: number;
};

export const makeHandle = (key: LaunchKey, state: ProcessState): Handle => ({
  key,
  kind: KIND,
  version: VERSION,
  state: JSON.stringify(state),
});

/** Throws Unexpected for a handle that this driver did not make. */
export function readHandle(handle: Handle): ProcessState {
  const foreign = handle.kind !== KIND || handle.version !== VERSION || !isLaunchKey(handle.key);
  const state = foreign ? undefined : parseState(handle.state);
  if (state !== undefined) return state;
  const what = `key ${handle.key}, kind ${handle.kind}, version ${handle.version}`;
  throw new MalachiteError("Unexpected", `This handle was not made by the process driver: ${what}.`);
}

function parseState(text: string): ProcessState | undefined {
  try {
    const state = JSON.parse(text) as ProcessState;
    return typeof state.script.pid === "number" && Array.isArray(state.group) ? state : undefined;
  } catch {
    // Not ours: told by the caller.
    return undefined;
  }
}

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
