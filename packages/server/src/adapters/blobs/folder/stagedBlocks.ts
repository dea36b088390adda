// Blocks that wait to be committed: one folder for each blob and writer, one file for each block, durable.
import { createHash } from "node:crypto";
import { lstat, opendir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Block, MalachiteError } from "@malachite/core";
import { hasCode, makeFolder, removeTree, syncFolder } from "../../../files/index.ts";
import { checkRoom } from "../refusals.ts";

/** Blocks that nobody has committed for so long are given up, as Azure does. */
export const STAGED_KEPT_MS = 7 * 24 * 3600_000;
const LONGEST_ID_BYTES = 64;
/** The writer of a block is told by the folder's name; the blob by the folder above it. */
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export class StagedBlocks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #of(key: string, writer: string): string {
    return join(this.#folder, sha256(JSON.stringify([key, writer])));
  }

  /** Gives a finished file its place among the blocks. Throws BadBlockList, TooManyBlocks. */
  async take(key: string, writer: string, id: string, temporary: string): Promise<void> {
    const folder = this.#of(key, writer);
    const name = blockFile(id);
    await makeFolder(folder);
    checkRoom(await this.#count(folder));
    await rename(temporary, join(folder, name));
    await syncFolder(folder);
  }

  readonly #counts = new Map<string, number>();

  /** Counted once, then kept: a listing for each block would cost more with each. A block sent twice counts twice. */
  async #count(folder: string): Promise<number> {
    const before = this.#counts.get(folder) ?? (await readdir(folder)).length;
    if (this.#counts.size > 1000) this.#counts.clear();
    this.#counts.set(folder, before + 1);
    return before;
  }

  /** Where the block is, and how long; undefined when it was not staged. Throws BadBlockList for what can be no id. */
  async find(
    key: string,
    writer: string,
    id: string,
  ): Promise<{ readonly file: string; readonly sizeBytes: number } | undefined> {
    const file = join(this.#of(key, writer), blockFile(id));
    try {
      return { file, sizeBytes: (await lstat(file)).size };
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** All blocks, in order of id. */
  async list(key: string, writer: string): Promise<readonly Block[]> {
    const folder = this.#of(key, writer);
    const names = await readdir(folder).catch((error) => {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    });
    const blocks: Block[] = [];
    for (const name of names.sort()) {
      const id = Buffer.from(name, "hex").toString("base64");
      const found = await this.find(key, writer, id);
      if (found) blocks.push({ id, sizeBytes: found.sizeBytes });
    }
    return blocks;
  }

  async drop(key: string, writer: string): Promise<void> {
    const folder = this.#of(key, writer);
    this.#counts.delete(folder);
    await removeTree(folder);
  }

  /** Gives up what was last added to before `before`. */
  async sweep(before: number): Promise<void> {
    const dir = await opendir(this.#folder).catch((error) => {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    });
    if (!dir) return;
    for await (const entry of dir) {
      const folder = join(this.#folder, entry.name);
      const changed = await lstat(folder).catch(() => undefined); // Committed meanwhile.
      if (changed && changed.mtimeMs < before) await removeTree(folder);
    }
  }
}

/** A file name for a block: its id's bytes. Throws BadBlockList. */
const blockFile = (id: string): string => blockIdBytes(id).toString("hex");

/** Throws BadBlockList for what can be no id of a block. */
export function blockIdBytes(id: string): Buffer {
  const bytes = Buffer.from(id, "base64");
  if (bytes.length === 0 || bytes.length > LONGEST_ID_BYTES || bytes.toString("base64") !== id) {
    throw new MalachiteError(
      "BadBlockList",
      `${JSON.stringify(id.slice(0, 100))} is not the base64 of 1 to ${LONGEST_ID_BYTES} bytes, as a block's id must be.`,
      { target: "blockid" },
    );
  }
  return bytes;
}
