// The folders of launches in a folder, which they lie in by their keys.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Instant, isLaunchKey, type LaunchKey } from "@malachite/core";
import { hasCode } from "../../files/index.ts";

/** Those to which nothing was added since that instant. A folder that is not there holds none. */
export async function keysIn(folder: string, before: Instant): Promise<readonly LaunchKey[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const keys: LaunchKey[] = [];
  for (const name of names) {
    if (!isLaunchKey(name)) continue;
    const status = await lstat(join(folder, name)).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
    if (status !== undefined && status.mtimeMs < before) keys.push(name);
  }
  return keys;
}
