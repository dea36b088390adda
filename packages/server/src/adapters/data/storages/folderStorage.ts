// A folder of this machine that the settings name: a disk, a network file system that is mounted. Links in it are not followed.
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { link, lstat, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  enterFolder,
  hasCode,
  type OpenFolder,
  openFolderInside,
  openInside,
  openRegular,
  readRange,
  segmentsOf,
} from "../../../files/index.ts";
import { type FileStorage, StorageTrouble, type StoredFile } from "../fileStorage.ts";

/** Unfinished files; never listed. */
const UNFINISHED = /^\.malachite-[0-9a-f-]{36}$/;

/** Throws StorageTrouble when the folder is not there: a disk that is not mounted is not an empty one. */
export async function openFolderStorage(root: string, readOnly: boolean): Promise<FileStorage> {
  const stats = await stat(root).catch(() => undefined);
  if (!stats?.isDirectory()) throw new StorageTrouble("refused", `The folder ${root} is not there`);
  return createFolderStorage(root, readOnly);
}

function createFolderStorage(root: string, readOnly: boolean): FileStorage {
  const found = async (path: string): Promise<Stats | undefined> => {
    const segments = segmentsOf(path);
    return orNothing(async () => {
      await using folder = await openFolderInside(root, segments.slice(0, -1), { make: false });
      return await lstat(folder.at(segments.at(-1) as string));
    });
  };
  return {
    async find(path) {
      if (path === "") return undefined;
      const stats = await found(path);
      return stats?.isFile() ? fileOf(path, stats) : undefined;
    },
    async *list(under, signal) {
      const segments = under === "" ? [] : segmentsOf(under);
      const folder = await orNothing(() => openFolderInside(root, segments, { make: false }));
      if (folder) yield* filesIn(folder, under, signal);
    },
    async *read(file, from, signal) {
      const handle = await orNothing(() => openInside(root, file.path));
      if (!handle) throw new StorageTrouble("gone", `${file.path} is not there any more`);
      if (fileOf(file.path, await handle.stat()).version !== file.version) {
        await handle.close();
        throw new StorageTrouble("changed", `${file.path} was changed meanwhile`);
      }
      for await (const chunk of readRange(handle, from)) {
        signal.throwIfAborted();
        yield chunk;
      }
    },
    async write(path, content, overwrite, signal) {
      if (readOnly) throw new StorageTrouble("refused", "the settings say that it is only read");
      const segments = segmentsOf(path);
      await using folder = await openFolderInside(root, segments.slice(0, -1), { make: true });
      const target = folder.at(segments.at(-1) as string);
      if (!overwrite && (await orNothing(() => lstat(target)))) return "there";
      const temporary = folder.at(`.malachite-${randomUUID()}`);
      try {
        const { O_WRONLY, O_CREAT, O_EXCL } = constants;
        await using handle = await openRegular(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o644);
        for await (const chunk of content.read(0, content.sizeBytes)) {
          signal.throwIfAborted();
          await handle.writeFile(chunk);
        }
        await handle.datasync();
        if (overwrite) await rename(temporary, target);
        else {
          await link(temporary, target);
          await unlink(temporary);
        }
        await folder.sync();
        return "sent";
      } catch (error) {
        await rm(temporary, { force: true });
        if (hasCode(error, "EEXIST")) return "there";
        throw error;
      }
    },
    async local(path, make) {
      const segments = path === "" ? [] : segmentsOf(path);
      const at = join(root, ...segments);
      if (path !== "" && (await found(path))?.isFile()) return { source: at, file: basename(at) };
      await using _ = await openFolderInside(root, segments, { make: make && !readOnly });
      return { source: at };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* filesIn(folder: OpenFolder, at: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
  try {
    for (const entry of await readdir(folder.path, { withFileTypes: true })) {
      signal.throwIfAborted();
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) {
        const below = await orNothing(() => enterFolder(folder, entry.name, false));
        if (below) yield* filesIn(below, path, signal);
      } else if (entry.isFile() && !UNFINISHED.test(entry.name)) {
        const stats = await orNothing(() => lstat(folder.at(entry.name)));
        if (stats?.isFile()) yield fileOf(path, stats);
      }
    }
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

const fileOf = (path: string, stats: Stats): StoredFile => ({
  path,
  sizeBytes: stats.size,
  changedAt: Math.floor(stats.mtimeMs),
  version: `${stats.ino}-${stats.size}-${stats.mtimeMs}`,
});

async function orNothing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}
