// Makes the names in a folder durable, at once. Blocks: for a worker.
import { closeSync, fsyncSync, openSync } from "node:fs";
import { hasCode } from "../../../files/index.ts";

export function syncFolderNow(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some file systems know no sync of a folder.
    if (!hasCode(error, "EINVAL", "ENOTSUP", "EPERM")) throw error;
  } finally {
    closeSync(fd);
  }
}
