// How a driver keeps its state in a handle: as JSON, told from those of other drivers by kind and version.
import { type Handle, isLaunchKey, type LaunchKey, MalachiteError } from "@malachite/core";

export type Handles<State> = {
  make(key: LaunchKey, state: State): Handle;
  /** Throws Unexpected for a handle that this driver did not make. */
  read(handle: Handle): State;
};

/** `isWhole` looks at what was written, which may be anything; where it throws, that is no state either. */
export function handlesOf<State extends object>(
  kind: string,
  version: number,
  isWhole: (written: State) => boolean,
): Handles<State> {
  function parsed(text: string): State | undefined {
    try {
      const written = JSON.parse(text) as State;
      return isWhole(written) ? written : undefined;
    } catch {
      // Not ours: told by the caller.
      return undefined;
    }
  }
  return {
    make: (key, state) => ({ key, kind, version, state: JSON.stringify(state) }),
    read(handle) {
      const isOurs = handle.kind === kind && handle.version === version && isLaunchKey(handle.key);
      const state = isOurs ? parsed(handle.state) : undefined;
      if (state !== undefined) return state;
      const what = `key ${handle.key}, kind ${handle.kind}, version ${handle.version}`;
      throw new MalachiteError("Unexpected", `This handle was not made by the ${kind} driver: ${what}.`);
    },
  };
}
