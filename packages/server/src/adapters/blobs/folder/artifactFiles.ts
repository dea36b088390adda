// What is done to one file of a container: given its name, added to, removed. Every step is durable and follows no link.
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, link, lstat, open, rename, rmdir, unlink } from "node:fs/promises";
import { MalachiteError } from "@malachite/core";
import {
  hasCode,
  type OpenFolder,
  openFolderInside,
  openRegular,
  orNothing,
  readRange,
  shown,
  storageFailed,
} from "../../../files/index.ts";
import { exists, isBelowFile, isFolder } from "../refusals.ts";
import { forgetAddition, noteAddition } from "./halfDone.ts";

/** A removal may take a folder away between its making and its use; a second try makes it again. */
const TRIES = 20;

/** Gives a finished file its name, at once and durably. */
export async function publish(
  root: string,
  segments: readonly string[],
  temporary: string,
  overwrite: boolean,
): Promise<BigIntStats> {
  const path = segments.join("/");
  return await inFolderOf(root, segments, async (folder, name) => {
    const target = folder.at(name);
    const there = await lstat(target).catch(orNothing);
    if (there?.isDirectory()) await makeRoom(target, path);
    else if (there && !overwrite) throw exists(path);
    if (overwrite) await rename(temporary, target);
    else await linkNew(temporary, target, path);
    const stats = await lstat(target, { bigint: true });
    if (!stats.isFile()) {
      // A program has put a link where the file was that it left.
      await unlink(target);
      throw new MalachiteError(
        "StorageFailed",
        `What was to be kept as ${shown(path)} is no regular file any more.`,
      );
    }
    await folder.sync();
    return stats;
  });
}

/** A link fails when the name is taken, also when somebody takes it now. Without links, the lock of this process must do. */
async function linkNew(temporary: string, target: string, path: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (hasCode(error, "EEXIST")) throw exists(path);
    if (!hasCode(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK")) throw error;
    return await rename(temporary, target);
  }
  await unlink(temporary);
}

/** A folder left empty by a crash makes room for a file; one with files does not. */
async function makeRoom(target: string, path: string): Promise<void> {
  try {
    await rmdir(target);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    throw isFolder(path);
  }
}

/** Adds a finished piece at the end. What does not fit on the disk is taken back, so that a retry never doubles bytes. */
export async function appendFile(
  root: string,
  segments: readonly string[],
  temporary: string,
): Promise<BigIntStats> {
  const path = segments.join("/");
  return await inFolderOf(root, segments, async (folder, name) => {
    const target = folder.at(name);
    const there = await lstat(target).catch(orNothing);
    if (!there) {
      await linkNew(temporary, target, path);
      await folder.sync();
      return await lstat(target, { bigint: true });
    }
    if (there.isDirectory()) await makeRoom(target, path);
    await using into = await openRegular(target, constants.O_WRONLY);
    return await addAt(into, (await into.stat()).size, temporary, { root, path });
  });
}

/** Adds a finished piece at a place of a file that is there; what lies behind that place is gone then. */
export async function appendAt(
  root: string,
  segments: readonly string[],
  temporary: string,
  offset: number,
): Promise<BigIntStats> {
  await using folder = await openFolderInside(root, segments.slice(0, -1), { make: false });
  await using into = await openRegular(folder.at(segments.at(-1) as string), constants.O_WRONLY);
  await into.truncate(offset);
  return await addAt(into, offset, temporary, { root, path: segments.join("/") });
}

async function addAt(
  into: FileHandle,
  offset: number,
  temporary: string,
  where: { readonly root: string; readonly path: string },
): Promise<BigIntStats> {
  const { size } = await lstat(temporary);
  const { ino } = await into.stat({ bigint: true });
  await noteAddition(temporary, { ...where, ino, from: offset, to: offset + size });
  try {
    let at = offset;
    for await (const piece of readRange(await open(temporary, "r"))) {
      for (let done = 0; done < piece.byteLength; ) {
        done += (await into.write(piece, done, piece.byteLength - done, at + done)).bytesWritten;
      }
      at += piece.byteLength;
    }
    await into.datasync();
  } catch (error) {
    await into.truncate(offset).catch(() => undefined); // The first error is the one to tell.
    throw error;
  } finally {
    await forgetAddition(temporary);
  }
  return await into.stat({ bigint: true });
}

/** Opens the folder that the path's file is in, making it, and tries again when a removal takes it away meanwhile. */
async function inFolderOf<T>(
  root: string,
  segments: readonly string[],
  work: (folder: OpenFolder, name: string) => Promise<T>,
): Promise<T> {
  const name = segments.at(-1) as string;
  for (let tries = 1; ; tries += 1) {
    try {
      await using folder = await openFolderInside(root, segments.slice(0, -1), { make: true });
      return await work(folder, name);
    } catch (error) {
      if (hasCode(error, "ENOTDIR", "ELOOP")) throw isBelowFile(segments.join("/"), error);
      if (tries < TRIES && hasCode(error, "ENOENT")) continue;
      // A file of another file system: its taker copies it.
      if (hasCode(error, "EXDEV")) throw error;
      throw storageFailed("Keeping a file", error);
    }
  }
}

/** Removes a file; false when there was none. */
export async function removeFile(root: string, segments: readonly string[]): Promise<boolean> {
  try {
    await using folder = await openFolderInside(root, segments.slice(0, -1), { make: false });
    await unlink(folder.at(segments.at(-1) as string));
    await folder.sync();
    return true;
  } catch (error) {
    // EISDIR and EPERM: a folder, which is no artifact.
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EISDIR", "EPERM", "ENAMETOOLONG")) return false;
    throw error;
  }
}

/** Removes a folder if nothing is in it; answers whether it is gone. */
async function removeEmptyFolder(root: string, segments: readonly string[]): Promise<boolean> {
  try {
    await using folder = await openFolderInside(root, segments.slice(0, -1), { make: false });
    await rmdir(folder.at(segments.at(-1) as string));
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}

/** Folders exist for their files only: an empty one would be in the way of a file of its name. */
export async function removeEmptyFolders(root: string, segments: readonly string[]): Promise<void> {
  for (let depth = segments.length - 1; depth > 0; depth -= 1) {
    if (!(await removeEmptyFolder(root, segments.slice(0, depth)))) return;
  }
}
