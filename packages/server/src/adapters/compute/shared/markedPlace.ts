// A folder that others than this service may use too, as a place where something may lie of launches that no record names. Only what bears
// a mark of this service is told of, and only what nothing runs of any more is removed.
import type { LaunchKey, LaunchPlace } from "@malachite/core";
import type { LaunchMark, LaunchMarks } from "./launchMarks.ts";
import type { RunsRoot } from "./runsRoot.ts";
import { exists } from "./smallFiles.ts";

/**
 * `isOver`: asks the engine whether no job of the launch goes on, nor will; throws where it cannot be asked. `clear`: what else was made for
 * it. Nothing is ended: whoever may be about to launch the key anew writes another mark, and has its job.
 */
export function markedPlace(
  root: Pick<RunsRoot, "path" | "folder" | "keys" | "ready" | "remove" | "wrapped">,
  marks: LaunchMarks,
  isOver: (mark: LaunchMark, signal: AbortSignal) => Promise<boolean>,
  clear: (mark: LaunchMark, signal: AbortSignal) => Promise<void>,
): LaunchPlace {
  /** Made before that instant: the folder's own time is the run's to set. */
  async function markBefore(key: LaunchKey, before: number): Promise<LaunchMark | undefined> {
    const mark = await marks.read(root.path, key);
    return mark !== undefined && mark.at < before ? mark : undefined;
  }
  return {
    keys: (before) =>
      root.wrapped(async () => {
        const keys: LaunchKey[] = [];
        for (const key of await root.keys(before))
          if ((await markBefore(key, before)) !== undefined) keys.push(key);
        return keys;
      }),
    free: (key, before, signal) =>
      root.wrapped(async () => {
        if (!(await exists(root.folder(key)))) return true;
        const mark = await markBefore(key, before);
        if (mark === undefined || !(await isOver(mark, signal))) return false;
        // The engine may have taken its time to answer.
        if ((await markBefore(key, before)) === undefined) return false;
        await root.ready();
        await clear(mark, signal);
        await root.remove(key);
        return true;
      }),
  };
}
