// Artifacts as plain files that people can look at: artifacts/WORKSPACE/CONTAINER/PATH. Links are never followed.
import { randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, rename, rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  type ArtifactInfo,
  type ArtifactSource,
  type ArtifactStore,
  MalachiteError,
  type Scope,
} from "@malachite/core";
import {
  hasCode,
  makeFolder,
  type OpenFolder,
  onStorage,
  openFolderInside,
  openInside,
  openRegular,
  readRange,
  removeTree,
  segmentsOf,
  shown,
  storageFailed,
  writeStream,
} from "../../../files/index.ts";
import { listFiles } from "./artifactList.ts";
import { KeyedLock } from "./keyedLock.ts";
import { containerFolder, workspaceFolder } from "./layout.ts";
import { copySource, isSource, openSource, type SourceFile, settleSource } from "./takeFile.ts";

export type FolderArtifactStore = ArtifactStore & {
  /** Removes what interrupted writes left. Call once at start, when no other server uses the folder. */
  sweep(): Promise<void>;
};

/** A removal may take a folder away between its making and its use; a second try makes it again. */
const TRIES = 20;

/** `folder` is the data folder; `artifacts` is made in it. Opens and starts nothing. */
export const createArtifactStore = ({ folder }: { readonly folder: string }): FolderArtifactStore =>
  new ArtifactFolder(join(folder, "artifacts"));

class ArtifactFolder implements FolderArtifactStore {
  readonly #root: string;
  readonly #unfinished: string;
  readonly #locks = new KeyedLock();

  constructor(root: string) {
    this.#root = root;
    // Workspace folders have a "~" in their name, so none of them is called this.
    this.#unfinished = join(root, "unfinished");
  }

  async sweep(): Promise<void> {
    await onStorage("Preparing the artifact store", async () => {
      await removeTree(this.#unfinished);
      await makeFolder(this.#unfinished);
    });
  }

  async put(
    scope: Scope,
    container: string,
    path: string,
    source: ArtifactSource,
    { overwrite }: { readonly overwrite: boolean },
  ): Promise<ArtifactInfo> {
    const segments = segmentsOf(path);
    const root = this.#containerOf(scope, container);
    // Refused before the bytes come in; decided again when the name is given.
    if (!overwrite && (await this.get(scope, container, path))) throw exists(path);
    if ("takeFile" in source) {
      await using file = await openSource(source.takeFile).catch((error) => {
        throw storageFailed("Taking a file", error);
      });
      return infoOf(container, path, await this.#take(file, root, segments, overwrite));
    }
    return await this.#staged(async (temporary) => {
      await this.#receive(source.stream, temporary);
      return infoOf(container, path, await this.#publish(root, segments, temporary, overwrite));
    });
  }

  /**
   * Moves the file straight to its place, so that at no moment a crash could lose it, or copies it where it cannot be moved:
   * from another file system, or with a second name.
   */
  async #take(
    file: SourceFile,
    root: string,
    segments: readonly string[],
    overwrite: boolean,
  ): Promise<BigIntStats> {
    if (file.movable) {
      try {
        await settleSource(file);
        const stats = await this.#publish(root, segments, file.path, overwrite);
        if (await isSource(file, stats)) return stats;
        throw new MalachiteError("StorageFailed", `${shown(file.path)} was replaced while it was taken.`);
      } catch (error) {
        if (!hasCode(error, "EXDEV", "EPERM", "EACCES")) throw storageFailed("Taking a file", error);
      }
    }
    return await this.#staged(async (temporary) => {
      await onStorage("Copying a file", () => copySource(file, temporary));
      return await this.#publish(root, segments, temporary, overwrite);
    });
  }

  #publish(
    root: string,
    segments: readonly string[],
    from: string,
    overwrite: boolean,
  ): Promise<BigIntStats> {
    return this.#locks.run(join(root, ...segments), () => publish(root, segments, from, overwrite));
  }

  async append(
    scope: Scope,
    container: string,
    path: string,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<ArtifactInfo> {
    const segments = segmentsOf(path);
    const root = this.#containerOf(scope, container);
    // All of the piece comes in first: one that breaks off adds nothing, and a slow sender keeps nobody else waiting.
    return await this.#staged(async (temporary) => {
      await this.#receive(stream, temporary);
      const stats = await this.#locks.run(join(root, path), () => appendFile(root, segments, temporary));
      return infoOf(container, path, stats);
    });
  }

  async get(scope: Scope, container: string, path: string): Promise<ArtifactInfo | undefined> {
    const handle = await this.#open(scope, container, path);
    if (!handle) return undefined;
    await using _ = handle;
    return infoOf(container, path, await handle.stat({ bigint: true }));
  }

  async *read(
    scope: Scope,
    container: string,
    path: string,
    from = 0,
    to?: number,
  ): AsyncGenerator<Uint8Array> {
    const handle = await this.#open(scope, container, path);
    if (!handle) {
      throw new MalachiteError(
        "ArtifactNotFound",
        `There is no file ${shown(path)} in ${shown(container)}.`,
        { target: path },
      );
    }
    try {
      yield* readRange(handle, from, to);
    } catch (error) {
      throw storageFailed("Reading a file", error);
    }
  }

  async list(
    scope: Scope,
    container: string,
    ask: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): Promise<{ readonly values: readonly ArtifactInfo[]; readonly more: boolean }> {
    const { prefix = "", after, limit } = ask;
    const found = await onStorage("Listing files", () =>
      listFiles(this.#containerOf(scope, container), { prefix, after, limit: limit + 1 }),
    );
    const values = found.slice(0, limit).map(({ path, stats }) => infoOf(container, path, stats));
    return { values, more: found.length > limit };
  }

  async remove(scope: Scope, container: string, path: string): Promise<void> {
    const segments = segmentsOf(path);
    const root = this.#containerOf(scope, container);
    await onStorage("Removing a file", () =>
      this.#locks.run(join(root, path), async () => {
        if (!(await removeFile(root, segments))) return;
        // Folders exist for their files only: an empty one would be in the way of a file of its name.
        for (let depth = segments.length - 1; depth > 0; depth -= 1) {
          if (!(await removeEmptyFolder(root, segments.slice(0, depth)))) return;
        }
      }),
    );
  }

  #containerOf(scope: Scope, container: string): string {
    return join(this.#root, workspaceFolder(scope), containerFolder(container));
  }

  async #open(scope: Scope, container: string, path: string): Promise<FileHandle | undefined> {
    try {
      return await openInside(this.#containerOf(scope, container), path);
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENAMETOOLONG")) return undefined;
      throw storageFailed("Reading a file", error);
    }
  }

  /** Hands out a path for unfinished work and removes what is left there. */
  async #staged<T>(work: (temporary: string) => Promise<T>): Promise<T> {
    const temporary = join(this.#unfinished, randomUUID());
    await onStorage("Keeping a file", () => mkdir(this.#unfinished, { recursive: true }));
    try {
      return await work(temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** The stream as a file, durable. */
  async #receive(stream: AsyncIterable<Uint8Array>, temporary: string): Promise<void> {
    const handle = await onStorage("Keeping a file", () => open(temporary, "wx", 0o644));
    try {
      await writeStream(stream, handle);
      await onStorage("Keeping a file", () => handle.datasync());
    } finally {
      await handle.close();
    }
  }
}

/** Gives a finished file its name, at once and durably. */
async function publish(
  root: string,
  segments: readonly string[],
  temporary: string,
  overwrite: boolean,
): Promise<BigIntStats> {
  const path = segments.join("/");
  return await inFolderOf(root, segments, async (folder, name) => {
    const target = folder.at(name);
    const there = await lstat(target).catch(nothing);
    if (there?.isDirectory()) await makeRoom(target, path);
    else if (there && !overwrite) throw exists(path);
    if (overwrite) await rename(temporary, target);
    else await linkNew(temporary, target, path);
    const stats = await lstat(target, { bigint: true });
    if (!stats.isFile()) {
      // A program has put a link where the file was that it left.
      await unlink(target);
      throw new MalachiteError(
        "StorageFailed",
        `What was to be kept as ${shown(path)} is no regular file any more.`,
      );
    }
    await folder.sync();
    return stats;
  });
}

/** A link fails when the name is taken, also when somebody takes it now. Without links, the lock of this process must do. */
async function linkNew(temporary: string, target: string, path: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if (hasCode(error, "EEXIST")) throw exists(path);
    if (!hasCode(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK")) throw error;
    return await rename(temporary, target);
  }
  await unlink(temporary);
}

/** A folder left empty by a crash makes room for a file; one with files does not. */
async function makeRoom(target: string, path: string): Promise<void> {
  try {
    await rmdir(target);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
    throw new MalachiteError(
      "BadPath",
      `${shown(path)} cannot be a file: there are files in a folder of that name.`,
      {
        target: path,
      },
    );
  }
}

/** Adds a finished piece at the end. What does not fit on the disk is taken back, so that a retry never doubles bytes. */
async function appendFile(
  root: string,
  segments: readonly string[],
  temporary: string,
): Promise<BigIntStats> {
  const path = segments.join("/");
  return await inFolderOf(root, segments, async (folder, name) => {
    const target = folder.at(name);
    const there = await lstat(target).catch(nothing);
    if (!there) {
      await linkNew(temporary, target, path);
      await folder.sync();
      return await lstat(target, { bigint: true });
    }
    if (there.isDirectory()) await makeRoom(target, path);
    await using into = await openRegular(target, constants.O_WRONLY);
    const { size } = await into.stat();
    try {
      let at = size;
      for await (const piece of readRange(await open(temporary, "r"))) {
        for (let done = 0; done < piece.byteLength; ) {
          done += (await into.write(piece, done, piece.byteLength - done, at + done)).bytesWritten;
        }
        at += piece.byteLength;
      }
      await into.datasync();
    } catch (error) {
      await into.truncate(size).catch(() => undefined); // The first error is the one to tell.
      throw error;
    }
    return await into.stat({ bigint: true });
  });
}

/** Opens the folder that the path's file is in, making it, and tries again when a removal takes it away meanwhile. */
async function inFolderOf<T>(
  root: string,
  segments: readonly string[],
  work: (folder: OpenFolder, name: string) => Promise<T>,
): Promise<T> {
  const name = segments.at(-1) as string;
  for (let tries = 1; ; tries += 1) {
    try {
      await using folder = await openFolderInside(root, segments.slice(0, -1), { make: true });
      return await work(folder, name);
    } catch (error) {
      if (hasCode(error, "ENOTDIR", "ELOOP")) throw inTheWay(segments, error);
      if (tries < TRIES && hasCode(error, "ENOENT")) continue;
      // A file of another file system: its taker copies it.
      if (hasCode(error, "EXDEV")) throw error;
      throw storageFailed("Keeping a file", error);
    }
  }
}

async function removeFile(root: string, segments: readonly string[]): Promise<boolean> {
  try {
    await using folder = await openFolderInside(root, segments.slice(0, -1), { make: false });
    await unlink(folder.at(segments.at(-1) as string));
    await folder.sync();
    return true;
  } catch (error) {
    // EISDIR and EPERM: a folder, which is no artifact.
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "EISDIR", "EPERM", "ENAMETOOLONG")) return false;
    throw error;
  }
}

async function removeEmptyFolder(root: string, segments: readonly string[]): Promise<boolean> {
  try {
    await using folder = await openFolderInside(root, segments.slice(0, -1), { make: false });
    await rmdir(folder.at(segments.at(-1) as string));
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}

const exists = (path: string): MalachiteError =>
  new MalachiteError(
    "ArtifactExists",
    `There is a file ${shown(path)} already and overwriting was not asked for.`,
    {
      target: path,
    },
  );

const inTheWay = (segments: readonly string[], cause: unknown): MalachiteError =>
  new MalachiteError(
    "BadPath",
    `${shown(segments.join("/"))} cannot be kept: a part of its path is a file already, so nothing can be inside it.`,
    { target: segments.join("/"), cause },
  );

function nothing(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}

function infoOf(container: string, path: string, stats: BigIntStats): ArtifactInfo {
  const born = stats.birthtimeMs > 0n ? stats.birthtimeMs : stats.mtimeMs;
  return {
    container,
    path,
    sizeBytes: Number(stats.size),
    createdAt: Number(born),
    // Changes with every write: a replaced file is another inode, an appended one has another size and time.
    etag: `${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}-${stats.ino.toString(36)}`,
  };
}
