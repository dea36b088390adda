// Which objects may be left without a record that names them: noted in the data folder before they are written, and before a record
// that names them is replaced. What a kill leaves, and what readers of an earlier version may still read, is removed by age. One rule
// for all: an object that the file's record does not name by then is nobody's.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../../files/index.ts";

/** So long a reader may go on reading a version that was replaced, and an upload may take from its bytes to its record. */
export const LEFTOVERS_KEPT_MS = 3600_000;

export type Leftover = {
  /** The key of the record that may name them. */
  readonly record: string;
  /** Names of pieces. */
  readonly names: readonly string[];
  /** While this object is there, they are a staged block's and not left over. */
  readonly mark?: string;
};

/** A note that is kept while something is under way. */
export type Note = {
  /** Adds what is about to be replaced. */
  add(names: readonly string[]): Promise<void>;
  /** All is named by the record, or nothing was written. */
  forget(): Promise<void>;
  /** Leaves it to the sweep, from now on. */
  leave(): Promise<void>;
};

export class Leftovers {
  readonly #folder: string;
  readonly #active = new Set<string>();
  readonly #held = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be called before the first of them is written. Not synced: a power cut may cost some room in the storage, and nothing else. */
  async note(left: Leftover): Promise<Note> {
    const name = `${randomUUID()}.json`;
    const file = join(this.#folder, name);
    const names = [...left.names];
    this.#active.add(name);
    await this.#write(file, { ...left, names });
    return {
      add: async (more) => {
        names.push(...more);
        await this.#write(file, { ...left, names });
      },
      forget: async () => {
        await rm(file, { force: true });
        this.#active.delete(name);
      },
      leave: async () => {
        // The time of the note begins anew: readers have begun until now.
        await this.#write(file, { ...left, names });
        this.#active.delete(name);
      },
    };
  }

  /** Keeps objects from being swept while they are read by this process. */
  hold(keys: readonly string[]): () => void {
    for (const key of keys) this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const key of keys) {
        const count = (this.#held.get(key) ?? 1) - 1;
        if (count > 0) this.#held.set(key, count);
        else this.#held.delete(key);
      }
    };
  }

  isHeld(key: string): boolean {
    return this.#held.has(key);
  }

  /** Has `clear` remove what was noted before `before`; true says that the note is done with. */
  async sweep(before: number, clear: (left: Leftover) => Promise<boolean>): Promise<void> {
    const names = await readdir(this.#folder).catch((error) => {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    });
    for (const name of names) {
      const file = join(this.#folder, name);
      const found = await stat(file).catch(() => undefined); // Done with meanwhile.
      if (found === undefined || found.mtimeMs > before || this.#active.has(name)) continue;
      if (name.endsWith(".json")) {
        const left = readNote(await readFile(file, "utf8").catch(() => ""));
        if (left !== undefined && !(await clear(left))) continue;
      }
      await rm(file, { force: true });
    }
  }

  /** A note is whole or the one before it. */
  async #write(file: string, left: Leftover): Promise<void> {
    const text = JSON.stringify(left);
    const temporary = `${file}.${randomUUID()}.new`;
    try {
      await writeFile(temporary, text, { mode: 0o600 });
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, text, { mode: 0o600 });
    }
    await rename(temporary, file);
  }
}

function readNote(text: string): Leftover | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Cut by a power cut; what it named stays in the storage.
  }
}
