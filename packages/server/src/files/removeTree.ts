// Removes whatever is at a path, also what a hostile program has left there. Never touches anything outside it.
import { constants, type Dirent } from "node:fs";
import { chmod, type FileHandle, lstat, open, opendir, rename, rmdir, unlink } from "node:fs/promises";
import { hasFdFolders } from "./openInside.ts";
import { hasCode, orNothing } from "./storageFailed.ts";

const O_FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Removes the file or folder. Nothing there is success. Works for read-only folders, names that are not UTF-8, any number of
 * entries and any depth, with constant memory and two open folders: a folder inside a folder is first moved up to the top,
 * so nothing is ever more than two levels deep, and no path becomes longer than the system takes. Links are removed, not
 * followed; what is mounted inside is not entered (EBUSY or EXDEV is thrown). Ends early with the signal's reason.
 */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  const found = await lstat(path).catch(orNothing);
  if (!found) return;
  if (!found.isDirectory()) return await unlink(path).catch(orNothing);
  const top = await openWritable(Buffer.from(path));
  if (!top) return;
  try {
    const numbers: Numbers = { next: 0, signal };
    // Folders that are moved up while the top is listed may be missed by that listing, so it is listed until it is empty.
    while (await emptyTop(top, path, numbers)) signal?.throwIfAborted();
  } finally {
    await top.close();
  }
  await rmdir(path).catch(orNothing);
}

/** What one removal counts by, and what calls it off. */
type Numbers = { next: number; readonly signal: AbortSignal | undefined };

/** One pass over the top folder; answers whether anything was found. */
async function emptyTop(top: FileHandle, path: string, numbers: Numbers): Promise<boolean> {
  let any = false;
  await using files = new Removing();
  const base = fdPath(top, path);
  for await (const [name, entry] of entriesOf(base)) {
    any = true;
    numbers.signal?.throwIfAborted();
    const child = joined(base, name);
    if (!entry.isDirectory()) await files.remove(child);
    else if (!(await removedEmpty(child))) await flatten(child, base, numbers);
  }
  await files.done();
  return any;
}

/** Empties one folder by removing its files and moving its folders up to the top, then removes it. */
async function flatten(path: Buffer, top: Buffer, numbers: Numbers): Promise<void> {
  const handle = await openWritable(path);
  if (!handle) return await remove(path);
  try {
    const base = fdPath(handle, path);
    await using files = new Removing();
    for await (const [name, entry] of entriesOf(base)) {
      numbers.signal?.throwIfAborted();
      const child = joined(base, name);
      if (!entry.isDirectory()) await files.remove(child);
      else if (!(await removedEmpty(child))) await moveUp(child, top, numbers);
    }
    await files.done();
  } finally {
    await handle.close();
  }
  // Still not empty when entries were moved under the listing's feet: the next pass over the top meets it again.
  await removedEmpty(path);
}

async function moveUp(child: Buffer, top: Buffer, numbers: Numbers): Promise<void> {
  // Moving a folder changes its "..", for which the system asks write permission on the folder itself.
  await (await openWritable(child))?.close();
  for (;;) {
    const target = joined(top, Buffer.from(`.moved-${process.pid}-${numbers.next++}`));
    try {
      return await rename(child, target);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      if (!hasCode(error, "EEXIST", "ENOTEMPTY", "ENOTDIR")) throw error;
    }
  }
}

/** The folder, open, with the rights to empty it; undefined when it is gone or no folder (any more). */
async function openWritable(path: Buffer): Promise<FileHandle | undefined> {
  try {
    const handle = await open(path, O_FOLDER);
    const { mode } = await handle.stat();
    if ((mode & 0o700) !== 0o700) await handle.chmod((mode & 0o777) | 0o700);
    return handle;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    if (!hasCode(error, "EACCES")) throw error;
  }
  // Without the right to read it cannot be opened, and chmod by path would follow a link that someone put there meanwhile:
  // it is only reached for what is a folder now, in a tree whose processes have ended.
  const found = await lstat(path).catch(orNothing);
  if (!found?.isDirectory()) return undefined;
  await chmod(path, 0o700);
  return await open(path, O_FOLDER);
}

/**
 * Removes files some at a time: one alone mostly waits for its turn in the thread pool. Disposing waits for all of them, since
 * the number of a folder that was closed is given to the next one that is opened, and a late removal would reach into that.
 */
class Removing implements AsyncDisposable {
  static readonly #atOnce = 32;
  readonly #waiting: Promise<void>[] = [];

  async remove(path: Buffer): Promise<void> {
    this.#waiting.push(remove(path));
    if (this.#waiting.length >= Removing.#atOnce) await this.done();
  }

  /** Throws the first failure, after all have ended. */
  async done(): Promise<void> {
    const results = await Promise.allSettled(this.#waiting.splice(0));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#waiting.splice(0));
  }
}

async function remove(path: Buffer): Promise<void> {
  await unlink(path).catch(orNothing);
}

/** True when the folder was empty, or not there, and is gone now. */
async function removedEmpty(path: Buffer): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (hasCode(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) return false;
    throw error;
  }
}

/** Entries with their names as bytes. */
async function* entriesOf(folder: Buffer): AsyncGenerator<[Buffer, Dirent]> {
  // opendir takes and gives names as bytes, though its types know text only.
  const asBytes = "buffer" as BufferEncoding;
  const dir = await opendir(folder as unknown as string, { encoding: asBytes, bufferSize: 256 });
  for await (const entry of dir) yield [entry.name as unknown as Buffer, entry];
}

const fdPath = (handle: FileHandle, path: string | Buffer): Buffer =>
  hasFdFolders ? Buffer.from(`/proc/self/fd/${handle.fd}`) : Buffer.from(path);

const joined = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, Buffer.from("/"), name]);
