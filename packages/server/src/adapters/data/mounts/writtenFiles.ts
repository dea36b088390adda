// The files that a run has written into a mount and that are not in the storage yet, as they lie in rclone's cache: `vfs/REMOTE/ROOT/…`
// holds the bytes, `vfsMeta/REMOTE/ROOT/…` says of each what is known of it.
import { opendir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../../files/index.ts";

/** One file of rclone's cache. */
export type CacheEntry = {
  readonly Size: number;
  /** The ranges that are here; the others are still as in the storage. */
  readonly Rs: readonly { readonly Pos: number; readonly Size: number }[] | null;
  /** Of the file in the storage that this one began as; empty for a new one. */
  readonly Fingerprint: string;
  /** Written, and not sent yet. */
  readonly Dirty: boolean;
};

export type WrittenFile = {
  /** In the folder of the remote that it was found in, and relative to the root of the mount. */
  readonly remote: string;
  readonly path: string;
  /** Only a part of it is here. */
  readonly isPartial: boolean;
};

/** A list of ranges may be long, but not as long as this. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * What is known is written at the first change of a file and at its close. A new file is whole at any time: what no one wrote is zeros.
 * One that was in the storage is whole when all of its ranges are here. Pure.
 */
export function isPartial({ Size, Rs, Fingerprint }: CacheEntry): boolean {
  if (Fingerprint === "") return false;
  let end = 0;
  for (const range of [...(Rs ?? [])].sort((a, b) => a.Pos - b.Pos)) {
    if (range.Pos > end) break;
    end = Math.max(end, range.Pos + range.Size);
  }
  return end < Size;
}

/** `root`: the bucket or container, and the path in it. */
export async function* writtenFiles(cache: string, root: readonly string[]): AsyncGenerator<WrittenFile> {
  for await (const remote of namesIn(join(cache, "vfsMeta")))
    yield* filesBelow(join(cache, "vfsMeta", remote, ...root), "", remote);
}

async function* filesBelow(folder: string, under: string, remote: string): AsyncGenerator<WrittenFile> {
  for await (const entry of entriesOf(join(folder, under))) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, path, remote);
    else if (entry.isFile()) {
      const known = await readEntry(join(folder, path));
      if (known === "torn") yield { remote, path, isPartial: true };
      else if (known?.Dirty) yield { remote, path, isPartial: isPartial(known) };
    }
  }
}

/** Where the bytes of the files of a remote lie. */
export const bytesOf = (cache: string, remote: string, root: readonly string[]): string =>
  join(cache, "vfs", remote, ...root);

/** It is in the storage now: whoever looks again does not send it again. */
export const forgetWritten = (
  cache: string,
  root: readonly string[],
  { remote, path }: WrittenFile,
): Promise<void> => rm(join(cache, "vfsMeta", remote, ...root, path), { force: true });

/** `torn`: cut off while it was written, as by a kill; which bytes are here is not known. */
async function readEntry(path: string): Promise<CacheEntry | "torn" | undefined> {
  try {
    if ((await stat(path)).size > MOST_BYTES) return "torn";
    return JSON.parse(await readFile(path, "utf8")) as CacheEntry;
  } catch (error) {
    if (error instanceof SyntaxError) return "torn";
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  for await (const { name } of entriesOf(folder)) yield name;
}

async function* entriesOf(folder: string) {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
  }
}
