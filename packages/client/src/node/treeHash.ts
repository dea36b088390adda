// The hash that names a project tree, as the contract defines it (projectTreeText).
import { createHash } from "node:crypto";
import type { ProjectFile } from "../models.ts";

/** The SHA-256 of the listing: one line a file, `sha256 SP (x|-) SP path LF`, sorted by the code units of the path. */
export function treeHash(files: readonly ProjectFile[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const hash = createHash("sha256");
  for (const file of sorted) hash.update(`${file.sha256} ${file.executable ? "x" : "-"} ${file.path}\n`);
  return hash.digest("hex");
}
