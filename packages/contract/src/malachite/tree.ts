// The one text whose SHA-256 names a project tree, made the same way by client and server.
import type { ProjectFile } from "./operations.ts";

/**
 * The listing of a project: one line a file, `sha256 SP (x|-) SP path LF`, sorted by the code units of the path.
 * Its SHA-256 is the tree's hash.
 */
export function projectTreeText(files: readonly ProjectFile[]): string {
  const lines = files.map((f) => ({
    path: f.path,
    line: `${f.sha256} ${f.executable ? "x" : "-"} ${f.path}\n`,
  }));
  lines.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return lines.map((l) => l.line).join("");
}
