// Tries again what a network loses. Ends with the signal.
import { setTimeout as pause } from "node:timers/promises";
import { StorageTrouble } from "./fileStorage.ts";

const WAITS_MS = [250, 1000, 3000, 8000];

/** The work, and again after a pause when it threw trouble of the moment. `progress` tells whether waits begin anew. */
export async function patiently<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  progress: () => unknown = () => undefined,
): Promise<T> {
  let seen = progress();
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StorageTrouble) || error.kind !== "again") throw error;
      const now = progress();
      if (now !== seen) tries = 0;
      seen = now;
      const wait = WAITS_MS[tries];
      if (wait === undefined) throw error;
      await pause(wait, undefined, { signal });
    }
  }
}
