// Fills a run's folder with a project. Runs in a worker.
//
// By reflink where the file system has it, else by copy; never by hard link. A hard link is the same file: a run of the
// service's own user can chmod and write through it into the store, and then every later run of that project is wrong.
import { createHash, hash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { malachite } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { hasCode, shown } from "../../../../files/index.ts";
import { hashedPath, type SnapshotLayout } from "../layout.ts";
import { readTree, writeWhole } from "../treeFile.ts";
import { type CancelFlag, stopIfCancelled } from "./cancelled.ts";

type ProjectFile = malachite.ProjectFile;

export type PlaceAsk = { readonly layout: SnapshotLayout; readonly tree: string; readonly folder: string };

/** Up to here a file is read, verified and written in one piece, which is faster than a reflink's extra calls. */
const WHOLE_BYTES = 128 * 1024;
const PIECE_BYTES = 1024 * 1024;
const O_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** May be repeated: what is there under a path of the tree is replaced, whatever it is. Throws StorageFailed naming damage. */
export async function placeTree({ layout, tree, folder }: PlaceAsk, flag: CancelFlag): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const place = new Placing(layout, folder, flag);
  for await (const file of readTree(layout.trees, tree)) {
    stopIfCancelled(flag);
    place.file(file);
  }
}

class Placing {
  readonly #layout: SnapshotLayout;
  readonly #folder: string;
  readonly #flag: CancelFlag;
  readonly #made = new Set<string>([""]);
  /** Bits that the service's umask takes away and that are set anyway, so that a run never finds less than 0644. */
  readonly #umask = process.umask();
  #reflinks = true;

  constructor(layout: SnapshotLayout, folder: string, flag: CancelFlag) {
    this.#layout = layout;
    this.#folder = folder;
    this.#flag = flag;
  }

  file(file: ProjectFile): void {
    const slash = file.path.lastIndexOf("/");
    this.#makeFolder(slash < 0 ? "" : file.path.slice(0, slash));
    const content = hashedPath(this.#layout.contents, file.sha256);
    const target = join(this.#folder, file.path);
    const mode = file.executable ? 0o755 : 0o644;
    if (file.sizeBytes > WHOLE_BYTES && this.#reflinks && this.#reflinked(file, content, target, mode))
      return;
    const fd = this.#create(target, mode);
    try {
      if (file.sizeBytes <= WHOLE_BYTES) writeWhole(fd, this.#readWhole(file, content));
      else this.#copy(file, content, fd);
      if (mode & this.#umask) fchmodSync(fd, mode);
    } finally {
      closeSync(fd);
    }
  }

  /** Makes the folder and those around it. A file or link in the way, left by an earlier try, is removed. */
  #makeFolder(path: string): void {
    if (this.#made.has(path)) return;
    this.#makeFolder(path.includes("/") ? dirname(path) : "");
    const target = join(this.#folder, path);
    try {
      mkdirSync(target);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      if (!lstatSync(target).isDirectory()) {
        unlinkSync(target);
        mkdirSync(target);
      }
    }
    this.#made.add(path);
  }

  /** A new file: never one that is there, which may be a link to somewhere else or half of an earlier try. */
  #create(target: string, mode: number): number {
    try {
      return openSync(target, O_NEW, mode);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    rmSync(target, { recursive: true, force: true });
    return openSync(target, O_NEW, mode);
  }

  /** True when done; false, for this and all later files, when the file system has no reflinks. */
  #reflinked(file: ProjectFile, content: string, target: string, mode: number): boolean {
    const found = lstatSync(content, { throwIfNoEntry: false });
    if (found?.size !== file.sizeBytes)
      throw this.#damaged(file, content, found ? `${found.size} bytes` : "nothing");
    rmSync(target, { recursive: true, force: true });
    try {
      copyFileSync(content, target, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    } catch (error) {
      if (!hasCode(error, "ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOSYS", "ENOTTY", "EPERM"))
        throw error;
      this.#reflinks = false;
      return false;
    }
    chmodSync(target, mode);
    return true;
  }

  #readWhole(file: ProjectFile, content: string): Buffer {
    let bytes: Buffer;
    try {
      bytes = readFileSync(content);
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw this.#damaged(file, content, "nothing");
      throw error;
    }
    if (bytes.length !== file.sizeBytes) throw this.#damaged(file, content, `${bytes.length} bytes`);
    if (hash("sha256", bytes, "hex") !== file.sha256) throw this.#damaged(file, content, "other bytes");
    return bytes;
  }

  #copy(file: ProjectFile, content: string, target: number): void {
    let source: number;
    try {
      source = openSync(content, "r");
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw this.#damaged(file, content, "nothing");
      throw error;
    }
    try {
      const { size } = fstatSync(source);
      if (size !== file.sizeBytes) throw this.#damaged(file, content, `${size} bytes`);
      const digest = createHash("sha256");
      const buffer = Buffer.allocUnsafe(PIECE_BYTES);
      for (let read = readSync(source, buffer); read > 0; read = readSync(source, buffer)) {
        stopIfCancelled(this.#flag);
        const piece = buffer.subarray(0, read);
        digest.update(piece);
        writeWhole(target, piece);
      }
      if (digest.digest("hex") !== file.sha256) throw this.#damaged(file, content, "other bytes");
    } finally {
      closeSync(source);
    }
  }

  /** Puts a damaged content aside, so that sending the project again brings a good one. */
  #damaged(file: ProjectFile, content: string, found: string): MalachiteError {
    if (found !== "nothing") {
      mkdirSync(this.#layout.damaged, { recursive: true });
      try {
        renameSync(content, join(this.#layout.damaged, file.sha256));
      } catch (error) {
        // Another run met the same damage first.
        if (!hasCode(error, "ENOENT")) throw error;
      }
    }
    return new MalachiteError(
      "StorageFailed",
      `The content ${file.sha256} of ${shown(file.path)} is damaged: ${file.sizeBytes} bytes of that hash were kept, ${found} are there now. Send the project again.`,
      { target: file.path },
    );
  }
}
