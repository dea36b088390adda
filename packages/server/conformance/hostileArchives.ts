// Archives that lie or attack, and what a snapshot store must say to each. Built byte by byte, so nothing is left to a zipper.
import { crc32, deflateRawSync } from "node:zlib";
import { buildZip, type ZipPart } from "./buildZip.ts";

export type HostileArchive = {
  readonly is: string;
  readonly zip: () => Buffer;
  readonly code: "BadArchive" | "BadPath";
  /** What the message must hold: the fault, and the name of the entry when there is one. */
  readonly says: RegExp;
  readonly entry?: string;
};

const good: ZipPart = { name: "train.py", data: "print(1)\n" };
const bytes = (text: string) => Buffer.from(text, "latin1");
const MEBI = 1024 * 1024;

const path = (is: string, name: string, says: RegExp): HostileArchive => ({
  is,
  zip: () => buildZip([good, name.endsWith("/") ? { name, mode: 0o040755 } : { name, data: "x" }]),
  code: "BadPath",
  says,
  entry: name,
});
const archive = (is: string, zip: () => Buffer, says: RegExp): HostileArchive => ({
  is,
  zip,
  code: "BadArchive",
  says,
});
const entry = (is: string, part: ZipPart, says: RegExp): HostileArchive => ({
  is,
  zip: () => buildZip([good, part]),
  code: "BadArchive",
  says,
  entry: Buffer.from(part.name as Uint8Array).toString(),
});

const PATHS: readonly HostileArchive[] = [
  path("a name that climbs out", "../evil.py", /part '\.\.'/),
  path("a name that climbs out in the middle", "a/../../evil.py", /part '\.\.'/),
  path("a name that climbs out behind ./", "./../evil.py", /part '\.\.'/),
  path("an absolute name", "/etc/cron.d/evil", /begins with '\/'/),
  path("a name on a share", "//host/share/evil", /begins with '\/'/),
  path("a drive letter", "C:/evil.py", /drive letter/),
  path("a drive letter without slash", "C:evil.py", /drive letter/),
  path("a drive letter with backslash", "C:\\evil.py", /backslash/),
  path("backslashes that climb out", "..\\evil.py", /backslash/),
  path("backslashes as a separator", "src\\train.py", /backslash.*zip format/),
  path("a NUL in the name", "train.py\0.txt", /control character/),
  path("a line feed in the name", "a\nb", /control character/),
  path("an escape sequence in the name", "\u001b[2Jb", /control character/),
  path("an empty part", "a//b", /empty part/),
  path("a dot part", "a/./b", /part '\.'/),
  path("only a dot", ".", /part '\.'/),
  path("only dots", "..", /part '\.\.'/),
  path("an empty name", "", /it is empty/),
  path("a name of 256 bytes", "x".repeat(256), /more than 255 bytes/),
  path("a name of 128 two-byte letters", "é".repeat(128), /more than 255 bytes/),
  path("a path of 4,000 bytes", Array(20).fill("x".repeat(199)).join("/"), /more than 3000 bytes/),
  path("folders 201 deep", Array(201).fill("d").join("/"), /201 levels deep/),
  path("folders 32,000 deep", `${"d/".repeat(32_000)}f`, /32001 levels deep/),
  path("a folder that climbs out", "../evil/", /part '\.\.'/),
  path("the root folder", "/", /begins with '\/'/),
  path("the same name twice", "train.py", /there twice/),
  path("the same name with ./", "./train.py", /there twice/),
  path("a file in a file", "train.py/inner.py", /'train.py' is a file/),
  path("a folder named as a file", "train.py/", /'train.py' is a file/),
  {
    is: "a file named as a folder",
    zip: () =>
      buildZip([
        { name: "a/b.py", data: "1" },
        { name: "a", data: "2" },
      ]),
    code: "BadPath",
    says: /file and a folder/,
    entry: "a",
  },
];

const KINDS: readonly HostileArchive[] = [
  entry("a symbolic link to outside", { name: "link", data: "/etc/passwd", mode: 0o120777 }, /symbolic link/),
  entry("a symbolic link within", { name: "link", data: "train.py", mode: 0o120777 }, /symbolic link/),
  {
    is: "a link to a folder and a file through it",
    zip: () =>
      buildZip([
        { name: "out", data: "/usr", mode: 0o120777 },
        { name: "out/evil", data: "x" },
      ]),
    code: "BadArchive",
    says: /symbolic link/,
    entry: "out",
  },
  entry(
    "a symbolic link said to be made by DOS",
    { name: "link", data: "/etc", mode: 0o120777, host: 0 },
    /symbolic link/,
  ),
  entry("a character device", { name: "null", mode: 0o020666 }, /device/),
  entry("a block device", { name: "disk", mode: 0o060666 }, /device/),
  entry("a FIFO", { name: "pipe", mode: 0o010644 }, /FIFO/),
  entry("a socket", { name: "sock", mode: 0o140755 }, /socket/),
  entry(
    "a hard link in PKWARE's field",
    { name: "hard", extra: bytes("\x0d\x00\x17\x00aaaammmmuuggtrain.py.link") },
    /link or a device/,
  ),
  entry(
    "a link in ASi's field",
    { name: "asi", extra: bytes("\x6e\x75\x0e\x00crc!\xff\xa1\x00\x00\x00\x00uugg") },
    /link or a device/,
  ),
  entry("a folder by its mode only", { name: "folder", mode: 0o040755 }, /by its name it is a file/),
  entry("a folder by its name only", { name: "folder/", mode: 0o100644 }, /by its name it is a folder/),
  entry("a folder with data", { name: "folder/", data: "hidden", mode: 0o040755 }, /it has data/),
  entry("an encrypted file", { name: "secret", data: "x", flags: 1 }, /encrypted/),
  entry("strong encryption", { name: "secret", data: "x", flags: 1 << 6 }, /encrypted/),
  entry("a masked list", { name: "secret", data: "x", flags: 1 << 13 }, /encrypted/),
  entry("a patch", { name: "patch", data: "x", flags: 1 << 5 }, /patch/),
  ...(
    [
      [1, "Shrink"],
      [9, "Deflate64"],
      [12, "bzip2"],
      [14, "LZMA"],
      [93, "Zstandard"],
      [95, "XZ"],
      [98, "PPMd"],
    ] as const
  ).map(([method, name]) =>
    entry(
      `compression method ${name}`,
      { name: "odd", data: "x", method },
      new RegExp(`${method} \\(${name}\\)`),
    ),
  ),
  entry(
    "an unknown compression method",
    { name: "odd", data: "x", method: 77 },
    /method 77 is not supported/,
  ),
];

const LIES: readonly HostileArchive[] = [
  entry(
    "another name in the local header",
    { name: "b.py", data: "x", local: { name: "c.py" } },
    /another name/,
  ),
  entry(
    "a local name that climbs out",
    { name: "bb.py", data: "x", local: { name: "../by" } },
    /another name/,
  ),
  entry(
    "another size in the local header",
    { name: "b", data: "x", local: { sizeBytes: 2 } },
    /another size/,
  ),
  entry(
    "another packed size in the local header",
    { name: "b", data: "x", local: { packedBytes: 2 } },
    /another packed size/,
  ),
  entry(
    "another method in the local header",
    { name: "b", data: "x", local: { method: 8 } },
    /another compression method/,
  ),
  entry("another CRC in the local header", { name: "b", data: "x", local: { crc: 1 } }, /another CRC/),
  entry(
    "encryption in the local header only",
    { name: "b", data: "x", local: { flags: 1 } },
    /another set of flags/,
  ),
  entry(
    "a data descriptor in the local header only",
    { name: "b", data: "x", local: { flags: 8 } },
    /another set of flags/,
  ),
  entry(
    "a data descriptor with another size",
    { name: "b", data: "xyz", descriptor: Buffer.from([...u32(crc32("xyz")), ...u32(3), ...u32(4)]) },
    /follow its data/,
  ),
  entry(
    "no data descriptor where one is said",
    { name: "b", data: "xyz", descriptor: Buffer.alloc(0) },
    /follow its data/,
  ),
  entry("an offset into nothing", { name: "b", data: "x", offset: 1_000_000 }, /outside the archive/),
  entry("an offset into other data", { name: "b", data: "x", offset: 44 }, /no local header|overlaps/),
  entry("an offset of 2^60", { name: "b", data: "x", offset: 2 ** 60, zip64: true }, /outside the archive/),
  entry("a bad CRC", { name: "b", data: "hello", crc: 7 }, /does not have the CRC/),
  entry(
    "a bad CRC, deflated",
    { name: "b", data: "hello".repeat(99), method: 8, crc: 7 },
    /does not have the CRC/,
  ),
  entry(
    "more data than it says",
    { name: "b", data: "hello".repeat(99), method: 8, sizeBytes: 5 },
    /bytes that the list says/,
  ),
  entry(
    "data for an empty file",
    { name: "b", data: "hello", method: 8, sizeBytes: 0 },
    /bytes that the list says/,
  ),
  entry(
    "less data than it says",
    { name: "b", data: "hello", method: 8, sizeBytes: 50 },
    /bytes that the list says/,
  ),
  entry("sizes of a stored file that differ", { name: "b", data: "hello", sizeBytes: 9 }, /its sizes differ/),
  entry(
    "a stored file beyond the end",
    { name: "b", data: "hello", sizeBytes: 9e9, packedBytes: 9e9, zip64: true },
    /outside|may have/,
  ),
  entry(
    "broken deflate data",
    { name: "b", data: "hello", method: 8, packed: bytes("\xff\xff\xff\xff") },
    /compressed data is damaged/,
  ),
  entry(
    "cut deflate data",
    {
      name: "b",
      data: "hello".repeat(999),
      method: 8,
      packed: deflateRawSync("hello".repeat(999)).subarray(0, 9),
    },
    /compressed data is damaged/,
  ),
  entry(
    "broken deflate data in a large file",
    { name: "b", data: Buffer.alloc(9 * MEBI), method: 8, packed: Buffer.alloc(9 * MEBI, 0xff) },
    /compressed data is damaged/,
  ),
  entry(
    "a large file with a bad CRC",
    { name: "b", data: Buffer.alloc(9 * MEBI, "ab"), method: 8, crc: 3 },
    /does not have the CRC/,
  ),
  entry(
    "a large file with more data than it says",
    { name: "b", data: Buffer.alloc(20 * MEBI, "ab"), method: 8, sizeBytes: 9 * MEBI },
    /bytes that the list says/,
  ),
  entry(
    "a large file with less data than it says",
    { name: "b", data: Buffer.alloc(9 * MEBI, "ab"), method: 8, sizeBytes: 19 * MEBI },
    /bytes that the list says/,
  ),
  {
    is: "a name that says to be UTF-8 and is not",
    zip: () => buildZip([good, { name: bytes("caf\xe9.py"), data: "x", flags: 1 << 11 }]),
    code: "BadArchive",
    says: /not valid UTF-8/,
  },
  entry(
    "extra fields that overrun",
    { name: "b", data: "x", extra: bytes("\x99\x99\xff\x00") },
    /extra fields are damaged/,
  ),
  entry(
    "a Zip64 size without its field",
    { name: "b", data: "x", sizeBytes: 0xffffffff },
    /Zip64 sizes are missing/,
  ),
  {
    is: "two entries with one local header",
    zip: () => buildZip([good, { name: "train.py.bak", data: "x", offset: 0, listedOnly: true }]),
    code: "BadArchive",
    says: /overlaps/,
    entry: "train.py.bak",
  },
];

const FRAMES: readonly HostileArchive[] = [
  archive("an empty upload", () => Buffer.alloc(0), /empty \(0 bytes\)/),
  archive("no zip at all", () => bytes("#!/bin/sh\necho hello\n"), /no end record/),
  archive("a gzip", () => bytes(`\x1f\x8b\x08${"\0".repeat(100)}`), /no end record/),
  archive("random bytes", () => Buffer.alloc(5_000, 0xa7), /no end record/),
  archive(
    "bytes in front (self-extracting)",
    () => buildZip([good], { before: bytes("MZ program") }),
    /10 bytes in front/,
  ),
  archive("bytes behind", () => buildZip([good], { after: bytes("tail") }), /other bytes after it/),
  archive(
    "two end records",
    () => {
      const inner = buildZip([{ name: "other.py", data: "2" }]);
      return buildZip([good], { comment: inner.subarray(-22) });
    },
    /two end records/,
  ),
  archive(
    "two archives in one file",
    () => Buffer.concat([buildZip([good]), buildZip([good])]),
    /bytes in front/,
  ),
  archive(
    "an end record that hides entries",
    () => buildZip([good, { name: "b", data: "x" }], { entries: 1 }),
    /has more/,
  ),
  archive(
    "an end record that promises entries",
    () => buildZip([good], { entries: 2 }),
    /room for fewer|but its list has/,
  ),
  archive(
    "a list that is said to be elsewhere",
    () => buildZip([good], { directoryOffset: 5 }),
    /bytes in front of it or before/,
  ),
  archive("a list beyond the end", () => buildZip([good], { directoryOffset: 5_000 }), /cut short/),
  archive(
    "a list that is damaged",
    () => damage(buildZip([good, good]), -22 - 46 - 8),
    /list of entries is damaged at entry 2/,
  ),
  archive(
    "Zip64 numbers above 2^53",
    () => buildZip([good], { zip64: true, entries: 2 ** 60 }),
    /files and folders/,
  ),
  archive(
    "ten million empty entries",
    () => tenMillion(),
    /10000000 files and folders or more; 1000000 are allowed/,
  ),
  archive(
    "a bomb of one file",
    () => {
      // 2 GiB of zeros by its list; a file that really has them need not be made, for the list alone is refused.
      const packed = deflateRawSync(Buffer.alloc(4 * MEBI));
      return buildZip([{ name: "zeros", method: 8, packed, sizeBytes: 2 * 1024 * MEBI, crc: 0 }]);
    },
    /2147483648 bytes unpacked/,
  ),
  archive(
    "a bomb of many files",
    () =>
      buildZip(
        Array.from({ length: 1_200 }, (_, i) => ({
          name: `f${i}`,
          method: 8,
          packed: bytes("\x03\x00"),
          sizeBytes: MEBI,
        })),
      ),
    /bytes unpacked; this archive of/,
  ),
  archive("a bomb of overlapping files", overlapping, /overlaps/),
];

/** Every one of them must be refused with its code and message, quickly, leaving nothing. */
export const HOSTILE_ARCHIVES: readonly HostileArchive[] = [...PATHS, ...KINDS, ...LIES, ...FRAMES];

function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

function damage(zip: Buffer, at: number): Buffer {
  zip.writeUInt8((zip.at(at) ?? 0) ^ 0xff, zip.length + at);
  return zip;
}

/** Only the end record says so: refused before any of them is looked at. */
function tenMillion(): Buffer {
  return buildZip([good], { zip64: true, entries: 10_000_000 });
}

/** Many entries that share one kernel of packed data, each under a local header of its own within the one before. */
function overlapping(): Buffer {
  const data = Buffer.alloc(MEBI);
  const packed = deflateRawSync(data);
  const parts: ZipPart[] = Array.from({ length: 50 }, (_, i) => ({
    name: i === 0 ? "a" : `b${i}`,
    data,
    method: 8,
    packed,
    offset: i === 0 ? 0 : 31,
    listedOnly: i > 0,
  }));
  return buildZip(parts);
}
