// The state that the container driver keeps in a handle: which engine, and which container of it.
import { type Handle, isLaunchKey, type LaunchKey, MalachiteError } from "@malachite/core";

export const KIND = "container";
const VERSION = 1;

export type ContainerState = {
  readonly socket: string;
  /** The engine's id; empty when the container was gone before its handle was made. */
  readonly container: string;
  readonly startedAt: number;
};

export const makeHandle = (key: LaunchKey, state: ContainerState): Handle => ({
  key,
  kind: KIND,
  version: VERSION,
  state: JSON.stringify(state),
});

/** Throws Unexpected for a handle that this driver did not make. */
export function readHandle(handle: Handle): ContainerState {
  const foreign = handle.kind !== KIND || handle.version !== VERSION || !isLaunchKey(handle.key);
  const state = foreign ? undefined : parseState(handle.state);
  if (state !== undefined) return state;
  const what = `key ${handle.key}, kind ${handle.kind}, version ${handle.version}`;
  throw new MalachiteError("Unexpected", `This handle was not made by the container driver: ${what}.`);
}

function parseState(text: string): ContainerState | undefined {
  try {
    const state = JSON.parse(text) as ContainerState;
    return typeof state.socket === "string" && typeof state.container === "string" ? state : undefined;
  } catch {
    // Not ours: told by the caller.
    return undefined;
  }
}
