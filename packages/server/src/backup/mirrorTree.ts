// Makes one folder hold what another one holds, while that is in use. A file that is there already is not copied again; one that
// goes away meanwhile is not there.
import { constants } from "node:fs";
import { copyFile, lstat, mkdir, open, opendir, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { eachOf } from "../adapters/shared/eachOf.ts";
import { hasCode, orNothing } from "../files/index.ts";

export type Mirrored = { files: number; bytes: number; copiedFiles: number; copiedBytes: number };

export type MirrorAsk = {
  readonly from: string;
  readonly to: string;
  /** Relative paths of folders that are left out. */
  readonly without?: ReadonlySet<string>;
  /** Is called with each file that is there now, by its relative path. */
  readonly each?: (path: string) => Promise<void>;
};

/** Copies at the same time: a disk of spinning plates or far away is kept busy, and memory stays small. */
const AT_ONCE = 8;
/** File systems and Node keep times to a microsecond or so. */
const SAME_TIME_MS = 0.01;
const PART = ".part";

/** What `to` has besides stays: see dropStale. */
export async function mirrorTree(ask: MirrorAsk, counts: Mirrored): Promise<void> {
  await eachOf(filesBelow(ask.from, ask.without), AT_ONCE, undefined, (path) =>
    mirrorFile(path, ask, counts),
  );
}

async function mirrorFile(path: string, { from, to, each }: MirrorAsk, counts: Mirrored): Promise<void> {
  const [source, target] = [join(from, path), join(to, path)];
  try {
    const found = await lstat(source);
    const there = await lstat(target).catch(orNothing);
    counts.files += 1;
    counts.bytes += found.size;
    if (there?.size !== found.size || Math.abs(there.mtimeMs - found.mtimeMs) > SAME_TIME_MS) {
      await mkdir(join(target, ".."), { recursive: true, mode: 0o700 });
      await copyWhole(source, target, found);
      counts.copiedFiles += 1;
      counts.copiedBytes += found.size;
    }
  } catch (error) {
    // It was removed meanwhile: by somebody who may, and after the records were copied.
    if (hasCode(error, "ENOENT") && (await lstat(source).catch(orNothing)) === undefined) return;
    throw error;
  }
  await each?.(path);
}

/** A copy of its own, durable, and there only when it is whole. */
export async function copyWhole(
  source: string,
  target: string,
  { atimeMs, mtimeMs }: { readonly atimeMs: number; readonly mtimeMs: number },
): Promise<void> {
  // One that was cut short may be read-only, as its original is.
  await rm(target + PART, { force: true });
  await copyFile(source, target + PART, constants.COPYFILE_FICLONE);
  // As seconds: a Date would lose what is finer than a millisecond.
  await utimes(target + PART, atimeMs / 1000, mtimeMs / 1000);
  const handle = await open(target + PART, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(target + PART, target);
}

/** Removes from `to` what `from` has no longer. */
export async function dropStale({ from, to, without }: MirrorAsk): Promise<void> {
  for await (const path of filesBelow(to, without))
    if ((await lstat(join(from, path)).catch(orNothing)) === undefined)
      await rm(join(to, path), { force: true });
}

/** Regular files, by their paths relative to the folder; links are not followed. A missing folder has none. */
export async function* filesBelow(
  root: string,
  without: ReadonlySet<string> = new Set(),
  under = "",
): AsyncGenerator<string> {
  const folder = await opendir(join(root, under)).catch(orNothing);
  if (folder === undefined) return;
  try {
    for await (const entry of folder) {
      const path = under === "" ? entry.name : `${under}/${entry.name}`;
      if (entry.isDirectory() && !without.has(path)) yield* filesBelow(root, without, path);
      else if (entry.isFile()) yield path;
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
