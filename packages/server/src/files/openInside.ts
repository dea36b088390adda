// Opens what is inside a folder without ever following a link, at any component of the path. The one place where it is
// decided that a path leads nowhere else; tests of the text alone (checkProjectPath) cannot know what is on the disk.
import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { checkProjectPath, MalachiteError } from "@malachite/core";
import { hasCode } from "./storageFailed.ts";
import { makeFolder, syncHandle } from "./writeFileAtomic.ts";

const { O_RDONLY } = constants;
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const O_DIRECTORY = constants.O_DIRECTORY ?? 0;
/** A FIFO would otherwise be waited for until someone writes. Regular files do not mind. */
const O_NONBLOCK = constants.O_NONBLOCK ?? 0;

/**
 * Node has no openat. On Linux `/proc/self/fd/N/name` is the same: the kernel begins at the open folder, whatever became of
 * its path meanwhile. Elsewhere the path is used after a look at each component, which leaves a gap for a racing rename.
 */
export const hasFdFolders = process.platform === "linux" && existsSync("/proc/self/fd");

/** A folder that is held open. Paths made by `at` stay inside it even if it is renamed or replaced meanwhile. */
export type OpenFolder = AsyncDisposable & {
  readonly handle: FileHandle;
  /** A path of the folder itself, good while it is open. */
  readonly path: string;
  /** The path of a direct child, for any call that takes a path. `name` is one segment. */
  at(name: string): string;
  /** Makes the names in it durable, where the file system can. */
  sync(): Promise<void>;
};

/** Opens a folder by its path. The path itself is trusted (it is the service's own); its last component is no link. */
export async function openFolder(path: string): Promise<OpenFolder> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const base = hasFdFolders ? `/proc/self/fd/${handle.fd}` : path;
  return {
    handle,
    path: base,
    at: (name) => join(base, name),
    sync: () => syncHandle(handle),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Opens a direct child as a folder; makes it durably when it is missing and `make` is set. Throws as openFolderInside. */
export async function enterFolder(folder: OpenFolder, name: string, make: boolean): Promise<OpenFolder> {
  const path = folder.at(name);
  if (!hasFdFolders && (await isLink(path))) throw notAFolder(name);
  try {
    return await openFolder(path);
  } catch (error) {
    if (!make || !hasCode(error, "ENOENT")) throw error;
  }
  try {
    await mkdir(path);
    await folder.sync();
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  return await openFolder(path);
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

const notAFolder = (name: string): Error =>
  Object.assign(new Error(`'${name}' is a link, not a folder.`), { code: "ENOTDIR" });

/**
 * Opens the folder `segments` lead to from `root`, making what is missing durably, when `make` is set. Throws the system's error:
 * ENOENT for what is not there, ENOTDIR or ELOOP where a component is a file or a link.
 */
export async function openFolderInside(
  root: string,
  segments: readonly string[],
  options: { readonly make: boolean },
): Promise<OpenFolder> {
  if (options.make) await makeFolder(root);
  let folder = await openFolder(root);
  for (const segment of segments) {
    const outer = folder;
    try {
      folder = await enterFolder(outer, segment, options.make);
    } finally {
      await outer[Symbol.asyncDispose]();
    }
  }
  return folder;
}

/** The segments of a path inside a folder. Throws BadPath with the reason. */
export function segmentsOf(path: string): string[] {
  const checked = checkProjectPath(path);
  if (!checked.ok) {
    throw new MalachiteError("BadPath", `${shown(path)} is not a path inside the folder: ${checked.reason}`, {
      target: "path",
    });
  }
  return path.split("/");
}

/** A path for people: quoted, and not longer than a line. */
export const shown = (path: string): string =>
  JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);

/**
 * Opens the regular file at `path` inside `root`. `flags` are those of open(2), by default for reading; links are never
 * followed, folders made never. Throws BadPath for a path that leads out, else the system's error; ENOENT also stands for
 * what is there but is no regular file (link, folder, FIFO, socket, device).
 */
export async function openInside(
  root: string,
  path: string,
  flags: number = O_RDONLY,
  mode?: number,
): Promise<FileHandle> {
  const segments = segmentsOf(path);
  const name = segments.pop() as string;
  try {
    await using folder = await openFolderInside(root, segments, { make: false });
    return await openRegular(folder.at(name), flags, mode);
  } catch (error) {
    if (hasCode(error, "ELOOP", "ENOTDIR", "EISDIR", "ENXIO", "EMLINK")) throw notThere(path, error);
    throw error;
  }
}

/** Opens a regular file without following a link at its end and without waiting for the other end of a FIFO. */
export async function openRegular(path: string, flags: number, mode?: number): Promise<FileHandle> {
  if (!O_NOFOLLOW && (await isLink(path))) throw notThere(path, undefined);
  const handle = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw notThere(path, undefined);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const notThere = (path: string, cause: unknown): Error =>
  Object.assign(new Error(`${shown(path)} is not a regular file.`, { cause }), { code: "ENOENT" });
