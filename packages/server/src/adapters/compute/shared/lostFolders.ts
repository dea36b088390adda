// Runs whose end cannot be read: nothing of them runs any more, and their folder is gone or does not answer. One such run holds up no
// other, and none is waited for without end.
import { stat } from "node:fs/promises";
import { type Clock, type Handle, isMalachiteError, type LaunchKey, type Sighting } from "@malachite/core";
import { isAbsent } from "./openInside.ts";

/** So long a disk that does not answer may be one that comes back. */
const LOST_AFTER_MS = 10 * 60_000;

export type LostFolders = {
  /** Of a launch that is gone without an exit record: with the reason, where that is its folder. */
  gone(folder: string): Promise<Sighting>;
  /**
   * One sighting for each handle. One that cannot be had is left out, and after a while says that the run is gone. Throws what the first
   * threw when there is none at all.
   */
  all(
    handles: readonly Handle[],
    sight: (handle: Handle) => Promise<Sighting>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<LaunchKey, Sighting>>;
  forget(key: LaunchKey): void;
};

export function createLostFolders(
  { now }: Pick<Clock, "now">,
  lostAfterMs: number = LOST_AFTER_MS,
): LostFolders {
  const since = new Map<LaunchKey, number>();

  function doubted(key: LaunchKey, error: unknown): Sighting | undefined {
    const began = since.get(key) ?? now();
    since.set(key, began);
    if (now() - began < lostAfterMs) return undefined;
    const why = isMalachiteError(error) || error instanceof Error ? error.message : String(error);
    return {
      at: "gone",
      why: `Its end could not be read for ${Math.round(lostAfterMs / 60_000)} minutes: ${why}`,
    };
  }

  return {
    async gone(folder) {
      const found = await stat(folder).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw error;
      });
      if (found?.isDirectory()) return { at: "gone" };
      return { at: "gone", why: `${folder} ${found ? "is no folder any more" : "is not there any more"}.` };
    },
    async all(handles, sight, signal) {
      const seen = new Map<LaunchKey, Sighting>();
      const failed: unknown[] = [];
      await Promise.all(
        handles.map(async (handle) => {
          try {
            seen.set(handle.key, await sight(handle));
            since.delete(handle.key);
          } catch (error) {
            signal.throwIfAborted();
            const sighting = doubted(handle.key, error);
            if (sighting) seen.set(handle.key, sighting);
            else failed.push(error);
          }
        }),
      );
      if (seen.size === 0 && failed.length > 0) throw failed[0];
      return seen;
    },
    forget(key) {
      since.delete(key);
    },
  };
}
