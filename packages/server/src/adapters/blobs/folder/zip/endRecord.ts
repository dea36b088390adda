// Finds where the list of entries of a zip is. Blocks: for a worker. Refuses files about whose end two readers could disagree.
import { readSync } from "node:fs";
import { badArchive } from "./badArchive.ts";

const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const LOCATOR64 = 0x07064b50;
const LOCATOR64_BYTES = 20;
const LONGEST_COMMENT = 0xffff;

/** Where the central directory is, and how many entries it says to have. */
export type Directory = { readonly entries: number; readonly offset: number; readonly sizeBytes: number };

/** Reads exactly `length` bytes, or undefined when the file is shorter. */
export function readExactly(fd: number, length: number, position: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const read = readSync(fd, buffer, at, length - at, position + at);
    if (read === 0) return undefined;
    at += read;
  }
  return buffer;
}

/** A 64-bit number of a zip. One above 2^53 cannot be right and is answered as infinity, which no check lets pass. */
export function readUInt64(buffer: Buffer, at: number): number {
  const value = buffer.readBigUInt64LE(at);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

/** Throws BadArchive for what is no zip, is cut, has bytes around it, or has several ends. */
export function findDirectory(fd: number, fileBytes: number): Directory {
  if (fileBytes === 0) throw badArchive("the file is empty (0 bytes).");
  const tailBytes = Math.min(fileBytes, END_BYTES + LONGEST_COMMENT);
  const tail = readExactly(fd, tailBytes, fileBytes - tailBytes);
  if (!tail) throw badArchive("it became shorter while it was read.");
  const at = findEnd(tail);
  const end = tail.subarray(at);
  const endOffset = fileBytes - tailBytes + at;
  const said = {
    disk: end.readUInt16LE(4),
    directoryDisk: end.readUInt16LE(6),
    entriesHere: end.readUInt16LE(8),
    entries: end.readUInt16LE(10),
    sizeBytes: end.readUInt32LE(12),
    offset: end.readUInt32LE(16),
  };
  const wide = readEnd64(fd, endOffset);
  if (!wide) {
    if (said.disk !== 0 || said.directoryDisk !== 0 || said.entriesHere !== said.entries)
      throw severalDisks();
    return checked(said, endOffset);
  }
  const agrees = (narrow: number, full: number, mark: number) => narrow === mark || narrow === full;
  if (
    !agrees(said.entries, wide.entries, 0xffff) ||
    !agrees(said.sizeBytes, wide.sizeBytes, 0xffffffff) ||
    !agrees(said.offset, wide.offset, 0xffffffff)
  ) {
    throw badArchive("its Zip64 end record and its plain end record disagree.");
  }
  return checked(wide, wide.at);
}

/** The only place in the tail where an end record reaches exactly to the end of the file. */
function findEnd(tail: Buffer): number {
  const found: number[] = [];
  let signatures = 0;
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    if (tail[at] !== 0x50 || tail.readUInt32LE(at) !== END) continue;
    signatures += 1;
    if (at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) found.push(at);
  }
  if (found.length > 1)
    throw badArchive("it has two end records, so two readers could see different files in it.");
  if (found[0] !== undefined) return found[0];
  throw badArchive(
    signatures > 0
      ? "its end record does not reach to the end of the file: it is cut short, or there are other bytes after it."
      : "it has no end record. Either it is no zip, or it is cut short.",
  );
}

function readEnd64(fd: number, endOffset: number): (Directory & { readonly at: number }) | undefined {
  if (endOffset < LOCATOR64_BYTES + END64_BYTES) return undefined;
  const locatorOffset = endOffset - LOCATOR64_BYTES;
  const locator = readExactly(fd, LOCATOR64_BYTES, locatorOffset);
  if (locator?.readUInt32LE(0) !== LOCATOR64) return undefined;
  const at = readUInt64(locator, 8);
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) > 1) throw severalDisks();
  const record = at + END64_BYTES <= locatorOffset ? readExactly(fd, END64_BYTES, at) : undefined;
  if (record?.readUInt32LE(0) !== END64 || at + 12 + readUInt64(record, 4) !== locatorOffset) {
    throw badArchive("its Zip64 end record is not where it should be.");
  }
  const entries = readUInt64(record, 32);
  if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0 || readUInt64(record, 24) !== entries) {
    throw severalDisks();
  }
  return { at, entries, sizeBytes: readUInt64(record, 40), offset: readUInt64(record, 48) };
}

function checked({ entries, sizeBytes, offset }: Directory, directoryEnd: number): Directory {
  const gap = directoryEnd - (offset + sizeBytes);
  if (gap > 0)
    throw badArchive(
      `there are ${gap} bytes in front of it or before its end record that do not belong to it.`,
    );
  if (gap < 0 || Number.isNaN(gap)) throw badArchive("its list of entries is cut short.");
  return { entries, sizeBytes, offset };
}

const severalDisks = () => badArchive("it is one part of an archive in several parts.");
