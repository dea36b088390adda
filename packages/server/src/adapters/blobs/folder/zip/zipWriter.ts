// Writes a zip as a stream: what a snapshot is downloaded as. Only what that needs: files, Deflate or stored, Zip64 when large.
import { crc32, createDeflateRaw } from "node:zlib";

/** A whole file, packed: method 0 is stored, 8 is Deflate. */
export type Packed = { readonly crc: number; readonly method: number; readonly bytes: Uint8Array };

/** A file to write. Small ones come packed, so that their sizes can stand in front of them; `sizeBytes` is exact for both. */
export type ZipSource = {
  readonly path: string;
  readonly executable: boolean;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. Absent: the earliest date that a zip can tell, so that the same files give the same zip. */
  readonly changedAt?: number;
  readonly data: Packed | AsyncIterable<Uint8Array>;
};

type Written = {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly offset: number;
  readonly mode: number;
  readonly dosTime: number;
};

const UTF8 = 1 << 11;
const SIZES_FOLLOW = 1 << 3;
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;
/** Deflate adds at most five bytes to 16 KiB, so data this far below 4 GiB cannot reach it packed. */
const SURELY_NARROW = 0xff000000;
/** 1 January 1980, the earliest a zip can say. */
const EARLIEST = 0x0021 << 16;
const NEEDS = 20;
const NEEDS_ZIP64 = 45;
/** Made by Unix, so that the mode counts. */
const MADE_BY = (3 << 8) | NEEDS_ZIP64;
const JOINED_BYTES = 32 * 1024;
const HEADERS_AT_ONCE = 1_000;
/** Code and text shrink to a third at any level; a higher one only costs time. */
const LEVEL = 1;

/** What is said of an entry at the end, and where the next one begins. */
type Placed = { readonly entry: Written; readonly next: number };

/** The bytes of the zip. A reader that goes away closes what is being read. */
export async function* writeZip(files: AsyncIterable<ZipSource>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for await (const file of files) {
    const parts = "bytes" in file.data ? small(file, file.data, offset) : large(file, file.data, offset);
    const { entry, next } = yield* parts;
    written.push(entry);
    offset = next;
  }
  yield* directory(written, offset);
}

function* small(file: ZipSource, packed: Packed, offset: number): Generator<Uint8Array, Placed> {
  const { crc, method, bytes } = packed;
  const { sizeBytes } = file;
  const entry = entryOf(file, { flags: UTF8, method, crc, packedBytes: bytes.byteLength, sizeBytes, offset });
  const header = localHeader(entry, false);
  // One piece for small files; a copy of a larger one would cost more than a second piece.
  if (bytes.byteLength <= JOINED_BYTES) yield Buffer.concat([header, bytes]);
  else {
    yield header;
    yield bytes;
  }
  return { entry, next: offset + header.length + bytes.byteLength };
}

/** Sizes are not known in front of it, so they follow. */
async function* large(
  file: ZipSource,
  data: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<Uint8Array, Placed> {
  const wide = file.sizeBytes >= SURELY_NARROW;
  const base = { flags: UTF8 | SIZES_FOLLOW, method: 8, offset };
  const header = localHeader(entryOf(file, { ...base, crc: 0, packedBytes: 0, sizeBytes: 0 }), wide);
  yield header;
  let crc = 0;
  let sizeBytes = 0;
  let packedBytes = 0;
  const deflater = createDeflateRaw({ level: LEVEL, chunkSize: 128 * 1024 });
  const feeding = (async () => {
    for await (const piece of data) {
      crc = crc32(piece, crc);
      sizeBytes += piece.byteLength;
      if (deflater.destroyed) return;
      if (!deflater.write(piece)) await drained(deflater);
    }
    deflater.end();
  })().catch((error) => void deflater.destroy(error));
  try {
    for await (const piece of deflater) {
      packedBytes += (piece as Buffer).byteLength;
      yield piece as Buffer;
    }
  } finally {
    deflater.destroy();
    await feeding;
  }
  const tail = descriptor(crc, packedBytes, sizeBytes, wide);
  yield tail;
  const entry = entryOf(file, { ...base, crc, packedBytes, sizeBytes });
  return { entry, next: offset + header.length + packedBytes + tail.length };
}

const drained = (stream: ReturnType<typeof createDeflateRaw>): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      stream.off("drain", go).off("close", go);
      resolve();
    };
    stream.on("drain", go).on("close", go);
    if (stream.destroyed) go();
  });

const entryOf = (file: ZipSource, rest: Omit<Written, "name" | "mode" | "dosTime">): Written => ({
  name: Buffer.from(file.path),
  mode: file.executable ? 0o100755 : 0o100644,
  dosTime: file.changedAt === undefined ? EARLIEST : dosTimeOf(new Date(file.changedAt)),
  ...rest,
});

function localHeader(entry: Written, wide: boolean): Buffer {
  const header = Buffer.alloc(30 + entry.name.length + (wide ? 20 : 0));
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(wide ? NEEDS_ZIP64 : NEEDS, 4);
  common(header, 6, entry);
  header.writeUInt32LE(wide ? FULL32 : entry.packedBytes, 18);
  header.writeUInt32LE(wide ? FULL32 : entry.sizeBytes, 22);
  header.writeUInt16LE(entry.name.length, 26);
  header.writeUInt16LE(wide ? 20 : 0, 28);
  entry.name.copy(header, 30);
  if (wide) {
    const at = 30 + entry.name.length;
    header.writeUInt16LE(1, at);
    header.writeUInt16LE(16, at + 2);
  }
  return header;
}

/** In UTC, to two seconds, from 1980 to 2107. */
function dosTimeOf(at: Date): number {
  const year = at.getUTCFullYear() - 1980;
  if (!(year >= 0 && year < 128)) return EARLIEST;
  const date = (year << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return ((date << 16) | time) >>> 0;
}

/** Flags, method, date and CRC: the same in both headers. */
function common(header: Buffer, at: number, entry: Written): void {
  header.writeUInt16LE(entry.flags, at);
  header.writeUInt16LE(entry.method, at + 2);
  header.writeUInt32LE(entry.dosTime, at + 4);
  header.writeUInt32LE(entry.crc, at + 8);
}

function descriptor(crc: number, packedBytes: number, sizeBytes: number, wide: boolean): Buffer {
  const bytes = Buffer.alloc(wide ? 24 : 16);
  bytes.writeUInt32LE(0x08074b50, 0);
  bytes.writeUInt32LE(crc, 4);
  if (wide) {
    bytes.writeBigUInt64LE(BigInt(packedBytes), 8);
    bytes.writeBigUInt64LE(BigInt(sizeBytes), 16);
  } else {
    bytes.writeUInt32LE(packedBytes, 8);
    bytes.writeUInt32LE(sizeBytes, 12);
  }
  return bytes;
}

function* directory(entries: readonly Written[], offset: number): Generator<Uint8Array> {
  let sizeBytes = 0;
  // Many headers in one piece: each alone would be a packet of its own.
  for (let at = 0; at < entries.length; at += HEADERS_AT_ONCE) {
    const headers = Buffer.concat(entries.slice(at, at + HEADERS_AT_ONCE).map(centralHeader));
    sizeBytes += headers.length;
    yield headers;
  }
  const count = entries.length;
  if (count >= FULL16 || offset >= FULL32 || sizeBytes >= FULL32) yield end64(count, sizeBytes, offset);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, FULL16), 8);
  end.writeUInt16LE(Math.min(count, FULL16), 10);
  end.writeUInt32LE(Math.min(sizeBytes, FULL32), 12);
  end.writeUInt32LE(Math.min(offset, FULL32), 16);
  yield end;
}

function centralHeader(entry: Written): Buffer {
  const wide = [entry.sizeBytes, entry.packedBytes, entry.offset].filter((value) => value >= FULL32);
  const extraBytes = wide.length > 0 ? 4 + 8 * wide.length : 0;
  const header = Buffer.alloc(46 + entry.name.length + extraBytes);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(MADE_BY, 4);
  header.writeUInt16LE(wide.length > 0 ? NEEDS_ZIP64 : NEEDS, 6);
  common(header, 8, entry);
  header.writeUInt32LE(Math.min(entry.packedBytes, FULL32), 20);
  header.writeUInt32LE(Math.min(entry.sizeBytes, FULL32), 24);
  header.writeUInt16LE(entry.name.length, 28);
  header.writeUInt16LE(extraBytes, 30);
  header.writeUInt32LE((entry.mode << 16) >>> 0, 38);
  header.writeUInt32LE(Math.min(entry.offset, FULL32), 42);
  entry.name.copy(header, 46);
  if (wide.length === 0) return header;
  const at = 46 + entry.name.length;
  header.writeUInt16LE(1, at);
  header.writeUInt16LE(8 * wide.length, at + 2);
  wide.forEach((value, i) => void header.writeBigUInt64LE(BigInt(value), at + 4 + 8 * i));
  return header;
}

function end64(count: number, sizeBytes: number, offset: number): Buffer {
  const bytes = Buffer.alloc(56 + 20);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(MADE_BY, 12);
  bytes.writeUInt16LE(NEEDS_ZIP64, 14);
  bytes.writeBigUInt64LE(BigInt(count), 24);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 40);
  bytes.writeBigUInt64LE(BigInt(offset), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(offset + sizeBytes), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}
