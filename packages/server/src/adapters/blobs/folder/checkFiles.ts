// What a client says of the files of a project, checked before anything is made of it.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { malachite } from "@malachite/contract";
import { checkProjectPath, MalachiteError, ProjectTree } from "@malachite/core";
import { shown } from "../../../files/index.ts";
import { isSha256 } from "./layout.ts";
import type { ArchiveLimits } from "./zip/archiveLimits.ts";

/** How many files are checked before others get their turn. */
const CHECKS_AT_ONCE = 1_000;

/** Throws BadPath for the first path that cannot be in a project, ContentMismatch for what is no hash or size. */
export async function checkFiles(
  files: readonly malachite.ProjectFile[],
  limits: ArchiveLimits,
): Promise<void> {
  const tree = new ProjectTree();
  const bad = (path: string, reason: string) =>
    new MalachiteError("BadPath", `${shown(path)} cannot be a file of a project: ${reason}`, {
      target: path,
    });
  let checks = 0;
  for (const { path, sha256, sizeBytes } of files) {
    checks += 1;
    if (checks % CHECKS_AT_ONCE === 0) await nextTurn();
    const checked = checkProjectPath(path);
    if (!checked.ok) throw bad(path, checked.reason);
    const clash = tree.addFile(path);
    if (clash) throw bad(path, clash.reason);
    if (!isSha256(sha256) || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      throw new MalachiteError("ContentMismatch", `${shown(path)} has no proper SHA-256 and size.`, {
        target: path,
      });
    }
    if (tree.fileCount + tree.folderCount > limits.entries) {
      throw bad(path, `with it the project has more than ${limits.entries} files and folders.`);
    }
  }
}
