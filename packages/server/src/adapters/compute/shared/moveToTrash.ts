// Takes a run's folder out of sight before it is emptied: a half-removed folder must never look like a launch.
import { chmod, lstat, rename } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../../files/index.ts";

/**
 * Takes the folder out of sight in one step: it is then `name` in `trash`, which must be there. What is left of it after a
 * crash is for whoever empties the trash. Undefined when there was no such folder.
 */
export async function moveToTrash(folder: string, trash: string, name: string): Promise<string | undefined> {
  const to = join(trash, name);
  const status = await lstat(folder).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
  });
  if (!status) return undefined;
  // To be moved into another folder, a folder must be writable itself: its `..` changes.
  if (status.isDirectory() && (status.mode & 0o700) !== 0o700) await chmod(folder, 0o700);
  await rename(folder, to);
  return to;
}
