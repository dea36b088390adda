// Folders that others than this service may use too, as places where something may lie of launches that no record names. Only what bears
// a mark of this service is told of, and only what nothing runs of any more is removed.
import type { Instant, LaunchKey, LaunchPlace } from "@malachite/core";
import type { createLines } from "./inLine.ts";
import type { LaunchMark, LaunchMarks } from "./launchMarks.ts";
import type { RunsRoot } from "./runsRoot.ts";
import { exists } from "./smallFiles.ts";

type Root = Pick<RunsRoot, "path" | "folder" | "keys" | "ready" | "remove" | "wrapped">;

export type MarkedPlacesOptions = {
  readonly marks: LaunchMarks;
  /** Of the driver. */
  readonly inLine: ReturnType<typeof createLines>;
  /**
   * Asks the engine whether no job of the launch goes on, nor will, and gives what removes all that was made for it besides its folder;
   * undefined where one does. Throws where the engine cannot be asked. Nothing is ended: whoever may be about to launch the key anew writes
   * another mark, and has its job.
   */
  whenOver(mark: LaunchMark, folder: string, signal: AbortSignal): Promise<(() => Promise<void>) | undefined>;
};

export type MarkedPlaces = {
  /** The same for the same folder. */
  at(root: Root): LaunchPlace;
};

export function createMarkedPlaces({ marks, inLine, whenOver }: MarkedPlacesOptions): MarkedPlaces {
  const known = new Map<Root, LaunchPlace>();

  /** Made before that instant: the folder's own time is the run's to set. */
  async function markBefore(root: Root, key: LaunchKey, before: Instant): Promise<LaunchMark | undefined> {
    const mark = await marks.read(root.path, key);
    return mark !== undefined && mark.at < before ? mark : undefined;
  }

  async function free(root: Root, key: LaunchKey, before: Instant, signal: AbortSignal): Promise<boolean> {
    if (!(await exists(root.folder(key)))) return true;
    const mark = await markBefore(root, key, before);
    const clear = mark && (await whenOver(mark, root.folder(key), signal));
    // The engine may have taken its time to answer.
    if (clear === undefined || (await markBefore(root, key, before)) === undefined) return false;
    await root.ready();
    await clear();
    await root.remove(key);
    return true;
  }

  const placeIn = (root: Root): LaunchPlace => ({
    keys: (before) =>
      root.wrapped(async () => {
        const keys: LaunchKey[] = [];
        for (const key of await root.keys(before))
          if ((await markBefore(root, key, before)) !== undefined) keys.push(key);
        return keys;
      }),
    free: (key, before, signal) => inLine(key, () => root.wrapped(() => free(root, key, before, signal))),
  });

  return {
    at(root) {
      const place = known.get(root) ?? placeIn(root);
      known.set(root, place);
      return place;
    },
  };
}
