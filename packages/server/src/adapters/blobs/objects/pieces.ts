// The bytes of files: written as objects that never change, read back in order and checked, and put together when there are many.
import { createHash } from "node:crypto";
import { MalachiteError } from "@malachite/core";
import { type FileRecord, type Piece, sizeOf } from "./fileRecord.ts";
import { newName } from "./fileTable.ts";
import { dataKey } from "./keys.ts";
import type { Content, Objects } from "./objects.ts";
import { PART_BYTES } from "./parts.ts";
import type { Received } from "./received.ts";

/** Writes an object for a file; `name` is noted as left over until a record names it. */
export async function writePiece(
  objects: Objects,
  record: string,
  name: string,
  content: Content & { readonly md5?: string },
  signal?: AbortSignal,
): Promise<Piece> {
  const key = dataKey(record, name);
  const { sizeBytes } = content;
  if (sizeBytes > PART_BYTES) return { name, sizeBytes, md5: await objects.putLarge(key, content, signal) };
  const bytes = await content.read(0, sizeBytes);
  const md5 = content.md5 ?? createHash("md5").update(bytes).digest("base64");
  await objects.put(key, bytes, {});
  return { name, sizeBytes, md5 };
}

/** The bytes `from` up to but not including `to`, as far as there are so many. Whole pieces are checked. */
export async function* readPieces(
  objects: Objects,
  record: string,
  { pieces, tail }: Pick<FileRecord, "pieces" | "tail">,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  let begin = 0;
  for (const { name, sizeBytes, md5, within } of pieces) {
    const [first, last] = [Math.max(0, from - begin), Math.min(sizeBytes, to - begin)];
    begin += sizeBytes;
    if (first >= last) continue;
    const key = dataKey(record, name);
    const base = within?.from ?? 0;
    if (first > 0 || last < sizeBytes) {
      yield* objects.read(key, base + first, base + last);
      continue;
    }
    const digest = createHash("md5");
    for await (const chunk of objects.read(key, base, base + sizeBytes)) {
      digest.update(chunk);
      yield chunk;
    }
    if (digest.digest("base64") !== md5) throw damaged(key);
  }
  const [first, last] = [Math.max(0, from - begin), Math.min(tail.length, to - begin)];
  if (first < last) yield tail.subarray(first, last);
}

const damaged = (key: string): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `The object ${JSON.stringify(key.slice(-300))} does not have the bytes any more that were kept.`,
  );

/** So many small pieces at the end are put together: a file of many additions stays one of few objects. */
const MOST_SMALL = 64;
/** What is small: pieces of the first size become some of the second, those become large ones. */
const SMALL_BYTES = [4 * 1024 * 1024, 256 * 1024 * 1024] as const;

/** The record with many small pieces at its end put together; `note` is told of the new object before it is written. */
export async function compacted(
  objects: Objects,
  record: string,
  file: FileRecord,
  note: (name: string) => Promise<void>,
): Promise<FileRecord> {
  let { pieces } = file;
  for (const limit of SMALL_BYTES) {
    const large = pieces.findLastIndex(({ sizeBytes }) => sizeBytes >= limit);
    const small = pieces.slice(large + 1);
    if (small.length < MOST_SMALL) continue;
    const name = newName();
    await note(name);
    const joined = { pieces: small, tail: Buffer.alloc(0) };
    const sizeBytes = sizeOf(joined);
    const content: Content = {
      sizeBytes,
      read: (from, to) => collected(readPieces(objects, record, joined, from, to), to - from),
    };
    pieces = [...pieces.slice(0, large + 1), await writePiece(objects, record, name, content)];
  }
  return pieces === file.pieces ? file : { ...file, pieces };
}

export async function collected(stream: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for await (const chunk of stream) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  if (at !== sizeBytes)
    throw new MalachiteError(
      "StorageFailed",
      "A file is shorter in the object storage than its record says.",
    );
  return bytes;
}

/** All of what was received. */
export const bytesOf = async ({ sizeBytes, read }: Received): Promise<Buffer> =>
  Buffer.from(await read(0, sizeBytes));
