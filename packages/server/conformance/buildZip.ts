// Builds zips byte by byte for tests: right ones, and ones that lie in any field. Not for use outside tests.
import { crc32, deflateRawSync } from "node:zlib";

/** One entry. Whatever is left out is right; whatever is given is written as it is. */
export type ZipPart = {
  readonly name: string | Uint8Array;
  readonly data?: string | Uint8Array;
  /** 0: stored (default), 8: deflated; any other number is written with the data as it is. */
  readonly method?: number;
  readonly flags?: number;
  /** The Unix mode with its type bits; 0 for none told. */
  readonly mode?: number;
  /** Which system made it: 0 DOS, 3 Unix. */
  readonly host?: number;
  /** The packed bytes, when they are not to be made from the data. */
  readonly packed?: Uint8Array;
  readonly crc?: number;
  readonly sizeBytes?: number;
  readonly packedBytes?: number;
  readonly extra?: Uint8Array;
  /** What the local header says where it differs from the list. */
  readonly local?: {
    readonly name?: string | Uint8Array;
    readonly method?: number;
    readonly flags?: number;
    readonly crc?: number;
    readonly sizeBytes?: number;
    readonly packedBytes?: number;
    readonly extra?: Uint8Array;
  };
  /** Sizes and CRC follow the data: as they should, or as given. */
  readonly descriptor?: true | Uint8Array;
  /** Sizes and offset stand in a Zip64 field. */
  readonly zip64?: boolean;
  /** Where the list says the local header is. */
  readonly offset?: number;
  /** Only listed: no local header and no data are written. */
  readonly listedOnly?: boolean;
};

export type ZipFrame = {
  readonly before?: Uint8Array;
  /** Whether offsets count the bytes before. */
  readonly offsetsCountBefore?: boolean;
  readonly after?: Uint8Array;
  readonly comment?: Uint8Array;
  readonly entries?: number;
  readonly directoryOffset?: number;
  readonly directoryBytes?: number;
  readonly zip64?: boolean;
};

const FULL32 = 0xffffffff;
const bytesOf = (value: string | Uint8Array | undefined): Buffer =>
  value === undefined ? Buffer.alloc(0) : Buffer.from(value as Uint8Array);
const u16 = (value: number) => [value & 255, (value >>> 8) & 255];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16((value >>> 16) & 0xffff)];
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return [...bytes];
};

/** The zip as bytes. */
export function buildZip(parts: readonly ZipPart[], frame: ZipFrame = {}): Buffer {
  const before = bytesOf(frame.before);
  const base = frame.offsetsCountBefore ? 0 : before.length;
  const pieces: Buffer[] = [before];
  let at = before.length;
  const write = (piece: Buffer) => {
    pieces.push(piece);
    at += piece.length;
  };
  const headers = parts.map((part) => {
    const offset = at - base;
    const { local, packed, tail, central } = encode(part, part.offset ?? offset);
    if (!part.listedOnly) for (const piece of [local, packed, tail]) write(piece);
    return central;
  });
  const directoryOffset = frame.directoryOffset ?? at - base;
  for (const header of headers) write(header);
  const directoryBytes = frame.directoryBytes ?? headers.reduce((sum, h) => sum + h.length, 0);
  const count = frame.entries ?? parts.length;
  if (frame.zip64) write(end64(count, directoryBytes, directoryOffset, at - base));
  write(end(count, directoryBytes, directoryOffset, frame));
  write(bytesOf(frame.after));
  return Buffer.concat(pieces);
}

function encode(part: ZipPart, offset: number) {
  const data = bytesOf(part.data);
  const method = part.method ?? 0;
  const name = bytesOf(part.name);
  const packed = part.packed ? Buffer.from(part.packed) : method === 8 ? deflateRawSync(data) : data;
  const nonAscii = typeof part.name === "string" && name.some((b) => b > 127);
  const flags = part.flags ?? (nonAscii ? 1 << 11 : 0) | (part.descriptor ? 1 << 3 : 0);
  const crc = part.crc ?? crc32(data);
  const sizeBytes = part.sizeBytes ?? data.length;
  const packedBytes = part.packedBytes ?? packed.length;
  const later = part.descriptor !== undefined;
  const here = part.local ?? {};
  const localName = bytesOf(here.name ?? part.name);
  const localSize = here.sizeBytes ?? (later ? 0 : sizeBytes);
  const localPacked = here.packedBytes ?? (later ? 0 : packedBytes);
  const localWide = part.zip64 && !later;
  const localExtra = Buffer.concat([
    Buffer.from(localWide ? [...u16(1), ...u16(16), ...u64(localSize), ...u64(localPacked)] : []),
    bytesOf(here.extra),
  ]);
  const local = Buffer.from([
    ...u32(0x04034b50),
    ...u16(part.zip64 ? 45 : 20),
    ...u16(here.flags ?? flags),
    ...u16(here.method ?? method),
    ...u32(0x00210000),
    ...u32(here.crc ?? (later ? 0 : crc)),
    ...u32(localWide ? FULL32 : localPacked),
    ...u32(localWide ? FULL32 : localSize),
    ...u16(localName.length),
    ...u16(localExtra.length),
    ...localName,
    ...localExtra,
  ]);
  const sizes = part.zip64
    ? [...u64(packedBytes), ...u64(sizeBytes)]
    : [...u32(packedBytes), ...u32(sizeBytes)];
  const tail =
    part.descriptor === true
      ? Buffer.from([...u32(0x08074b50), ...u32(crc), ...sizes])
      : bytesOf(part.descriptor);
  const extra = Buffer.concat([
    Buffer.from(
      part.zip64 ? [...u16(1), ...u16(24), ...u64(sizeBytes), ...u64(packedBytes), ...u64(offset)] : [],
    ),
    bytesOf(part.extra),
  ]);
  const mode = part.mode ?? 0o100644;
  const central = Buffer.concat([
    Buffer.from([
      ...u32(0x02014b50),
      ...u16(((part.host ?? 3) << 8) | 45),
      ...u16(part.zip64 ? 45 : 20),
      ...u16(flags),
      ...u16(method),
      ...u32(0x00210000),
      ...u32(crc),
      ...u32(part.zip64 ? FULL32 : packedBytes),
      ...u32(part.zip64 ? FULL32 : sizeBytes),
      ...u16(name.length),
      ...u16(extra.length),
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u16(mode),
      ...u32(part.zip64 ? FULL32 : offset),
    ]),
    name,
    extra,
  ]);
  return { local, packed, tail, central };
}

function end(count: number, bytes: number, offset: number, { comment, zip64 }: ZipFrame): Buffer {
  const text = bytesOf(comment);
  const entries = zip64 ? 0xffff : count & 0xffff;
  return Buffer.from([
    ...u32(0x06054b50),
    ...u32(0),
    ...u16(entries),
    ...u16(entries),
    ...u32(zip64 ? FULL32 : bytes),
    ...u32(zip64 ? FULL32 : offset),
    ...u16(text.length),
    ...text,
  ]);
}

function end64(count: number, bytes: number, offset: number, at: number): Buffer {
  return Buffer.from([
    ...u32(0x06064b50),
    ...u64(44),
    ...u16(45),
    ...u16(45),
    ...u32(0),
    ...u32(0),
    ...u64(count),
    ...u64(count),
    ...u64(bytes),
    ...u64(offset),
    ...u32(0x07064b50),
    ...u32(0),
    ...u64(at),
    ...u32(1),
  ]);
}
