// Artifacts as plain files that people can look at: artifacts/WORKSPACE/CONTAINER/PATH. Links are never followed.
import { randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ArtifactInfo,
  type ArtifactListAsk,
  type ArtifactPage,
  type ArtifactPlacer,
  type ArtifactSource,
  type ArtifactStore,
  MalachiteError,
  type OpenFile,
  type RestoredFiles,
  type Scope,
} from "@malachite/core";
import {
  hasCode,
  lookOf,
  onStorage,
  openFileOf,
  openInside,
  readRange,
  segmentsOf,
  shown,
  storageFailed,
  writeStream,
} from "../../../files/index.ts";
import { exists, noArtifact } from "../refusals.ts";
import { appendFile, publish, removeEmptyFolders, removeFile } from "./artifactFiles.ts";
import { listFiles } from "./artifactList.ts";
import { clearUnfinished } from "./halfDone.ts";
import { KeyedLock } from "./keyedLock.ts";
import { containerFolder, workspaceFolder } from "./layout.ts";
import { placeFile } from "./placeFile.ts";
import { copySource, isSource, openSource, type SourceFile, settleSource } from "./takeFile.ts";

export type FolderArtifactStore = ArtifactStore &
  ArtifactPlacer & {
    /** Removes what interrupted writes left, in files too. Where other servers use the folder: only what is older than `before`. */
    sweep(before?: number): Promise<void>;
  };

/** `folder` is the data folder; `artifacts` is made in it. Opens and starts nothing. */
export const createArtifactStore = ({
  folder,
  locks = new KeyedLock(),
}: {
  readonly folder: string;
  /** Shared with whoever writes the same files. */
  readonly locks?: KeyedLock;
}): FolderArtifactStore => new ArtifactFolder(join(folder, "artifacts"), locks);

/** So many names are held while files are placed. */
const PLACED_AT_ONCE = 500;

class ArtifactFolder implements FolderArtifactStore {
  readonly #root: string;
  readonly #unfinished: string;
  readonly #locks: KeyedLock;

  constructor(root: string, locks: KeyedLock) {
    this.#root = root;
    this.#locks = locks;
    // Workspace folders have a "~" in their name, so none of them is called this.
    this.#unfinished = join(root, "unfinished");
  }

  async sweep(before?: number): Promise<void> {
    await onStorage("Preparing the artifact store", async () => {
      await clearUnfinished(this.#unfinished, before);
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

  async open(scope: Scope, container: string, path: string): Promise<OpenFile | undefined> {
    const handle = await this.#open(scope, container, path);
    return handle && openFileOf(handle);
  }

  async *read(
    scope: Scope,
    container: string,
    path: string,
    from = 0,
    to?: number,
  ): AsyncGenerator<Uint8Array> {
    const handle = await this.#open(scope, container, path);
    if (!handle) throw noArtifact(container, path);
    try {
      yield* readRange(handle, from, to);
    } catch (error) {
      throw storageFailed("Reading a file", error);
    }
  }

  async list(scope: Scope, container: string, ask: ArtifactListAsk): Promise<ArtifactPage> {
    const { prefix = "", after, limit } = ask;
    const found = await onStorage("Listing files", () =>
      listFiles(this.#containerOf(scope, container), { prefix, after, limit: limit + 1 }),
    );
    const values = found
      .slice(0, limit)
      .flatMap(({ path, stats }) => (stats === undefined ? [] : [infoOf(container, path, stats)]));
    return { values, more: found.length > limit };
  }

  async placeFiles({ scope, container, folder }: RestoredFiles, project: string, signal: AbortSignal) {
    const root = this.#containerOf(scope, container);
    let after: string | undefined;
    do {
      const ask = { prefix: `${folder}/`, limit: PLACED_AT_ONCE, ...(after === undefined ? {} : { after }) };
      const { values, more } = await this.list(scope, container, ask);
      for (const { path } of values) {
        signal.throwIfAborted();
        await onStorage("Placing a kept file", () => placeFile(root, path, project));
      }
      after = more ? values.at(-1)?.path : undefined;
    } while (after !== undefined);
  }

  async remove(scope: Scope, container: string, path: string): Promise<void> {
    const segments = segmentsOf(path);
    const root = this.#containerOf(scope, container);
    await onStorage("Removing a file", () =>
      this.#locks.run(join(root, path), async () => {
        if (!(await removeFile(root, segments))) return;
        await removeEmptyFolders(root, segments);
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

function infoOf(container: string, path: string, stats: BigIntStats): ArtifactInfo {
  const { sizeBytes, createdAt, changedAt, etag } = lookOf(stats);
  return { container, path, sizeBytes, createdAt, changedAt, etag };
}
