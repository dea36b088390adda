// Takes in contents so that the store gets all of them or none: first aside, then by rename. Blocks: for a worker.
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
} from "node:fs";
import { join } from "node:path";
import { hasCode, removeTree } from "../../../../files/index.ts";
import { hashedPath, type SnapshotLayout } from "../layout.ts";
import { writeWhole } from "../treeFile.ts";
import { markUsed } from "./sweepContents.ts";
import { Syncer } from "./syncer.ts";

/** A rename this recent, by another upload that has not ended yet, may not be durable. File systems commit within this time. */
const SURELY_DURABLE_MS = 60_000;

/** Whether the name of a content has been there so long that the file system must have written it. */
export const isSurelyDurable = (found: { readonly ctimeMs: number }): boolean =>
  Date.now() - found.ctimeMs >= SURELY_DURABLE_MS;

/** Contents of one upload. Nothing of them is in the store before `commit`; after `drop`, nothing is left. */
export class Staging {
  readonly #layout: SnapshotLayout;
  readonly #folder: string;
  readonly #staged = new Set<string>();
  readonly #known = new Set<string>();
  readonly #recentFolders = new Set<string>();
  readonly #syncer = new Syncer();
  #unnamed = 0;

  constructor(layout: SnapshotLayout) {
    this.#layout = layout;
    this.#folder = join(layout.staging, randomUUID());
    mkdirSync(this.#folder, { recursive: true });
  }

  /** How many contents are new to the store. */
  get count(): number {
    return this.#staged.size;
  }

  /** Whether the content is here already, staged or stored. A stored one of the wrong size is damaged and counts as missing. */
  has(sha256: string, sizeBytes: number): boolean {
    if (this.#staged.has(sha256) || this.#known.has(sha256)) return true;
    const path = hashedPath(this.#layout.contents, sha256);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isFile() || found.size !== sizeBytes) return false;
    if (!markUsed(path, found)) return false;
    if (!isSurelyDurable(found)) this.#recentFolders.add(join(path, ".."));
    this.#known.add(sha256);
    return true;
  }

  /** Stages a content that is not here. */
  async write(sha256: string, bytes: Uint8Array): Promise<void> {
    const fd = openSync(join(this.#folder, sha256), "wx", 0o444);
    await this.#finish(fd, () => writeWhole(fd, bytes));
    this.#staged.add(sha256);
  }

  /** Stages a content whose hash is known only after its last piece. `read` hands over the pieces and answers the hash. */
  async writePieces(
    read: (write: (piece: Uint8Array) => void) => Promise<{ sha256: string; sizeBytes: number }>,
  ): Promise<string> {
    const temporary = join(this.#folder, `unnamed-${this.#unnamed++}`);
    const fd = openSync(temporary, "wx", 0o444);
    let written: { sha256: string; sizeBytes: number };
    try {
      written = await read((piece) => writeWhole(fd, piece));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    if (this.has(written.sha256, written.sizeBytes)) {
      // Left where it is: `drop` removes it with the folder.
      closeSync(fd);
      return written.sha256;
    }
    renameSync(temporary, join(this.#folder, written.sha256));
    await this.#syncer.file(fd);
    this.#staged.add(written.sha256);
    return written.sha256;
  }

  /** Stages a file by moving it here, or a copy of it when it cannot be moved as it is. Its content has that hash. */
  async adopt(file: string, sha256: string, sizeBytes: number): Promise<void> {
    if (this.has(sha256, sizeBytes)) return;
    const target = join(this.#folder, sha256);
    // A second name (hard link) could still write to what is kept.
    if (lstatSync(file).nlink !== 1 || !moved(file, target))
      copyFileSync(file, target, constants.COPYFILE_FICLONE);
    chmodSync(target, 0o444);
    await this.#syncer.file(openSync(target, constants.O_RDONLY));
    this.#staged.add(sha256);
  }

  /** Puts all into the store, durably. May be done by several uploads at once: the same name is the same bytes. */
  async commit(): Promise<void> {
    await this.#syncer.done();
    const folders = this.#recentFolders;
    let madeFolder = false;
    for (const sha256 of this.#staged) {
      const path = hashedPath(this.#layout.contents, sha256);
      const from = join(this.#folder, sha256);
      try {
        renameSync(from, path);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) throw error;
        mkdirSync(join(path, ".."), { recursive: true });
        madeFolder = true;
        renameSync(from, path);
      }
      folders.add(join(path, ".."));
    }
    this.#staged.clear();
    for (const folder of folders) await this.#syncer.folder(folder);
    if (madeFolder) await this.#syncer.folder(this.#layout.contents);
    await this.#syncer.done();
  }

  /** Removes what was not committed. */
  async drop(): Promise<void> {
    await this.#syncer.done().catch(() => undefined); // Only waits: whoever failed has told it.
    await removeTree(this.#folder);
  }

  async #finish(fd: number, write: () => void): Promise<void> {
    try {
      write();
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    await this.#syncer.file(fd);
  }
}

/** False when the file is on another file system. */
function moved(file: string, target: string): boolean {
  try {
    renameSync(file, target);
    return true;
  } catch (error) {
    if (hasCode(error, "EXDEV")) return false;
    throw error;
  }
}
