// The listing of a project tree as a file: the lines of projectTreeText with sizes, and their sum in the first line.

import { createHash, randomUUID } from "node:crypto";
import { closeSync, fdatasyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { malachite } from "@malachite/contract";
import { MalachiteError, type Snapshot } from "@malachite/core";
import { hasCode } from "../../../files/index.ts";
import { hashedPath, snapshotId } from "./layout.ts";

type ProjectFile = malachite.ProjectFile;

const FIRST_LINE = /^malachite-tree 1 files=(\d+) bytes=(\d+)$/;
const FILE_LINE = /^([0-9a-f]{64}) (x|-) (\d+) (.+)$/s;
/** A file line has at most 64 + 3,000 bytes and little more; a longer one is damage. */
const LONGEST_LINE_BYTES = 8_192;

/** Files in the order of projectTreeText: by the code units of the path. Sorts in place. */
export function sortFiles<T extends { readonly path: string }>(files: T[]): T[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** The hash of a tree, as projectTreeText defines it, without holding the whole text. `files` are sorted. */
export function treeHash(files: Iterable<ProjectFile>): string {
  const hash = createHash("sha256");
  for (const batch of batches(files, (f) => `${f.sha256} ${f.executable ? "x" : "-"} ${f.path}\n`))
    hash.update(batch);
  return hash.digest("hex");
}

/**
 * Writes the listing of sorted files, durably and whole; answers the snapshot they are. Blocks: for a worker, or few files.
 * Throws the system's error.
 */
export function writeTree(trees: string, files: readonly ProjectFile[]): Snapshot {
  const tree = treeHash(files);
  const sizeBytes = files.reduce((sum, f) => sum + f.sizeBytes, 0);
  const path = hashedPath(trees, tree);
  mkdirSync(dirname(path), { recursive: true });
  const line = (f: ProjectFile) => `${f.sha256} ${f.executable ? "x" : "-"} ${f.sizeBytes} ${f.path}\n`;
  writeLines(
    path,
    join(trees, `${randomUUID()}.tmp`),
    `malachite-tree 1 files=${files.length} bytes=${sizeBytes}\n`,
    batches(files, line),
  );
  return { id: snapshotId(tree), tree, files: files.length, sizeBytes };
}

/** Writes a file of a first line and batches of others, seen under its name only when whole and on disk. Blocks: for a worker. */
export function writeLines(path: string, temporary: string, head: string, others: Iterable<string>): void {
  const fd = openSync(temporary, "wx", 0o444);
  try {
    writeWhole(fd, Buffer.from(head));
    for (const batch of others) writeWhole(fd, Buffer.from(batch));
    fdatasyncSync(fd);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Writes all of the bytes: a single call may write less. */
export function writeWhole(fd: number, bytes: Uint8Array, position: number | null = null): void {
  for (let at = 0; at < bytes.byteLength; ) {
    at += writeSync(fd, bytes, at, bytes.byteLength - at, position === null ? null : position + at);
  }
}

/** The snapshot a stored listing is of; undefined when there is none of that hash. */
export async function readTreeHead(trees: string, tree: string): Promise<Snapshot | undefined> {
  for await (const line of linesOf(hashedPath(trees, tree), () => damaged(tree))) {
    const match = FIRST_LINE.exec(line);
    if (!match) throw damaged(tree);
    return { id: snapshotId(tree), tree, files: Number(match[1]), sizeBytes: Number(match[2]) };
  }
  return undefined;
}

/** The files of a stored listing, in order of path. Throws StorageFailed when the listing is missing or damaged. */
export async function* readTree(trees: string, tree: string): AsyncGenerator<ProjectFile> {
  let expected: number | undefined;
  let seen = 0;
  for await (const line of linesOf(hashedPath(trees, tree), () => damaged(tree))) {
    if (expected === undefined) {
      const first = FIRST_LINE.exec(line);
      if (!first) throw damaged(tree);
      expected = Number(first[1]);
      continue;
    }
    const match = FILE_LINE.exec(line);
    if (!match) throw damaged(tree);
    seen += 1;
    const [, sha256, flag, size, path] = match as unknown as [string, string, string, string, string];
    yield { path, sizeBytes: Number(size), sha256, ...(flag === "x" ? { executable: true } : {}) };
  }
  if (expected === undefined) {
    throw new MalachiteError(
      "StorageFailed",
      `The listing of the project tree ${tree} is not in the data folder.`,
    );
  }
  if (seen !== expected) throw damaged(tree);
}

const damaged = (tree: string): MalachiteError =>
  new MalachiteError(
    "StorageFailed",
    `The listing of the project tree ${tree} in the data folder is damaged. Send the project again.`,
  );

/** Lines of a file; none when it is missing. Throws what `damage` makes when a line is cut or longer than any can be. */
export async function* linesOf(
  path: string,
  damage: () => Error,
  longestBytes = LONGEST_LINE_BYTES,
): AsyncGenerator<string> {
  const handle = await open(path, "r").catch((error) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (!handle) return;
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const buffer = Buffer.allocUnsafe(64 * 1024);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let at = 0;
      for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, at)) {
        yield text.toString("utf8", at, end);
        at = end + 1;
      }
      rest = text.subarray(at);
      if (rest.length > longestBytes) throw damage();
    }
    // Every line ends with a line feed, so anything after the last one was cut.
    if (rest.length > 0) throw damage();
  } finally {
    await handle.close();
  }
}

/** Joins lines to texts of some hundred kilobytes, so that neither calls nor memory count. */
export function* batches<T>(items: Iterable<T>, line: (item: T) => string): Generator<string> {
  let batch = "";
  for (const item of items) {
    batch += line(item);
    if (batch.length < 256 * 1024) continue;
    yield batch;
    batch = "";
  }
  if (batch) yield batch;
}
