// The folders of a driver as a place where something may lie of launches that no record names.
import type { ComputeDriver, Handle, LaunchKey, LaunchPlace } from "@malachite/core";
import type { RunsRoot } from "./runsRoot.ts";
import { exists } from "./smallFiles.ts";

/**
 * `found`: what has begun of a launch, by what lies in its folder alone; where nothing has, nothing is left of it afterwards. What runs
 * is told by the engine, so a launch is never freed that the engine cannot be asked about.
 */
export function launchesIn(
  root: Pick<RunsRoot, "keys" | "folder" | "wrapped">,
  { observe, release }: Pick<ComputeDriver, "observe" | "release">,
  found: (key: LaunchKey, signal: AbortSignal) => Promise<Handle | undefined>,
): LaunchPlace {
  return {
    keys: (before) => root.wrapped(() => root.keys(before)),
    async free(key, _before, signal) {
      if (!(await root.wrapped(() => exists(root.folder(key))))) return true;
      const handle = await found(key, signal);
      if (handle === undefined) return true;
      const sighting = (await observe([handle], signal)).get(key);
      if (sighting?.at !== "ended" && sighting?.at !== "gone") return false;
      await release(handle, signal);
      return true;
    },
  };
}
