// Two projects by the hashes of their files. Pure.
import type { ProjectFile } from "@malachite/client";

export type ChangedFile = {
  readonly path: string;
  readonly left?: ProjectFile;
  readonly right?: ProjectFile;
};

/** The files that are on one side only, or differ in content or mode, in order of path. */
export function changedFiles(
  left: readonly ProjectFile[],
  right: readonly ProjectFile[],
): readonly ChangedFile[] {
  const others = new Map(right.map((file) => [file.path, file]));
  const changed: ChangedFile[] = [];
  for (const file of left) {
    const other = others.get(file.path);
    others.delete(file.path);
    if (other?.sha256 !== file.sha256 || (other.executable ?? false) !== (file.executable ?? false))
      changed.push({ path: file.path, left: file, ...(other ? { right: other } : {}) });
  }
  for (const file of others.values()) changed.push({ path: file.path, right: file });
  return changed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether bytes are a text: no NUL in what is at their beginning, as git has it. */
export const isText = (bytes: Uint8Array): boolean => !bytes.subarray(0, 8000).includes(0);
