// Files of a run's folder, in which a hostile program may write at the same time: absent is a value here. How a path is opened
// without following a link is decided in server/files.
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import {
  enterFolder,
  hasCode,
  type OpenFolder,
  openFolderInside,
  openRegular,
} from "../../../files/index.ts";

/** Longest path that is looked up; longer ones cannot be files. */
const MAX_PATH_BYTES = 4096;

/** Codes that say "no such file there", among them: a link (ELOOP), a file where a folder should be, a socket (ENXIO). */
export const isAbsent = (error: unknown): boolean =>
  hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "ENAMETOOLONG", "EISDIR");

/**
 * The names of a relative path with forward slashes, or undefined when it could lead elsewhere. Scripts name their files as
 * they like, so names that no project may have (control characters) are looked up too.
 */
export function segmentsOf(path: string): string[] | undefined {
  if (path.length > MAX_PATH_BYTES || path.includes("\0")) return undefined;
  const segments = path.split("/");
  return segments.some((name) => name === "" || name === "." || name === "..") ? undefined : segments;
}

/**
 * Opens the regular file of that path for reading; undefined when there is none. Other troubles (EACCES, EIO, EMFILE) throw.
 * The caller closes it.
 */
export async function openFileInside(root: string, path: string): Promise<FileHandle | undefined> {
  const segments = segmentsOf(path);
  const name = segments?.pop();
  if (segments === undefined || name === undefined) return undefined;
  return orAbsent(async () => {
    await using folder = await openFolderInside(root, segments, { make: false });
    return await openRegular(folder.at(name), constants.O_RDONLY);
  });
}

/** Opens the folder of that path ("" is the root itself); undefined when there is none. The caller disposes of it. */
export async function openFolderOf(root: string, path: string): Promise<OpenFolder | undefined> {
  const segments = path === "" ? [] : segmentsOf(path);
  return segments === undefined
    ? undefined
    : orAbsent(() => openFolderInside(root, segments, { make: false }));
}

/** Opens one name in an open folder as a folder; undefined when it is none. The caller disposes of it. */
export const openSubfolder = (folder: OpenFolder, name: string): Promise<OpenFolder | undefined> =>
  orAbsent(() => enterFolder(folder, name, false));

async function orAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
