// A small zip of entries that are in memory, stored as they are. For the local bundle; projects have a writer of their own.
import { crc32 } from "node:zlib";
import type { ZipEntry } from "./localBundler.ts";

const REGULAR_FILE = 0o100000;
const UTF8_NAMES = 0x0800;
/** 1 January 1980, the first day a zip can tell: the same bundle is the same bytes. */
const DATE = 0x0021;
/** Written by Unix, by version 2.0 of the format: so readers take the mode. */
const MADE_BY = (3 << 8) | 20;

/** Yields the zip. For less than 65,535 entries and 4 GiB; throws a RangeError beyond. */
export async function* storedZip(entries: Iterable<ZipEntry>): AsyncIterable<Uint8Array> {
  const directory: Buffer[] = [];
  let at = 0;
  for (const { path, mode, bytes } of entries) {
    const name = Buffer.from(path, "utf8");
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    common(local, 4, name.length, bytes);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(MADE_BY, 4);
    common(central, 6, name.length, bytes);
    central.writeUInt32LE(((REGULAR_FILE | mode) << 16) >>> 0, 38);
    central.writeUInt32LE(at, 42);
    directory.push(central, name);
    yield Buffer.concat([local, name]);
    yield bytes;
    at += local.length + name.length + bytes.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length / 2, 8);
  end.writeUInt16LE(directory.length / 2, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  yield Buffer.concat([listing, end]);
}

/** The fields that the local header and the central directory share, in their order. */
function common(header: Buffer, offset: number, nameLength: number, bytes: Uint8Array): void {
  header.writeUInt16LE(20, offset);
  header.writeUInt16LE(UTF8_NAMES, offset + 2);
  header.writeUInt16LE(DATE, offset + 8);
  header.writeUInt32LE(crc32(bytes), offset + 10);
  header.writeUInt32LE(bytes.length, offset + 14);
  header.writeUInt32LE(bytes.length, offset + 18);
  header.writeUInt16LE(nameLength, offset + 22);
}
