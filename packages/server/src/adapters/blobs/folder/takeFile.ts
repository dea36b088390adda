// Gets at a file of this machine that a store may take. The file may be hostile: a run has made it.
import { type BigIntStats, constants } from "node:fs";
import { copyFile, type FileHandle, open } from "node:fs/promises";
import { MalachiteError } from "@malachite/core";
import { hasCode, openRegular, shown } from "../../../files/index.ts";

const PIECE_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(PIECE_BYTES);

/** A file of this machine, open and known to be a regular file. */
export type SourceFile = AsyncDisposable & {
  readonly path: string;
  readonly handle: FileHandle;
  /** Whether it may be given another place as it is. A second name (hard link) could still write to what is kept. */
  readonly movable: boolean;
};

/** Throws ArtifactNotFound when there is no regular file at the path; links are not followed. */
export async function openSource(path: string): Promise<SourceFile> {
  const handle = await openRegular(path, constants.O_RDONLY).catch((error) => {
    if (!hasCode(error, "ENOENT", "ELOOP", "ENOTDIR", "ENXIO", "EMLINK")) throw error;
    throw new MalachiteError("ArtifactNotFound", `${shown(path)} is not a regular file.`, { cause: error });
  });
  try {
    const movable = (await handle.stat()).nlink === 1;
    return { path, handle, movable, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes the bytes durable and takes away rights that a run may have given, before the file gets its new place. */
export async function settleSource({ handle }: SourceFile): Promise<void> {
  await handle.chmod(0o644);
  await handle.datasync();
}

/** Whether what was moved is what was opened: until then a program could put something else at its path. */
export async function isSource({ handle }: SourceFile, moved: BigIntStats): Promise<boolean> {
  const opened = await handle.stat({ bigint: true });
  return moved.dev === opened.dev && moved.ino === opened.ino;
}

/** Makes `target`, which is not there yet, a durable copy of its own: by reflink where the file system has it. */
export async function copySource({ handle }: SourceFile, target: string): Promise<void> {
  await copied(handle, target);
  await using kept = await openRegular(target, constants.O_RDONLY);
  await kept.chmod(0o644);
  await kept.datasync();
}

/** Makes `target` a copy of its own, not yet durable; the times are the caller's. */
export async function copied(handle: FileHandle, target: string): Promise<void> {
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
