// Reads the list of entries of a zip, strictly and with one buffer. Blocks: for a worker.
//
// Not yauzl, which needs two reads of the thread pool for an entry (65 µs, so a minute for a million), does not name the entry
// in its errors, and hides the fields that show two readers would disagree.
import { badArchive, badEntry } from "./badArchive.ts";
import { type Directory, readExactly, readUInt64 } from "./endRecord.ts";
import { entryName } from "./entryName.ts";

const SIGNATURE = 0x02014b50;
const HEADER_BYTES = 46;
const ZIP64 = 0x0001;
const WINDOW_BYTES = 1024 * 1024;

/** One entry as the central directory tells it. */
export type ZipEntry = {
  readonly name: string;
  /** The name as it was written, for comparison with the local header. */
  readonly nameBytes: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly localOffset: number;
  /** The Unix mode, or 0 when none is told. */
  readonly mode: number;
  /** A link or device that is told beside the mode, in an extra field. */
  readonly linkInExtra: boolean;
};

/** The entries in the order of the list. Throws BadArchive when the list is not what the end record says. */
export function* readEntries(fd: number, directory: Directory): Generator<ZipEntry> {
  const end = directory.offset + directory.sizeBytes;
  let window: Buffer = Buffer.alloc(0);
  let windowOffset = directory.offset;
  let at = directory.offset;
  /** The next bytes of the list, or undefined when it ends before them. */
  const take = (length: number): Buffer | undefined => {
    if (at + length > end) return undefined;
    if (at + length > windowOffset + window.length) {
      const read = readExactly(fd, Math.min(Math.max(WINDOW_BYTES, length), end - at), at);
      if (!read) return undefined;
      window = read;
      windowOffset = at;
    }
    const start = at - windowOffset;
    at += length;
    return window.subarray(start, start + length);
  };
  let count = 0;
  for (; at < end; count += 1) {
    if (count === directory.entries) break;
    const header = take(HEADER_BYTES);
    if (header?.readUInt32LE(0) !== SIGNATURE)
      throw badArchive(`its list of entries is damaged at entry ${count + 1}.`);
    const nameBytes = header.readUInt16LE(28);
    const extraBytes = header.readUInt16LE(30);
    const rest = take(nameBytes + extraBytes + header.readUInt16LE(32));
    if (!rest) throw badArchive(`its list of entries is cut at entry ${count + 1}.`);
    yield parse(header, rest.subarray(0, nameBytes), rest.subarray(nameBytes, nameBytes + extraBytes));
  }
  if (count !== directory.entries || at !== end) {
    throw badArchive(
      `its end record says ${directory.entries} entries, but its list has ${at < end ? "more" : count}.`,
    );
  }
}

function parse(header: Buffer, rawName: Buffer, rawExtra: Buffer): ZipEntry {
  const flags = header.readUInt16LE(8);
  const extras = extraFields(rawExtra);
  const name = entryName(rawName, flags, extras ?? new Map());
  if (name === undefined) throw badEntry(rawName.toString("latin1"), "its name is not valid UTF-8.");
  if (!extras) throw badEntry(name, "its extra fields are damaged.");
  const wide = {
    sizeBytes: header.readUInt32LE(24),
    packedBytes: header.readUInt32LE(20),
    localOffset: header.readUInt32LE(42),
  };
  if (!widen(wide, ["sizeBytes", "packedBytes", "localOffset"], extras.get(ZIP64))) {
    throw badEntry(name, "its Zip64 sizes are missing.");
  }
  if (header.readUInt16LE(34) !== 0 && header.readUInt16LE(34) !== 0xffff) {
    throw badEntry(name, "it lies in another part of an archive in several parts.");
  }
  return {
    name,
    nameBytes: Buffer.from(rawName),
    flags,
    method: header.readUInt16LE(10),
    crc32: header.readUInt32LE(16),
    ...wide,
    mode: header.readUInt32LE(38) >>> 16,
    linkInExtra: hasLink(extras),
  };
}

/**
 * Replaces each field that is full (2^32 − 1) by its value in the Zip64 extra field, in the field's fixed order. False when
 * it is not there.
 */
export function widen<K extends string>(
  fields: Record<K, number>,
  order: readonly K[],
  zip64: Buffer | undefined,
): boolean {
  let at = 0;
  for (const key of order) {
    if (fields[key] !== 0xffffffff) continue;
    if (!zip64 || at + 8 > zip64.length) return false;
    fields[key] = readUInt64(zip64, at);
    at += 8;
  }
  return true;
}

/** Extra fields by their id, the first of each; undefined when they do not fit their length. */
export function extraFields(raw: Buffer): Map<number, Buffer> | undefined {
  const fields = new Map<number, Buffer>();
  let at = 0;
  // Some zippers align data with up to three bytes of padding here.
  while (at + 4 <= raw.length) {
    const id = raw.readUInt16LE(at);
    const end = at + 4 + raw.readUInt16LE(at + 2);
    if (end > raw.length) return undefined;
    if (!fields.has(id)) fields.set(id, raw.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** PKWARE's Unix field tells links and devices after 12 bytes; ASi's has a mode and a link name. */
function hasLink(extras: ReadonlyMap<number, Buffer>): boolean {
  const pkware = extras.get(0x000d);
  if (pkware && pkware.length > 12) return true;
  const asi = extras.get(0x756e);
  if (!asi || asi.length < 10) return false;
  const type = asi.readUInt16LE(4) & 0xf000;
  return asi.readUInt32LE(6) !== 0 || (type !== 0 && type !== 0x8000 && type !== 0x4000);
}
