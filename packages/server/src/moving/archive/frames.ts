// An archive as a row of frames: each says how long it is, and carries a hash of itself and of all before it. So whatever is cut, changed,
// left out or put in another place is seen, and no frame unpacks to more than it says.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { MalachiteError } from "@malachite/core";
import { onStorage } from "../../files/index.ts";

/** The first line of the file. */
export const MAGIC = "malachite-workspace 1\n";

/** head, rows, begin of an item, data of it, end of it, end of the archive. */
export type FrameKind = "H" | "R" | "B" | "D" | "E" | "Z";
const KINDS = "HRBDEZ";
export type Frame = { readonly kind: FrameKind; readonly payload: Buffer };

const HEADER_BYTES = 10;
const HASH_BYTES = 16;
/** The longest payload: a single row may be long. */
export const MOST_BYTES = 64 * 1024 * 1024;
/** Shorter ones are not packed. */
const PACKED_FROM = 256;
const BUFFER_BYTES = 1024 * 1024;

const START = createHash("sha256").update(MAGIC).digest().subarray(0, HASH_BYTES);
const next = (before: Buffer, header: Buffer, stored: Buffer): Buffer =>
  createHash("sha256").update(before).update(header).update(stored).digest().subarray(0, HASH_BYTES);

export class FrameWriter {
  readonly #handle: FileHandle;
  #chain: Buffer = START;
  #waiting: Buffer[] = [Buffer.from(MAGIC)];
  #waitingBytes = MAGIC.length;
  bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The hash of all that was written. */
  get hash(): string {
    return this.#chain.toString("hex");
  }

  async write(kind: FrameKind, payload: Buffer): Promise<void> {
    if (payload.length > MOST_BYTES)
      throw new MalachiteError(
        "StorageFailed",
        `A row of ${payload.length} bytes is too long for an archive.`,
      );
    const packed = payload.length < PACKED_FROM ? payload : zstdCompressSync(payload);
    const isPacked = packed.length < payload.length;
    const stored = isPacked ? packed : payload;
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = kind.charCodeAt(0);
    header[1] = isPacked ? 1 : 0;
    header.writeUInt32BE(stored.length, 2);
    header.writeUInt32BE(payload.length, 6);
    this.#chain = next(this.#chain, header, stored);
    this.#waiting.push(header, stored, this.#chain);
    this.#waitingBytes += header.length + stored.length + HASH_BYTES;
    if (this.#waitingBytes >= BUFFER_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await onStorage("Writing the archive", async () => {
      for (let at = 0; at < all.length; ) at += (await this.#handle.write(all, at)).bytesWritten;
    });
    this.bytes += all.length;
  }
}

const bad = (why: string): MalachiteError => new MalachiteError("BadExport", `The archive ${why}.`);

/** Reads the frames of a file from its beginning, each checked. Throws BadExport. */
export class FrameReader {
  readonly #handle: FileHandle;
  #chain: Buffer = START;
  #at = 0;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The hash of all that was read. */
  get hash(): string {
    return this.#chain.toString("hex");
  }

  /** How far it is. */
  get bytes(): number {
    return this.#at - this.#buffer.length;
  }

  async begin(): Promise<void> {
    const magic = (await this.#take(MAGIC.length, false)).toString("latin1");
    if (magic === MAGIC) return;
    const [, version] = /^malachite-workspace (\d+)/.exec(magic) ?? [];
    throw version === undefined
      ? bad("is none: it does not begin as what `malachite export` writes")
      : bad(
          `has the form ${version}, which this program does not know. Import it with the program that wrote it, or a newer one`,
        );
  }

  async read(): Promise<Frame> {
    const place = this.bytes;
    const header = Buffer.from(await this.#take(HEADER_BYTES, true));
    const kind = String.fromCharCode(header[0] as number) as FrameKind;
    const [stored, raw] = [header.readUInt32BE(2), header.readUInt32BE(6)];
    const isPacked = header[1] === 1;
    if (!KINDS.includes(kind) || (header[1] as number) > 1 || raw > MOST_BYTES || stored > raw)
      throw bad(`is damaged at byte ${place}`);
    if (!isPacked && stored !== raw) throw bad(`is damaged at byte ${place}`);
    const bytes = Buffer.from(await this.#take(stored, true));
    const hash = await this.#take(HASH_BYTES, true);
    this.#chain = next(this.#chain, header, bytes);
    if (!this.#chain.equals(hash)) throw bad(`is damaged, or not in its order, at byte ${place}`);
    return { kind, payload: isPacked ? unpacked(bytes, raw, place) : bytes };
  }

  /** Whether nothing follows. */
  async isAtEnd(): Promise<boolean> {
    if (this.#buffer.length === 0) await this.#fill(1);
    return this.#buffer.length === 0;
  }

  async #take(bytes: number, isCut: boolean): Promise<Buffer> {
    if (this.#buffer.length < bytes) await this.#fill(bytes);
    if (this.#buffer.length < bytes) {
      if (!isCut) return this.#buffer;
      throw bad(`is cut: it ends after ${this.#at} bytes, in the middle`);
    }
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return taken;
  }

  /** Reads on until so many bytes are here, or the file ends. A lying length costs no more memory than there are bytes. */
  async #fill(bytes: number): Promise<void> {
    const parts = [this.#buffer];
    let have = this.#buffer.length;
    while (have < bytes) {
      const some = Buffer.allocUnsafe(BUFFER_BYTES);
      const { bytesRead } = await this.#handle.read(some, 0, some.length, this.#at);
      if (bytesRead === 0) break;
      parts.push(some.subarray(0, bytesRead));
      have += bytesRead;
      this.#at += bytesRead;
    }
    this.#buffer = Buffer.concat(parts);
  }
}

function unpacked(bytes: Buffer, raw: number, place: number): Buffer {
  try {
    const payload = zstdDecompressSync(bytes, { maxOutputLength: raw });
    if (payload.length === raw) return payload;
  } catch {
    // Too long, or no packed bytes at all.
  }
  throw bad(`has bytes at ${place} that do not unpack to what they say`);
}
