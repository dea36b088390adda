// Files whose bytes are in several objects are put into one, so that links can lead to it. Which are to be is noted in the data folder; it
// is done when they are finished, and by the rules of every change: a kill leaves an object that is nobody's, and a file that was changed
// meanwhile stays as it is.
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BlobBucket } from "@malachite/core";
import { orNothing, writeFileAtomic } from "../../../files/index.ts";
import { type FileRecord, objectOf, type Piece, sizeOf } from "./fileRecord.ts";
import type { Content } from "./objects.ts";

/** What was put together of blocks is whole; a block or two may follow at once. */
const QUIET_MS = 60_000;
/** What grows by pieces may grow on: it must have been quiet for so long, and for a part of its life, so that it is seldom done again. */
const GROWN_QUIET_MS = 10 * 60_000;
const QUIET_PART = 10;

/** Whether its bytes are in several objects. Small files are in their records, and read from there. */
export const isInPieces = (record: FileRecord): boolean =>
  record.pieces.length > 0 && objectOf(record) === undefined;

export function isFinished({ kind, pieces, tail, createdAt, changedAt }: FileRecord, now: number): boolean {
  const quietMs = now - changedAt;
  const ofBlocks = kind === "block" && tail.length === 0 && pieces.every(({ block }) => block !== undefined);
  if (ofBlocks) return quietMs >= QUIET_MS;
  return quietMs >= Math.max(GROWN_QUIET_MS, (changedAt - createdAt) / QUIET_PART);
}

/** The pieces as they are in the one object; blocks stay blocks. */
export function piecesIn(object: Piece, { pieces, tail }: FileRecord): readonly Piece[] {
  if (tail.length > 0 || pieces.every(({ block }) => block === undefined)) return [object];
  let at = 0;
  return pieces.map((piece) => {
    const from = at;
    at += piece.sizeBytes;
    return { ...piece, name: object.name, within: { from, of: object.sizeBytes } };
  });
}

/** Bytes that come in order, as content that is read in order: each is read once, and every piece is checked whole. */
export function inOrder(record: FileRecord, chunks: AsyncIterator<Uint8Array>): Content {
  let rest: Uint8Array = Buffer.alloc(0);
  return {
    sizeBytes: sizeOf(record),
    async read(from, to) {
      const bytes = Buffer.allocUnsafe(to - from);
      let at = 0;
      while (at < bytes.length) {
        if (rest.length === 0) {
          const next = await chunks.next();
          if (next.done) throw new Error("A file is shorter in the object storage than its record says.");
          rest = next.value;
        }
        const some = rest.subarray(0, bytes.length - at);
        bytes.set(some, at);
        at += some.length;
        rest = rest.subarray(some.length);
      }
      return bytes;
    },
  };
}

export type Wanted = { readonly bucket: BlobBucket; readonly path: string };

export class Joins {
  readonly #folder: string;
  readonly #noted = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async want({ bucket, path }: Wanted): Promise<void> {
    const name = `${createHash("sha256")
      .update(JSON.stringify([bucket, path]))
      .digest("hex")}.json`;
    if (this.#noted.has(name)) return;
    await writeFileAtomic(join(this.#folder, name), JSON.stringify({ bucket, path }), 0o600);
    this.#noted.add(name);
  }

  /** Has `work` do each that is noted; true says that it is done with. What fails is tried another time. */
  async each(
    work: (wanted: Wanted) => Promise<boolean>,
    failed: (error: unknown) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    for (const name of (await readdir(this.#folder).catch(orNothing)) ?? []) {
      if (signal?.aborted) return;
      const file = join(this.#folder, name);
      const text = name.endsWith(".json") ? await readFile(file, "utf8").catch(orNothing) : undefined;
      if (text === undefined) continue;
      try {
        if (await work(JSON.parse(text) as Wanted)) await rm(file, { force: true });
        // What was wanted meanwhile may be gone with it: whoever wants it from now on notes it again.
        this.#noted.delete(name);
      } catch (error) {
        if (signal?.aborted) return;
        failed(error);
      }
    }
  }
}
