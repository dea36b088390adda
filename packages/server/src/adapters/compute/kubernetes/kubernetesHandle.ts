// The state that the kubernetes driver keeps in a handle: which cluster and namespace, and where the run's folder is.
import { type Handle, isLaunchKey, type LaunchKey, MalachiteError } from "@malachite/core";
import type { ClusterAccess } from "./clusters.ts";

export const KIND = "kubernetes";
const VERSION = 1;

export type KubernetesState = ClusterAccess & {
  readonly namespace: string;
  readonly job: string;
  /** The folder in which the run's folder lies, as the service sees it; absent where a courier carries its files. */
  readonly runs?: string;
  readonly nodes: number;
  /** How long it may fail to start, in ms. */
  readonly startMs: number;
};

export const makeHandle = (key: LaunchKey, state: KubernetesState): Handle => ({
  key,
  kind: KIND,
  version: VERSION,
  state: JSON.stringify(state),
});

/** Throws Unexpected for a handle that this driver did not make. */
export function readHandle(handle: Handle): KubernetesState {
  const foreign = handle.kind !== KIND || handle.version !== VERSION || !isLaunchKey(handle.key);
  const state = foreign ? undefined : parseState(handle.state);
  if (state !== undefined) return state;
  const what = `key ${handle.key}, kind ${handle.kind}, version ${handle.version}`;
  throw new MalachiteError("Unexpected", `This handle was not made by the kubernetes driver: ${what}.`);
}

function parseState(text: string): KubernetesState | undefined {
  try {
    const state = JSON.parse(text) as KubernetesState;
    return typeof state.namespace === "string" && typeof state.job === "string" ? state : undefined;
  } catch {
    // Not ours: told by the caller.
    return undefined;
  }
}
