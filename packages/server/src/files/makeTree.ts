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
    return await makeOne(path, mode);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
  }
  const above = dirname(path);
  if (!(await isThere(above))) await makeTree(above, mode);
  // Also where it is there: somebody else may have made it just now. The one who says again that there is none means it.
  await makeOne(path, mode);
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // A link to a folder is one.
    if (!hasCode(error, "EEXIST") || !(await isFolder(path))) throw error;
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
