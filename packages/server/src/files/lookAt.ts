// What the status of a file says of its bytes, and a file held open: the same for one of a run and for one of the store, into which it
// moves. The shapes are those that the ports name.
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { readOpen } from "./readRange.ts";

/** Not every file system knows when a file was made. */
export function lookOf(stats: BigIntStats) {
  const changedAt = Number(stats.mtimeMs);
  return {
    sizeBytes: Number(stats.size),
    identity: `${stats.dev.toString(36)}.${stats.ino.toString(36)}`,
    // A replaced file is another inode; one that was added to or cut has another time, and mostly another size.
    etag: `${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}-${stats.ino.toString(36)}`,
    createdAt: stats.birthtimeMs > 0n ? Number(stats.birthtimeMs) : changedAt,
    changedAt,
  };
}

/** Holds the handle until disposed of. */
export const openFileOf = (handle: FileHandle) => ({
  look: async () => lookOf(await handle.stat({ bigint: true })),
  read: (from: number, to: number) => readOpen(handle, from, to),
  descriptor: handle.fd,
  [Symbol.asyncDispose]: () => handle.close(),
});
