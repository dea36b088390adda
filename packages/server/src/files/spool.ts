// Streams a request body to a file of the service with constant memory, hashing on the way. What is in it is for others.
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Upload } from "@malachite/core";
import { storageFailed } from "./storageFailed.ts";

/** Small chunks are joined up to this many bytes, so that a slow client's packets do not become a write each. */
const WRITE_BYTES = 256 * 1024;

/**
 * Writes the stream to a new file in `folder` (made if missing) and answers where it is, how long, and its SHA-256. If the
 * stream breaks, its error is thrown on; a full or broken disk is StorageFailed; both leave no file.
 */
export async function spool(stream: AsyncIterable<Uint8Array>, folder: string): Promise<Upload> {
  const file = join(folder, `upload-${randomUUID()}`);
  let handle: FileHandle;
  try {
    await mkdir(folder, { recursive: true });
    handle = await open(file, "wx", 0o600);
  } catch (error) {
    throw storageFailed("Taking in an upload", error);
  }
  try {
    const written = await writeStream(stream, handle);
    await handle.close();
    return { file, ...written };
  } catch (error) {
    await handle.close().catch(() => undefined); // The first error is the one to tell.
    await rm(file, { force: true });
    throw error;
  }
}

/** Writes the stream at the handle's position: one write under way while the next bytes come in and are hashed. */
export async function writeStream(
  stream: AsyncIterable<Uint8Array>,
  handle: FileHandle,
): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let failed: unknown;
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    if (failed) throw failed;
    const chunks = waiting;
    waiting = [];
    waitingBytes = 0;
    writing = writeAll(handle, chunks).catch((error) => {
      failed = storageFailed("Writing an upload", error);
    });
  };
  try {
    for await (const chunk of stream) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      waiting.push(chunk);
      waitingBytes += chunk.byteLength;
      if (waitingBytes >= WRITE_BYTES) await flush();
    }
    await flush();
  } finally {
    // The handle must not be closed under a write.
    await writing;
  }
  if (failed) throw failed;
  return { sizeBytes, sha256: hash.digest("hex") };
}

async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  if (chunks.length === 0) return;
  const joined = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  let at = 0;
  while (at < joined.byteLength) at += (await handle.write(joined, at)).bytesWritten;
}
