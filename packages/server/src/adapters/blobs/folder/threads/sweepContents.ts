// Removes contents and listings that no snapshot has any more. Runs in a worker: it looks at every file of every project.
//
// The mark is the time at which a file was last read or asked for (atime), on the file itself, so that no number of contents costs
// memory: first all that snapshots hold gets the time of now, then goes what nobody has asked for in a long time. An upload that finds a
// content here marks it in the same way; if it comes between the look and the removal, the file is put back.
import {
  lstatSync,
  mkdirSync,
  opendirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../../../files/index.ts";
import { restore } from "../forgetSnapshot.ts";
import { hashedPath, isSha256, isSnapshotId, type SnapshotLayout } from "../layout.ts";
import { readTree } from "../treeFile.ts";
import { type CancelFlag, stopIfCancelled } from "./cancelled.ts";

export type SweepAsk = {
  readonly layout: SnapshotLayout;
  /** What was asked for since then stays. */
  readonly before: number;
};

/** A mark that is this new is not renewed. */
const MARKED_FOR_MS = 3600_000;

/** Many snapshots have one tree: so many are remembered, that each need not be walked again. */
const REMEMBERED = 100_000;

/** Says that somebody relies on the file. False when it is not there (any more). */
export function markUsed(path: string, found: Pick<Stats, "atimeMs" | "mtimeMs">, now = Date.now()): boolean {
  if (found.atimeMs > now - MARKED_FOR_MS) return true;
  try {
    utimesSync(path, now / 1000, found.mtimeMs / 1000);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    // A file of another user: it was never the service's to remove either.
    if (hasCode(error, "EPERM", "EACCES", "EROFS")) return true;
    throw error;
  }
}

/** What lies where a removal puts files before it removes them. */
export const leavingFolder = ({ contents }: SnapshotLayout): string => join(contents, "leaving");

/** How many files went, and their bytes. */
export async function sweepContents(
  { layout, before }: SweepAsk,
  flag: CancelFlag,
): Promise<{ readonly files: number; readonly bytes: number }> {
  putBack(layout);
  await markAll({ layout, before }, flag);
  let files = 0;
  let bytes = 0;
  // Listings first: one that goes on its way through a kill has contents that nobody needs.
  for (const folder of [layout.trees, layout.contents]) {
    for (const { path, hash } of hashedFiles(folder)) {
      stopIfCancelled(flag);
      const size = removeUnused(layout, path, hash, before);
      if (size === undefined) continue;
      files += 1;
      bytes += size;
    }
  }
  return { files, bytes };
}

/** Puts back what an interrupted removal had taken aside: it is looked at again. Any time. */
export function putBack(layout: SnapshotLayout): void {
  for (const name of namesIn(leavingFolder(layout))) {
    const [, kind, hash] = /^(contents|trees)-([0-9a-f]{64})$/.exec(name) ?? [];
    if (kind === undefined || hash === undefined) continue;
    restore(join(leavingFolder(layout), name), hashedPath(layout[kind as "contents" | "trees"], hash));
  }
}

/** Every listing that a snapshot names, and all that it lists. A listing that is damaged ends the sweep: nothing is removed then. */
async function markAll({ layout, before }: SweepAsk, flag: CancelFlag): Promise<void> {
  const begun = Date.now();
  const marked = new Set<string>();
  for (const workspace of namesIn(layout.snapshots)) {
    for (const name of namesIn(join(layout.snapshots, workspace))) {
      if (!isSnapshotId(name)) continue;
      stopIfCancelled(flag);
      const tree = textOf(join(layout.snapshots, workspace, name));
      if (tree === undefined || !isSha256(tree)) continue;
      if (marked.has(tree)) continue;
      const path = hashedPath(layout.trees, tree);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (!found) continue;
      for await (const { sha256 } of readTree(layout.trees, tree)) {
        const content = hashedPath(layout.contents, sha256);
        const there = lstatSync(content, { throwIfNoEntry: false });
        if (there && there.atimeMs < Math.max(before, begun - MARKED_FOR_MS)) markUsed(content, there, begun);
      }
      markUsed(path, found, begun);
      if (marked.size >= REMEMBERED) marked.clear();
      marked.add(tree);
    }
  }
}

/** Its size if it went. */
function removeUnused(
  layout: SnapshotLayout,
  path: string,
  hash: string,
  before: number,
): number | undefined {
  const isUnused = (found: Stats | undefined) =>
    found?.isFile() === true && found.atimeMs < before && found.mtimeMs < before;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || !isUnused(found)) return undefined;
  const kind = path.startsWith(`${layout.trees}/`) ? "trees" : "contents";
  const aside = join(leavingFolder(layout), `${kind}-${hash}`);
  mkdirSync(leavingFolder(layout), { recursive: true });
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  if (!isUnused(lstatSync(aside, { throwIfNoEntry: false }))) {
    restore(aside, path);
    return undefined;
  }
  rmSync(aside, { force: true });
  return found.size;
}

function* hashedFiles(folder: string): Generator<{ readonly path: string; readonly hash: string }> {
  for (const first of namesIn(folder)) {
    if (!/^[0-9a-f]{2}$/.test(first)) continue;
    for (const rest of namesIn(join(folder, first)))
      if (isSha256(first + rest)) yield { path: join(folder, first, rest), hash: first + rest };
  }
}

/** The names in a folder, one by one: a folder of any size costs no memory. */
function* namesIn(folder: string): Generator<string> {
  let open: ReturnType<typeof opendirSync>;
  try {
    open = opendirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return;
    throw error;
  }
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) yield entry.name;
  } finally {
    open.closeSync();
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
