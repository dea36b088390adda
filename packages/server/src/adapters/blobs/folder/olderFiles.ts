// What was left by others so long ago that nobody is at it any more.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../../../files/index.ts";

export async function isOlder(path: string, before: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // Finished meanwhile.
  return found !== undefined && found.mtimeMs < before;
}

/** The entries of a folder of unfinished work. */
export async function removeOlder(folder: string, before: number): Promise<void> {
  if (before === Number.POSITIVE_INFINITY) return await removeTree(folder);
  for (const name of await readdir(folder).catch(() => []))
    if (await isOlder(join(folder, name), before)) await removeTree(join(folder, name));
}
