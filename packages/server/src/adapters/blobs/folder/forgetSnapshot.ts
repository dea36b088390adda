// Snapshots that nobody has asked for in a long time, and their end in a workspace. Their contents are sweepContents's.
import { lstatSync, opendirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../../files/index.ts";
import { isSnapshotId } from "./layout.ts";

/** A mark that is this new is not renewed. */
const MARKED_FOR_MS = 3600_000;
const LEAVING = ".leaving";

/** Says that somebody relies on the snapshot of this entry. False when it is gone. */
export function entryUsed(entry: string): boolean {
  try {
    const found = lstatSync(entry, { throwIfNoEntry: false });
    if (!found) return false;
    const now = Date.now();
    if (found.mtimeMs < now - MARKED_FOR_MS) utimesSync(entry, now / 1000, now / 1000);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Ids of which the entry was not asked for since then, in no order, one by one. Puts back what an interrupted end left. */
export function* unusedEntries(folder: string, before: number): Generator<string> {
  let open: ReturnType<typeof opendirSync>;
  try {
    open = opendirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    for (let found = open.readSync(); found !== null; found = open.readSync()) {
      const { name } = found;
      if (name.endsWith(LEAVING)) restore(join(folder, name), join(folder, name.slice(0, -LEAVING.length)));
      else if (isSnapshotId(name) && isUnused(join(folder, name), before)) yield name;
    }
  } finally {
    open.closeSync();
  }
}

/** Ends the snapshot unless somebody has asked for it meanwhile. */
export function forgetEntry(folder: string, id: string, before: number): boolean {
  const entry = join(folder, id);
  const aside = `${entry}${LEAVING}`;
  if (!isUnused(entry, before)) return false;
  try {
    renameSync(entry, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
  // Whoever marked it before it was taken aside relies on it; whoever comes later does not find it.
  if (!isUnused(aside, before)) {
    restore(aside, entry);
    return false;
  }
  for (const path of [`${entry}.nodes`, aside]) rmSync(path, { force: true });
  return true;
}

function isUnused(path: string, before: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.mtimeMs < before;
}

/** Back to its place, where nobody has made it anew. */
export function restore(from: string, to: string): void {
  try {
    if (lstatSync(to, { throwIfNoEntry: false })) rmSync(from, { force: true });
    else renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
