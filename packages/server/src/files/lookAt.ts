// What the status of a file says of its bytes: the same words for a file of a run and for one of the store, into which it moves.
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { FileLook, OpenFile } from "@malachite/core";
import { readOpen } from "./readRange.ts";

/** Not every file system knows when a file was made. */
export function lookOf(stats: BigIntStats): FileLook {
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
export const openFileOf = (handle: FileHandle): OpenFile => ({
  look: async () => lookOf(await handle.stat({ bigint: true })),
  read: (from, to) => readOpen(handle, from, to),
  [Symbol.asyncDispose]: () => handle.close(),
});
