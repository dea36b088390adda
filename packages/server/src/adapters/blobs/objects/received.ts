// Bytes on their way into the storage: first here, whole and checked, small ones in memory and others in a file of the data folder, so
// that a slow or broken sender costs the storage nothing.
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BlobDigests, MalachiteError } from "@malachite/core";
import { onStorage, writeStream } from "../../../files/index.ts";
import { watchDigests } from "../folder/digests.ts";
import { openSource } from "../folder/takeFile.ts";
import type { Content } from "./objects.ts";

/** Up to here in memory. */
const MEMORY_BYTES = 512 * 1024;

export type Received = AsyncDisposable &
  Content & {
    /** In base64, of what was received; a file that is taken is only read when it is sent. */
    readonly md5?: string;
    /** Of a file that is taken: when it was written. */
    readonly times?: { readonly createdAt: number; readonly changedAt: number };
  };

/** Throws the stream's error, ContentMismatch, StorageFailed. */
export async function receive(
  stream: AsyncIterable<Uint8Array>,
  folder: string,
  digests: BlobDigests,
): Promise<Received & { readonly md5: string }> {
  const watch = watchDigests(stream, digests);
  const chunks: Uint8Array[] = [];
  let inMemory = 0;
  const source = watch.bytes[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await source.next();
    if (done) return fromMemory(Buffer.concat(chunks), watch.check());
    chunks.push(value);
    inMemory += value.byteLength;
    if (inMemory > MEMORY_BYTES) break;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* chunks.splice(0);
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  const file = join(folder, `object-${randomUUID()}`);
  const handle = await onStorage("Keeping a file", async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await open(file, "wx+", 0o600);
  });
  try {
    const { sizeBytes } = await writeStream(all(), handle);
    // Without a name from now on: whatever becomes of this process, the file goes with it.
    await rm(file, { force: true });
    return { ...fromHandle(handle, sizeBytes), md5: watch.check() };
  } catch (error) {
    await handle.close();
    await rm(file, { force: true });
    throw error;
  } finally {
    await source.return?.();
  }
}

/** A file of this machine, as it is now. Throws ArtifactNotFound when it is no regular file. */
export async function receiveFile(path: string): Promise<Received> {
  const { handle } = await openSource(path);
  try {
    const { size, mtimeMs, birthtimeMs } = await handle.stat();
    const times = { changedAt: Math.trunc(mtimeMs), createdAt: Math.trunc(birthtimeMs || mtimeMs) };
    return { ...fromHandle(handle, size), times };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export const fromMemory = (bytes: Buffer, md5 = createHash("md5").update(bytes).digest("base64")) => ({
  sizeBytes: bytes.length,
  md5,
  read: async (from: number, to: number) => bytes.subarray(from, to),
  [Symbol.asyncDispose]: async () => {},
});

function fromHandle(handle: FileHandle, sizeBytes: number): Received {
  return {
    sizeBytes,
    read: (from, to) =>
      onStorage("Reading a file", async () => {
        const bytes = Buffer.allocUnsafe(to - from);
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at);
          if (bytesRead === 0)
            throw new MalachiteError("StorageFailed", "A file became shorter while it was kept. Try again.");
          at += bytesRead;
        }
        return bytes;
      }),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Writes bytes to a new file of the folder; the file is the caller's. */
export async function toFile(
  stream: AsyncIterable<Uint8Array>,
  file: string,
  mode = 0o600,
): Promise<{ readonly sizeBytes: number }> {
  const handle = await onStorage("Keeping a file", () => open(file, "wx", mode));
  try {
    return await writeStream(stream, handle);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
