// Reads a small zip from memory by its central directory, for tests of what was sent.
import { inflateRawSync } from "node:zlib";

export type ZipEntry = {
  readonly name: string;
  readonly mode: number;
  readonly stored: boolean;
  readonly bytes: Buffer;
};

export function readZip(zip: Buffer): ZipEntry[] {
  const end = zip.lastIndexOf(Buffer.from("PK\u0005\u0006"));
  if (end < 0) throw new Error("This is no zip.");
  const entries: ZipEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const stored = zip.readUInt16LE(at + 10) === 0;
    const size = zip.readUInt32LE(at + 20);
    const nameLength = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(begin, begin + size);
    entries.push({
      name: zip.subarray(at + 46, at + 46 + nameLength).toString(),
      mode: zip.readUInt32LE(at + 38) >>> 16,
      stored,
      bytes: stored ? packed : inflateRawSync(packed),
    });
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}
