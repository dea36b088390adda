// Blocks that are staged and not yet committed: their bytes are objects of the file they are for, and a mark says so. A mark is an
// object whose key tells all, so that one list answers which blocks there are.
import type { Block } from "@malachite/core";
import { blockIdBytes } from "../folder/stagedBlocks.ts";
import { checkRoom } from "../refusals.ts";
import { ALL_STAGED, stagedOf } from "./keys.ts";
import type { Objects } from "./objects.ts";

const COUNTS = 1000;

export type Staged = Block & {
  readonly md5: string;
  /** Of the object with the bytes. */
  readonly name: string;
  readonly mark: string;
};

export class StagedMarks {
  readonly #objects: Objects;
  /** How many are staged, by where their marks are: a list for each block would cost more with each. */
  readonly #counts = new Map<string, number>();
  #last = 0;

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** The key that the mark of such a block will have. Throws BadBlockList for what can be no id. */
  mark(record: string, writer: string, block: Omit<Staged, "mark">): string {
    // The one that was staged last counts, also of two in one millisecond.
    this.#last = Math.max(this.#last + 1, Date.now() * 1000);
    const parts = [
      blockIdBytes(block.id).toString("hex"),
      this.#last.toString().padStart(16, "0"),
      block.sizeBytes.toString(36),
      Buffer.from(block.md5, "base64").toString("hex"),
      block.name,
    ];
    return stagedOf(record, writer) + parts.join("~");
  }

  /** Throws TooManyBlocks. */
  async checkRoom(record: string, writer: string): Promise<void> {
    const at = stagedOf(record, writer);
    let count = this.#counts.get(at);
    if (count === undefined) {
      count = 0;
      for await (const _ of this.#objects.list({ prefix: at, pageSize: 1000 })) count += 1;
      if (this.#counts.size >= COUNTS) this.#counts.clear();
    }
    checkRoom(count);
    this.#counts.set(at, count + 1);
  }

  /** The file is told in the mark itself, for the sweep. */
  async set(mark: string, record: string): Promise<void> {
    await this.#objects.put(mark, Buffer.from(record), {});
  }

  /** All of one writer, in order of id; of one id, in order of time. */
  async list(record: string, writer: string): Promise<readonly Staged[]> {
    const found: Staged[] = [];
    const prefix = stagedOf(record, writer);
    for await (const one of this.#objects.list({ prefix, pageSize: 1000 })) {
      if ("folder" in one) continue;
      const staged = readMark(one.key, prefix.length);
      if (staged !== undefined) found.push(staged);
    }
    return found;
  }

  async clear(record: string, writer: string, marks: readonly string[]): Promise<void> {
    this.#counts.delete(stagedOf(record, writer));
    if (marks.length > 0) await this.#objects.remove(marks);
  }

  /** Marks that were set before then, with the files they are for. */
  async *before(time: number): AsyncGenerator<{ readonly record: string; readonly staged: Staged }> {
    for await (const one of this.#objects.list({ prefix: ALL_STAGED, pageSize: 1000 })) {
      if ("folder" in one || one.changedAt >= time) continue;
      const staged = readMark(one.key, one.key.indexOf("/", ALL_STAGED.length) + 1);
      const body = await this.#objects.get(one.key);
      if (staged !== undefined && body !== undefined) yield { record: body.bytes.toString(), staged };
    }
  }
}

function readMark(key: string, from: number): Staged | undefined {
  const [id, _time, size, md5, name] = key.slice(from).split("~");
  if (id === undefined || size === undefined || md5 === undefined || name === undefined) return undefined;
  return {
    id: Buffer.from(id, "hex").toString("base64"),
    sizeBytes: Number.parseInt(size, 36),
    md5: Buffer.from(md5, "hex").toString("base64"),
    name,
    mark: key,
  };
}

/** The block of each id that was staged last. */
export const latestOf = (all: readonly Staged[]): ReadonlyMap<string, Staged> =>
  new Map(all.map((one) => [one.id, one]));
