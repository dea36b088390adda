// Writes an archive: beside its name, until it is whole and on the disk.
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { MalachiteError } from "@malachite/core";
import type { Row } from "../../adapters/records/shared/moving/movedRows.ts";
import { written } from "../../adapters/records/shared/moving/movedRows.ts";
import { onStorage } from "../../files/index.ts";
import { FrameWriter } from "./frames.ts";
import type { Counts, Head, Item } from "./items.ts";

/** So much of rows goes into one frame, and so much of a file. */
const ROWS_BYTES = 512 * 1024;
const DATA_BYTES = 1024 * 1024;

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export class ArchiveWriter {
  readonly #frames: FrameWriter;
  #rows: string[] = [];
  #rowsBytes = 0;
  #table = "";

  constructor(handle: FileHandle) {
    this.#frames = new FrameWriter(handle);
  }

  get bytes(): number {
    return this.#frames.bytes;
  }

  head(head: Head): Promise<void> {
    return this.#frames.write("H", json(head));
  }

  /** Rows of a table, one table after another. */
  async rows(table: string, rows: readonly Row[]): Promise<void> {
    if (table !== this.#table) await this.#endRows();
    this.#table = table;
    for (const row of rows) {
      const text = JSON.stringify(row.map(written));
      this.#rows.push(text);
      this.#rowsBytes += text.length;
      if (this.#rowsBytes >= ROWS_BYTES) await this.#endRows();
    }
  }

  async #endRows(): Promise<void> {
    if (this.#rows.length > 0)
      await this.#frames.write("R", Buffer.from(`[${JSON.stringify(this.#table)},${this.#rows.join(",")}]`));
    this.#rows = [];
    this.#rowsBytes = 0;
  }

  async item(item: Item, bytes: AsyncIterable<Uint8Array> = NOTHING): Promise<void> {
    await this.#endRows();
    await this.#frames.write("B", json(item));
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for await (const piece of bytes)
      for (let at = 0; at < piece.length; at += DATA_BYTES) {
        const some = Buffer.from(piece.subarray(at, at + DATA_BYTES));
        hash.update(some);
        sizeBytes += some.length;
        await this.#frames.write("D", some);
      }
    await this.#frames.write("E", json({ sha256: hash.digest("hex"), sizeBytes }));
  }

  /** The archive's own hash. */
  async end(counts: Counts): Promise<string> {
    await this.#endRows();
    await this.#frames.write("Z", json(counts));
    await this.#frames.flush();
    return this.#frames.hash;
  }
}

const NOTHING: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: async function* () {} };

/** Has `write` make the file. It gets its name when it is whole; what a killed program left is written over. */
export async function writeArchive<T>(file: string, write: (to: ArchiveWriter) => Promise<T>): Promise<T> {
  const part = `${file}.part`;
  // Secrets may be in it, and names of people are.
  const handle = await open(part, "w", 0o600).catch((cause: NodeJS.ErrnoException) => {
    const text = `'${file}' cannot be written: ${cause.code ?? cause.message}. Name a file in a folder that is there and that you may write to.`;
    throw new MalachiteError("InvalidRequest", text, { cause });
  });
  try {
    const done = await write(new ArchiveWriter(handle));
    await onStorage("Writing the archive", async () => {
      await handle.datasync();
      await rename(part, file);
    });
    return done;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
