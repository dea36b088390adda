// The state that the Slurm driver keeps in a handle: which Slurm has the job, and where its folder lies.
import { type Handle, isLaunchKey, type LaunchKey, MalachiteError } from "@malachite/core";
import type { SlurmCluster } from "./slurmTarget.ts";

export const KIND = "slurm";
const VERSION = 1;

export type SlurmState = {
  readonly cluster: SlurmCluster;
  /** The folder in which that of the launch lies. */
  readonly root: string;
  /** As Slurm numbered it, for people: it is asked for by its name, which is the key. Absent where Slurm had forgotten it. */
  readonly job?: string;
};

export const makeHandle = (key: LaunchKey, state: SlurmState): Handle => ({
  key,
  kind: KIND,
  version: VERSION,
  state: JSON.stringify(state),
});

/** Throws Unexpected for a handle that this driver did not make. */
export function readHandle(handle: Handle): SlurmState {
  const foreign = handle.kind !== KIND || handle.version !== VERSION || !isLaunchKey(handle.key);
  const state = foreign ? undefined : parseState(handle.state);
  if (state !== undefined) return state;
  const what = `key ${handle.key}, kind ${handle.kind}, version ${handle.version}`;
  throw new MalachiteError("Unexpected", `This handle was not made by the Slurm driver: ${what}.`);
}

function parseState(text: string): SlurmState | undefined {
  try {
    const state = JSON.parse(text) as SlurmState;
    return typeof state.root === "string" && typeof state.cluster === "object" ? state : undefined;
  } catch {
    // Not ours: told by the caller.
    return undefined;
  }
}
