// Gets at the data of one entry: compares its local header with the list, inflates, and verifies size and CRC. Blocks.
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { badEntry } from "./badArchive.ts";
import { extraFields, widen, type ZipEntry } from "./centralDirectory.ts";
import { readExactly, readUInt64 } from "./endRecord.ts";

const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const DESCRIPTOR = 0x08074b50;
const HAS_DESCRIPTOR = 1 << 3;
/** Flags that change how the data is read: encrypted, sizes follow, patch, name is UTF-8. */
const FLAGS_THAT_COUNT = 1 | HAS_DESCRIPTOR | (1 << 5) | (1 << 6) | (1 << 11) | (1 << 13);
/** Most extra fields of local headers are shorter, so that one read gets header and data. */
const USUAL_EXTRA_BYTES = 64;
/** Entries up to this size, packed and unpacked, are taken in one piece. */
const WHOLE_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;

/** Where an entry's data is. */
export type EntryData = { readonly start: number; readonly end: number; readonly whole?: Buffer };

/**
 * Finds the data of an entry and compares what stands before (and, with sizes that follow, behind) it with the list. `from` is
 * the first byte that no earlier entry uses and `to` where the list begins. Small entries come with their packed bytes.
 */
export function openEntry(fd: number, entry: ZipEntry, from: number, to: number): EntryData {
  const { name, localOffset, packedBytes } = entry;
  if (localOffset < from) throw badEntry(name, "its data overlaps that of another entry.");
  const least = LOCAL_BYTES + entry.nameBytes.length;
  if (!(localOffset + least + packedBytes <= to)) throw badEntry(name, "its data lies outside the archive.");
  const whole = packedBytes <= WHOLE_BYTES && entry.sizeBytes <= WHOLE_BYTES;
  const guess = least + (whole ? USUAL_EXTRA_BYTES + packedBytes : 0);
  const head = readExactly(fd, Math.min(guess, to - localOffset), localOffset);
  if (head?.readUInt32LE(0) !== LOCAL) throw badEntry(name, "there is no local header where the list says.");
  const extraBytes = head.readUInt16LE(28);
  if (
    head.readUInt16LE(26) !== entry.nameBytes.length ||
    !head.subarray(LOCAL_BYTES, least).equals(entry.nameBytes)
  ) {
    throw badEntry(name, "its local header has another name than the list.");
  }
  const start = localOffset + least + extraBytes;
  const end = start + packedBytes;
  if (end > to) throw badEntry(name, "its data lies outside the archive.");
  compare(entry, head, readExtra(fd, head, localOffset, least, extraBytes));
  if (entry.flags & HAS_DESCRIPTOR && !descriptorFits(fd, entry, end, to)) {
    throw badEntry(name, "the sizes that follow its data differ from the list.");
  }
  if (!whole) return { start, end };
  const inHead = start - localOffset + packedBytes <= head.length;
  const data = inHead
    ? head.subarray(start - localOffset, start - localOffset + packedBytes)
    : readExactly(fd, packedBytes, start);
  if (!data) throw badEntry(name, "its data is cut short.");
  return { start, end, whole: data };
}

function readExtra(fd: number, head: Buffer, offset: number, least: number, length: number): Buffer {
  if (least + length <= head.length) return head.subarray(least, least + length);
  return readExactly(fd, length, offset + least) ?? Buffer.alloc(0);
}

function compare(entry: ZipEntry, head: Buffer, rawExtra: Buffer): void {
  const differs = (what: string) =>
    badEntry(entry.name, `its local header has another ${what} than the list.`);
  const flags = head.readUInt16LE(6);
  if ((flags & FLAGS_THAT_COUNT) !== (entry.flags & FLAGS_THAT_COUNT)) throw differs("set of flags");
  if (head.readUInt16LE(8) !== entry.method) throw differs("compression method");
  const local = { sizeBytes: head.readUInt32LE(22), packedBytes: head.readUInt32LE(18) };
  const extras = extraFields(rawExtra);
  if (!extras || !widen(local, ["sizeBytes", "packedBytes"], extras.get(1))) {
    throw badEntry(entry.name, "the extra fields of its local header are damaged.");
  }
  const crc = head.readUInt32LE(14);
  // Sizes that follow the data are zero here, or already right.
  const later = (flags & HAS_DESCRIPTOR) !== 0;
  const fits = (here: number, listed: number) => here === listed || (later && here === 0);
  if (!fits(local.sizeBytes, entry.sizeBytes)) throw differs("size");
  if (!fits(local.packedBytes, entry.packedBytes)) throw differs("packed size");
  if (!fits(crc, entry.crc32)) throw differs("CRC");
}

/** CRC and sizes behind the data, with or without signature, in 32 or 64 bits: the format allows all four. */
function descriptorFits(fd: number, entry: ZipEntry, end: number, to: number): boolean {
  const tail = readExactly(fd, Math.min(24, to - end), end);
  if (!tail) return false;
  const fits = (at: number, wide: boolean): boolean => {
    const length = wide ? 20 : 12;
    if (at + length > tail.length || tail.readUInt32LE(at) !== entry.crc32) return false;
    return wide
      ? readUInt64(tail, at + 4) === entry.packedBytes && readUInt64(tail, at + 12) === entry.sizeBytes
      : tail.readUInt32LE(at + 4) === entry.packedBytes && tail.readUInt32LE(at + 8) === entry.sizeBytes;
  };
  const signed = tail.length >= 4 && tail.readUInt32LE(0) === DESCRIPTOR;
  return (signed && (fits(4, false) || fits(4, true))) || fits(0, false) || fits(0, true);
}

/** The unpacked bytes of a small entry, verified. */
export function unpackWhole(entry: ZipEntry, packed: Buffer): Buffer {
  const bytes = entry.method === 0 ? packed : inflate(entry, packed);
  if (bytes.length !== entry.sizeBytes) throw wrongSize(entry);
  if (crc32(bytes) !== entry.crc32) throw wrongCrc(entry);
  return bytes;
}

function inflate(entry: ZipEntry, packed: Buffer): Buffer {
  try {
    // One byte more than it says is enough to know that it lies; zero is no limit to zlib.
    return inflateRawSync(packed, { maxOutputLength: entry.sizeBytes + 1 });
  } catch (error) {
    if (error instanceof RangeError) throw wrongSize(entry);
    throw badEntry(entry.name, "its compressed data is damaged.", error);
  }
}

/** The unpacked bytes of any entry in pieces, verified; what is wrong only shows after the last piece. */
export async function* unpackPieces(fd: number, entry: ZipEntry, data: EntryData): AsyncGenerator<Buffer> {
  const pieces = entry.method === 0 ? packedPieces(fd, entry, data) : inflated(fd, entry, data);
  let sizeBytes = 0;
  let crc = 0;
  for await (const piece of pieces) {
    sizeBytes += piece.length;
    if (sizeBytes > entry.sizeBytes) throw wrongSize(entry);
    crc = crc32(piece, crc);
    yield piece;
  }
  if (sizeBytes !== entry.sizeBytes) throw wrongSize(entry);
  if (crc !== entry.crc32) throw wrongCrc(entry);
}

function* packedPieces(fd: number, entry: ZipEntry, { start, end }: EntryData): Generator<Buffer> {
  for (let at = start; at < end; at += PIECE_BYTES) {
    const piece = readExactly(fd, Math.min(PIECE_BYTES, end - at), at);
    if (!piece) throw badEntry(entry.name, "its data is cut short.");
    yield piece;
  }
}

async function* inflated(fd: number, entry: ZipEntry, data: EntryData): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw({ chunkSize: 256 * 1024 });
  const feeding = feed(inflater, packedPieces(fd, entry, data));
  feeding.catch((error) => inflater.destroy(error));
  try {
    for await (const piece of inflater) yield piece as Buffer;
  } catch (error) {
    throw badEntry(entry.name, "its compressed data is damaged or cut short.", error);
  } finally {
    inflater.destroy();
  }
}

/** Hands the pieces over as fast as they are taken. */
async function feed(inflater: ReturnType<typeof createInflateRaw>, pieces: Iterable<Buffer>): Promise<void> {
  for (const piece of pieces) {
    if (inflater.destroyed || inflater.writableEnded) return;
    if (inflater.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        inflater.off("drain", go).off("close", go);
        resolve();
      };
      inflater.on("drain", go).on("close", go);
    });
  }
  if (!inflater.destroyed) inflater.end();
}

const wrongSize = (entry: ZipEntry) =>
  badEntry(entry.name, `unpacked it does not have the ${entry.sizeBytes} bytes that the list says.`);
const wrongCrc = (entry: ZipEntry) =>
  badEntry(entry.name, "its data does not have the CRC that the list says.");
