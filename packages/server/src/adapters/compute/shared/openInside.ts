// Opens files below a folder in which a hostile program may write at the same time. The one place that turns a path of a run
// into an open file: no link is followed, nothing outside is reached, and only regular files are files.
import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { join } from "node:path";

/** Longest path and name that are looked up; longer ones cannot be files. */
const MAX_PATH_BYTES = 4096;

/** O_NONBLOCK: opening a FIFO that nobody writes would wait for ever. */
const SAFELY = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FILE = constants.O_RDONLY | SAFELY;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | SAFELY;

/** Codes that say "no such file there", among them: a link (ELOOP), a file where a folder should be, a socket (ENXIO). */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "ENAMETOOLONG", "EISDIR"]);

export const isAbsent = (error: unknown): boolean => ABSENT.has((error as NodeJS.ErrnoException)?.code ?? "");

/** The names of a relative path with forward slashes, or undefined when it could lead elsewhere or be no file name. */
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
  const folder = await openSteps(root, segments);
  if (folder === undefined) return undefined;
  try {
    const file = await openStep(folder, root, segments, name, FILE);
    if (file === undefined || (await isRegular(file))) return file;
    await file.close();
    return undefined;
  } finally {
    await folder.close();
  }
}

/** Opens the folder of that path ("" is the root itself); undefined when there is none. The caller closes it. */
export async function openFolderInside(root: string, path: string): Promise<FileHandle | undefined> {
  const segments = path === "" ? [] : segmentsOf(path);
  return segments === undefined ? undefined : openSteps(root, segments);
}

/** Opens one name in an open folder as a folder; undefined when it is none. `segments` tell where the open folder lies. */
export const openSubfolder = (
  folder: FileHandle,
  root: string,
  segments: readonly string[],
  name: string,
): Promise<FileHandle | undefined> => openStep(folder, root, segments, name, FOLDER);

/**
 * A path of the open folder itself, whatever is renamed meanwhile. On Linux the kernel resolves it from the descriptor, as
 * openat would; elsewhere it is the plain path, and the step is checked after it was taken.
 */
export function pathOfFolder(folder: FileHandle, root: string, segments: readonly string[]): string {
  return process.platform === "linux" ? `/proc/self/fd/${folder.fd}` : join(root, ...segments);
}

async function openSteps(root: string, segments: readonly string[]): Promise<FileHandle | undefined> {
  let folder = await orAbsent(open(root, constants.O_RDONLY | constants.O_DIRECTORY));
  for (let depth = 0; folder !== undefined && depth < segments.length; depth++) {
    const above: FileHandle = folder;
    try {
      folder = await openStep(above, root, segments.slice(0, depth), segments[depth] ?? "", FOLDER);
    } finally {
      await above.close();
    }
  }
  return folder;
}

async function openStep(
  folder: FileHandle,
  root: string,
  segments: readonly string[],
  name: string,
  flags: number,
): Promise<FileHandle | undefined> {
  const opened = await orAbsent(open(`${pathOfFolder(folder, root, segments)}/${name}`, flags));
  if (opened === undefined || process.platform === "linux") return opened;
  if (await liesWhereAsked(opened, root, [...segments, name])) return opened;
  await opened.close();
  return undefined;
}

/** Without /proc/self/fd: a folder on the way may have been exchanged for a link, so what was opened is compared. */
async function liesWhereAsked(
  opened: FileHandle,
  root: string,
  segments: readonly string[],
): Promise<boolean> {
  const expected = join(await realpath(root), ...segments);
  const [real, there, here] = await Promise.all([
    orAbsent(realpath(join(root, ...segments))),
    orAbsent(lstat(expected)),
    opened.stat(),
  ]);
  return real === expected && there?.ino === here.ino && there.dev === here.dev;
}

const isRegular = async (file: FileHandle): Promise<boolean> => (await file.stat()).isFile();

async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
