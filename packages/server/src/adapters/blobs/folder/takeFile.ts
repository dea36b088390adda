// Takes a file of this machine into a store: by rename where that is safe, else by reflink or copy. The file may be hostile:
// a run has made it.
import { constants } from "node:fs";
import { copyFile, type FileHandle, lstat, open, rename } from "node:fs/promises";
import { MalachiteError } from "@malachite/core";
import { hasCode, openRegular, shown } from "../../../files/index.ts";

const PIECE_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(PIECE_BYTES);

/**
 * Makes `target`, which is not there yet, the file `source`. Throws ArtifactNotFound when `source` is no regular file; links
 * are not followed. After a rename `source` is gone, after a copy it is still there. Durable when it resolves.
 */
export async function takeFile(source: string, target: string): Promise<void> {
  await using handle = await openRegular(source, constants.O_RDONLY).catch((error) => {
    if (!hasCode(error, "ENOENT", "ELOOP", "ENOTDIR", "ENXIO", "EMLINK")) throw error;
    throw new MalachiteError("ArtifactNotFound", `${shown(source)} is not a regular file.`, { cause: error });
  });
  if (!(await renamed(source, handle, target))) await copied(handle, target);
  await using kept = await openRegular(target, constants.O_RDONLY);
  await kept.chmod(0o644);
  await kept.datasync();
}

/** Only a file with one name: another name (hard link) would still lead to it and could write to what is kept. */
async function renamed(source: string, handle: FileHandle, target: string): Promise<boolean> {
  const opened = await handle.stat({ bigint: true });
  if (opened.nlink !== 1n) return false;
  try {
    await rename(source, target);
  } catch (error) {
    if (hasCode(error, "EXDEV", "EPERM", "EACCES", "EROFS", "EBUSY")) return false;
    throw error;
  }
  const moved = await lstat(target, { bigint: true });
  if (moved.dev === opened.dev && moved.ino === opened.ino) return true;
  throw new MalachiteError("StorageFailed", `${shown(source)} was replaced while it was taken.`);
}

async function copied(handle: FileHandle, target: string): Promise<void> {
  try {
    // The open file itself, whatever is at its path by now.
    if (process.platform === "linux") {
      return await copyFile(
        `/proc/self/fd/${handle.fd}`,
        target,
        constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL,
      );
    }
  } catch (error) {
    if (!hasCode(error, "ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOSYS", "ENOTTY", "ENOENT", "EEXIST"))
      throw error;
  }
  await using into = await open(target, "w", 0o644);
  await copySparse(handle, into);
}

/** Copies without writing zeros, so that a file of holes, which costs nothing, stays one. */
async function copySparse(from: FileHandle, into: FileHandle): Promise<void> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let at = 0;
  for (;;) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    if (!piece.equals(ZEROS.subarray(0, bytesRead))) {
      for (let done = 0; done < bytesRead; ) {
        done += (await into.write(piece, done, bytesRead - done, at + done)).bytesWritten;
      }
    }
    at += bytesRead;
  }
  await into.truncate(at);
}
