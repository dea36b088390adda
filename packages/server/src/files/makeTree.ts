// Makes a folder that somebody named, with those above it.
import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./storageFailed.ts";

/**
 * As `mkdir` with `recursive`, which never ends and takes a processor where a folder is there and lets none be made in it by saying that there
 * is none: that of an automounter, or /proc. Here that is an error.
 */
export async function makeTree(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (hasCode(error, "EEXIST")) {
      // A link to a folder is one.
      if (await isFolder(path)) return;
      throw error;
    }
    const above = dirname(path);
    if (!hasCode(error, "ENOENT") || above === path || (await isThere(above))) throw error;
    await makeTree(above, mode);
    await makeTree(path, mode);
  }
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
