// Blobs before they have their name: what comes in, and blocks put together, as new files.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { BlobDigests, Block } from "@malachite/core";
import { onStorage, writeStream } from "../../../files/index.ts";
import { watchDigests } from "./digests.ts";

/** A block and where its bytes are: in a file of its own, or at an offset of the blob as it is. */
export type Piece = Block &
  (
    | { readonly file: string; readonly offset?: undefined }
    | { readonly offset: number; readonly file?: undefined }
  );

/** The stream as a new file, durable and checked; answers its MD5. */
export async function receive(
  stream: AsyncIterable<Uint8Array>,
  temporary: string,
  digests: BlobDigests,
): Promise<string> {
  await using handle = await onStorage("Keeping a blob", () => open(temporary, "wx", 0o644));
  const watch = watchDigests(stream, digests);
  await writeStream(watch.bytes, handle);
  const md5 = watch.check();
  await onStorage("Keeping a blob", () => handle.datasync());
  return md5;
}

/** The blocks one after another as a new file, durable. */
export async function joined(
  pieces: readonly Piece[],
  current: FileHandle | undefined,
  temporary: string,
): Promise<void> {
  await using into = await open(temporary, "wx", 0o644);
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  let at = 0;
  for (const piece of pieces) {
    const own = piece.file === undefined ? undefined : await open(piece.file, constants.O_RDONLY);
    const from = own ?? (current as FileHandle);
    try {
      for (let done = 0; done < piece.sizeBytes; ) {
        const want = Math.min(buffer.length, piece.sizeBytes - done);
        const { bytesRead } = await from.read(buffer, 0, want, (piece.offset ?? 0) + done);
        if (bytesRead === 0) throw new Error(`The block ${piece.id} is shorter than it was.`);
        for (let written = 0; written < bytesRead; ) {
          written += (await into.write(buffer, written, bytesRead - written, at + written)).bytesWritten;
        }
        done += bytesRead;
        at += bytesRead;
      }
    } finally {
      await own?.close();
    }
  }
  await into.datasync();
}
