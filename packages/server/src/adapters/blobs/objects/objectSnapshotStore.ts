// Snapshots in an object storage. All checks and all heavy work are the folder store's, on a cache in the data folder; what it has made
// is sent before anybody is told, and what it needs is fetched before it is asked. The storage alone says which snapshots there are.

import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { malachite } from "@malachite/contract";
import {
  MalachiteError,
  type ProjectPlacer,
  type Scope,
  type Snapshot,
  type SnapshotStore,
  type TreeBody,
  type TreeUpload,
  type Upload,
} from "@malachite/core";
import { onStorage, orNothing } from "../../../files/index.ts";
import {
  isSha256,
  isSnapshotId,
  LATEST,
  PART_LIFETIME_MS,
  snapshotId,
  snapshotLayout,
  workspaceFolder,
} from "../folder/layout.ts";
import type { KnownSnapshot, SnapshotMover } from "../folder/moveSnapshots.ts";
import { createSnapshotStore, type FolderSnapshotStore } from "../folder/snapshotStore.ts";
import { nodesPath, partPath } from "../folder/threads/keepClientTree.ts";
import { readTreeHead } from "../folder/treeFile.ts";
import type { ArchiveLimits } from "../folder/zip/archiveLimits.ts";
import { ContentCache } from "./contentCache.ts";
import type { Objects } from "./objects.ts";
import { entryKey, nodesKey, nodesWithContents, partKey, snapshotsOf } from "./snapshotKeys.ts";

export type ObjectSnapshotStoreOptions = {
  /** To be asked patiently. */
  readonly objects: Objects;
  /** Where the cache is. */
  readonly folder: string;
  /** How much of contents the cache keeps. */
  readonly cacheBytes?: number;
  readonly limits?: Partial<ArchiveLimits>;
  /** The worker's code, when it is not where `workerEntry` says. */
  readonly entry?: URL;
};

export type ObjectSnapshotStore = SnapshotStore &
  ProjectPlacer &
  SnapshotMover & {
    /** The listing of files whose contents are in the storage. */
    makeTree(files: readonly malachite.ProjectFile[]): Promise<Snapshot>;
  } & AsyncDisposable & {
    /** Removes what an interrupted upload left on this machine. Call once at start. */
    sweepCache(): Promise<void>;
    /** Removes what nobody goes on with, and what is too much in the cache, unless that is in use now. Any time. */
    shrink(): Promise<void>;
  };

const REMEMBERED = 10_000;
const DEFAULT_CACHE_BYTES = 20_000_000_000;

/** Opens and starts nothing; dispose it to end its threads. */
export const createObjectSnapshotStore = (options: ObjectSnapshotStoreOptions): ObjectSnapshotStore =>
  new ObjectSnapshots(options);

class ObjectSnapshots implements ObjectSnapshotStore {
  readonly #objects: Objects;
  readonly #local: FolderSnapshotStore;
  readonly #layout: ReturnType<typeof snapshotLayout>;
  readonly #contents: ContentCache;
  readonly #cacheBytes: number;
  /** Trees of snapshots that are in the storage: they never change. */
  readonly #known = new Map<string, string>();
  #inUse = 0;

  constructor({ objects, folder, cacheBytes = DEFAULT_CACHE_BYTES, ...rest }: ObjectSnapshotStoreOptions) {
    this.#objects = objects;
    this.#cacheBytes = cacheBytes;
    this.#local = createSnapshotStore({ folder, ...rest });
    this.#layout = snapshotLayout(folder);
    this.#contents = new ContentCache(objects, this.#layout, join(folder, "sent"));
  }

  sweepCache(): Promise<void> {
    return this.#local.sweep();
  }

  async shrink(): Promise<void> {
    const old: string[] = [];
    for await (const one of this.#objects.list({ prefix: "parts/", pageSize: 1000 }))
      if ("key" in one && one.changedAt < Date.now() - PART_LIFETIME_MS) old.push(one.key);
    if (old.length > 0) await this.#objects.remove(old);
    if (this.#inUse > 0) return;
    await onStorage("Shrinking the cache of projects", () => this.#contents.shrink(this.#cacheBytes));
  }

  keepZip(scope: Scope, zip: Upload, signal?: AbortSignal): Promise<Snapshot> {
    return this.#using(async () => {
      const snapshot = await this.#local.keepZip(scope, zip, signal);
      await this.#publish(scope, snapshot, signal);
      return snapshot;
    });
  }

  keepContents(zip: Upload, signal?: AbortSignal): Promise<number> {
    return this.#using(async () => {
      const hashes = await this.#local.takeContents(zip, signal);
      await this.#contents.send(await this.#sized(hashes), signal);
      return hashes.length;
    });
  }

  async #sized(hashes: readonly string[]) {
    const files = hashes.map(async (sha256) => {
      const { size } = await stat(join(this.#layout.contents, sha256.slice(0, 2), sha256.slice(2)));
      return { path: sha256, sha256, sizeBytes: size };
    });
    return await onStorage("Keeping contents", () => Promise.all(files));
  }

  offer(
    scope: Scope,
    files: readonly malachite.ProjectFile[],
  ): Promise<{ readonly snapshot: Snapshot } | { readonly missing: readonly string[] }> {
    return this.#using(async () => {
      const notHere = await this.#local.missingOf(files);
      const missing = notHere.length === 0 ? [] : await this.#contents.missingOf(files, new Set(notHere));
      if (missing.length > 0) return { missing };
      const snapshot = await this.#local.makeTree(files);
      await this.#publish(scope, snapshot);
      return { snapshot };
    });
  }

  readTreeBody(file: string): Promise<TreeBody> {
    return this.#local.readTreeBody(file);
  }

  keepTree(scope: Scope, upload: TreeUpload): Promise<Snapshot | undefined> {
    return this.#using(async () => {
      const id = upload.id.toLowerCase();
      const { parentId } = upload.about;
      let isNew: boolean;
      try {
        isNew = (await this.get(scope, id)) === undefined;
        await this.#bringAbout(scope, id);
        if (parentId !== undefined) await this.#bringAbout(scope, parentId);
      } catch (error) {
        // As the port says, whatever comes of it.
        for (const { file } of upload.files) await rm(file, { force: true });
        throw error;
      }
      const snapshot = await this.#local.keepTree(scope, upload);
      const folder = this.#folderOf(scope);
      if (snapshot === undefined) {
        const part = partPath(folder, id);
        await this.#contents.send(nodesWithContents(part));
        await this.#contents.sendFile(partKey(scope, id), part);
        return undefined;
      }
      await this.#contents.send(this.#local.files(snapshot.tree));
      await this.#contents.sendTree(snapshot.tree);
      await this.#contents.sendFile(nodesKey(scope, id), nodesPath(folder, id));
      await this.#register(scope, id, snapshot.tree);
      if (isNew) await this.#objects.put(`${snapshotsOf(scope)}${LATEST}`, Buffer.from(id), {});
      await this.#objects.remove([partKey(scope, id)]);
      return snapshot;
    });
  }

  async latest(scope: Scope): Promise<string | undefined> {
    return (await this.#objects.get(`${snapshotsOf(scope)}${LATEST}`))?.bytes.toString().trim();
  }

  metadata(scope: Scope, id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#using(async () => {
      const snapshot = await this.get(scope, id);
      if (snapshot === undefined) return undefined;
      const key = id.toLowerCase();
      await this.#bringEntry(scope, key, snapshot.tree);
      const nodes = nodesPath(this.#folderOf(scope), key);
      // The clients' hashes of a snapshot that came another way are made of its contents.
      if (!(await this.#fetchAbout(nodesKey(scope, key), nodes)))
        await this.#contents.fetch(this.#local.files(snapshot.tree));
      return await this.#local.metadata(scope, key);
    });
  }

  async get(scope: Scope, id: string): Promise<Snapshot | undefined> {
    const key = id.toLowerCase();
    if (!isSnapshotId(key)) return undefined;
    const entry = entryKey(scope, key);
    const tree = this.#known.get(entry) ?? (await this.#objects.get(entry))?.bytes.toString().trim();
    if (tree === undefined) return undefined;
    await this.#bringTree(tree);
    const head = await onStorage("Reading a snapshot", async () =>
      isSha256(tree) ? await readTreeHead(this.#layout.trees, tree) : undefined,
    );
    if (head === undefined) {
      throw new MalachiteError(
        "StorageFailed",
        `The listing of snapshot ${key} is missing in the object storage. Send the project again.`,
      );
    }
    this.#remember(entry, tree);
    return { ...head, id: key };
  }

  async byTree(scope: Scope, tree: string): Promise<Snapshot | undefined> {
    if (!isSha256(tree)) return undefined;
    const snapshot = await this.get(scope, snapshotId(tree));
    if (snapshot === undefined) return undefined;
    const files: malachite.ProjectFile[] = [];
    for await (const file of this.#local.files(tree)) files.push(file);
    const notHere = await this.#local.missingOf(files);
    const missing = notHere.length === 0 ? [] : await this.#contents.missingOf(files, new Set(notHere));
    return missing.length > 0 ? undefined : snapshot;
  }

  async find(tree: string, path: string): Promise<malachite.ProjectFile | undefined> {
    await this.#bringTree(tree);
    return await this.#local.find(tree, path);
  }

  async *read(file: malachite.ProjectFile, from = 0, to = file.sizeBytes): AsyncGenerator<Uint8Array> {
    const end = Math.min(to, file.sizeBytes);
    if (end <= from) return;
    if (await this.#contents.isHere(file)) yield* this.#local.read(file, from, end);
    else yield* this.#contents.read(file.sha256, from, end);
  }

  async *files(tree: string): AsyncGenerator<malachite.ProjectFile> {
    await this.#bringTree(tree);
    yield* this.#local.files(tree);
  }

  async *zip(tree: string): AsyncGenerator<Uint8Array> {
    this.#inUse += 1;
    try {
      await this.#bringTree(tree);
      await this.#contents.fetch(this.#local.files(tree));
      yield* this.#local.zip(tree);
    } finally {
      this.#inUse -= 1;
    }
  }

  place(tree: string, folder: string, signal: AbortSignal): Promise<void> {
    return this.#using(async () => {
      signal.throwIfAborted();
      await this.#bringTree(tree);
      await this.#contents.fetch(this.#local.files(tree), signal);
      await this.#local.place(tree, folder, signal);
    });
  }

  async *snapshotsOf(scope: Scope): AsyncGenerator<KnownSnapshot> {
    const prefix = snapshotsOf(scope);
    for await (const one of this.#objects.list({ prefix, pageSize: 1000 })) {
      const id = "key" in one ? one.key.slice(prefix.length) : "";
      const found = isSnapshotId(id) ? await this.get(scope, id) : undefined;
      if (found !== undefined) yield { id, tree: found.tree };
    }
  }

  async nodesOf(scope: Scope, id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const key = nodesKey(scope, id);
    const there = await this.#objects.head(key);
    return there && this.#objects.read(key, 0, there.sizeBytes);
  }

  async adoptContent(sha256: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#local.adoptContent(sha256, bytes);
    await this.#contents.send(await this.#sized([sha256]));
  }

  async makeTree(files: readonly malachite.ProjectFile[]): Promise<Snapshot> {
    const snapshot = await this.#local.makeTree(files);
    await this.#contents.sendTree(snapshot.tree);
    return snapshot;
  }

  async adoptSnapshot(
    scope: Scope,
    { id, tree, nodes }: KnownSnapshot & { readonly nodes?: AsyncIterable<Uint8Array> },
  ): Promise<void> {
    await this.#local.adoptSnapshot(scope, { id, tree, ...(nodes === undefined ? {} : { nodes }) });
    if (nodes !== undefined)
      await this.#contents.sendFile(nodesKey(scope, id), nodesPath(this.#folderOf(scope), id));
    await this.#register(scope, id, tree);
  }

  async adoptLatest(scope: Scope, id: string): Promise<void> {
    await this.#objects.put(`${snapshotsOf(scope)}${LATEST}`, Buffer.from(id), {});
  }

  async forgetSnapshots(scope: Scope): Promise<void> {
    await this.#local.forgetSnapshots(scope);
    this.#known.clear();
    const keys: string[] = [];
    for await (const one of this.#objects.list({ prefix: snapshotsOf(scope), pageSize: 1000 })) {
      if ("key" in one) keys.push(one.key);
      if (keys.length === 1000) await this.#objects.remove(keys.splice(0));
    }
    if (keys.length > 0) await this.#objects.remove(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#local[Symbol.asyncDispose]();
  }

  /** Contents and listing are in the storage before the snapshot is. */
  async #publish(scope: Scope, { id, tree }: Snapshot, signal?: AbortSignal): Promise<void> {
    if (this.#known.get(entryKey(scope, id)) === tree) {
      // It is known in the workspace; what was lost of it since may have come again.
      await this.#contents.send(this.#local.files(tree), signal);
      return;
    }
    await this.#contents.send(this.#local.files(tree), signal);
    await this.#contents.sendTree(tree);
    await this.#register(scope, id, tree);
  }

  async #register(scope: Scope, id: string, tree: string): Promise<void> {
    const entry = entryKey(scope, id);
    await this.#objects.put(entry, Buffer.from(tree), {});
    this.#remember(entry, tree);
  }

  #remember(entry: string, tree: string): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(entry, tree);
  }

  async #bringTree(tree: string): Promise<void> {
    if (isSha256(tree)) await this.#contents.fetchTree(tree);
  }

  /** What is known of a snapshot, here: its entry, its client's tree, what came of it so far, and the contents of those. */
  async #bringAbout(scope: Scope, id: string): Promise<void> {
    const snapshot = await this.get(scope, id);
    if (snapshot !== undefined) await this.#bringEntry(scope, id, snapshot.tree);
    const folder = this.#folderOf(scope);
    const files = [
      [nodesKey(scope, id), nodesPath(folder, id)],
      [partKey(scope, id), partPath(folder, id)],
    ] as const;
    let described = false;
    for (const [key, file] of files) {
      if (!(await this.#fetchAbout(key, file))) continue;
      described = true;
      // One that is gone from the storage is asked of the client again.
      await this.#contents.fetch(nodesWithContents(file)).catch((error) => {
        if (!(error instanceof MalachiteError) || error.code !== "StorageFailed") throw error;
      });
    }
    if (!described && snapshot !== undefined) await this.#contents.fetch(this.#local.files(snapshot.tree));
  }

  async #bringEntry(scope: Scope, id: string, tree: string): Promise<void> {
    await this.#write(join(this.#folderOf(scope), id), Buffer.from(`${tree}\n`));
  }

  /** Has a file here that says more of a snapshot; one that is here already is at least as new. */
  async #fetchAbout(key: string, file: string): Promise<boolean> {
    if ((await stat(file).catch(orNothing)) !== undefined) return true;
    const found = await this.#objects.get(key);
    if (found === undefined) return false;
    await this.#write(file, found.bytes);
    return true;
  }

  async #write(file: string, bytes: Buffer): Promise<void> {
    await onStorage("Reading a snapshot", async () => {
      await mkdir(dirname(file), { recursive: true });
      const temporary = `${file}.${randomUUID()}.tmp`;
      await writeFile(temporary, bytes);
      await rename(temporary, file);
    });
  }

  #folderOf(scope: Scope): string {
    return join(this.#layout.snapshots, workspaceFolder(scope));
  }

  /** The cache is not shrunk meanwhile. */
  async #using<T>(work: () => Promise<T>): Promise<T> {
    this.#inUse += 1;
    try {
      return await work();
    } finally {
      this.#inUse -= 1;
    }
  }
}
