// Reads part of a file as a stream, with constant memory.
import type { FileHandle } from "node:fs/promises";

/** Large enough that system calls do not count, small enough to send on at once. */
const CHUNK_BYTES = 256 * 1024;

/** The bytes `from` up to but not including `to`, or to the end as it is now. Closes the handle however it ends. */
export async function* readRange(handle: FileHandle, from = 0, to?: number): AsyncGenerator<Uint8Array> {
  try {
    yield* readOpen(handle, from, to);
  } finally {
    await handle.close();
  }
}

/** The same, and leaves the handle open. */
export async function* readOpen(handle: FileHandle, from = 0, to?: number): AsyncGenerator<Uint8Array> {
  const end = Math.min(to ?? Number.POSITIVE_INFINITY, (await handle.stat()).size);
  let at = from;
  while (at < end) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    // The file was cut while it was read: what is left of it has been given.
    if (bytesRead === 0) return;
    at += bytesRead;
    yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
  }
}
