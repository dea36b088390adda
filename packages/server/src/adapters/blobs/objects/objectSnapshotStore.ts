// Snapshots in an object storage. All checks and all heavy work are the folder store's, on a cache in the data folder; what it has made
// is sent before anybody is told, and what it needs is fetched before it is asked. The storage alone says which snapshots there are.

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
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
import { onStorage } from "../../../files/index.ts";
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
import { Condemned } from "./condemned.ts";
import { ContentCache, damaged, type ProjectFile } from "./contentCache.ts";
import { fetchFile, writeFetched } from "./fetchedFiles.ts";
import type { Objects } from "./objects.ts";
import { type PublishAsk, publishProject } from "./publishProject.ts";
import { SnapshotEntries } from "./snapshotEntries.ts";
import { nodesKey, nodesWithContents, partKey, snapshotsOf } from "./snapshotKeys.ts";
import { sweepContents } from "./sweepContents.ts";

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
  readonly now?: () => number;
};

export type ObjectSnapshotStore = Required<SnapshotStore> &
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

const DEFAULT_CACHE_BYTES = 20_000_000_000;

/** Opens and starts nothing; dispose it to end its threads. */
export const createObjectSnapshotStore = (options: ObjectSnapshotStoreOptions): ObjectSnapshotStore =>
  new ObjectSnapshots(options);

class ObjectSnapshots implements ObjectSnapshotStore {
  readonly #objects: Objects;
  readonly #local: FolderSnapshotStore;
  readonly #layout: ReturnType<typeof snapshotLayout>;
  readonly #condemned: Condemned;
  readonly #contents: ContentCache;
  readonly #entries: SnapshotEntries;
  readonly #cacheBytes: number;
  readonly #now: () => number;
  #inUse = 0;

  constructor({
    objects,
    folder,
    cacheBytes = DEFAULT_CACHE_BYTES,
    now = Date.now,
    ...rest
  }: ObjectSnapshotStoreOptions) {
    this.#objects = objects;
    this.#cacheBytes = cacheBytes;
    this.#now = now;
    this.#local = createSnapshotStore({ folder, ...rest });
    this.#layout = snapshotLayout(folder);
    this.#condemned = new Condemned(objects);
    this.#contents = new ContentCache(objects, this.#condemned, this.#layout, join(folder, "sent"));
    this.#entries = new SnapshotEntries(objects, now);
  }

  sweepCache(): Promise<void> {
    return this.#local.sweep();
  }

  async shrink(): Promise<void> {
    const old: string[] = [];
    for await (const one of this.#objects.list({ prefix: "parts/", pageSize: 1000 }))
      if ("key" in one && one.changedAt < this.#now() - PART_LIFETIME_MS) old.push(one.key);
    if (old.length > 0) await this.#objects.remove(old);
    if (this.#inUse > 0) return;
    await onStorage("Shrinking the cache of projects", () => this.#contents.shrink(this.#cacheBytes));
  }

  keepZip(scope: Scope, zip: Upload, signal?: AbortSignal): Promise<Snapshot> {
    return this.#using(async () => {
      const snapshot = await this.#local.keepZip(scope, zip, signal);
      await this.#publishWhole(scope, snapshot, { signal });
      return snapshot;
    });
  }

  keepContents(zip: Upload, signal?: AbortSignal): Promise<number> {
    return this.#using(async () => {
      const hashes = await this.#local.takeContents(zip, signal);
      await this.#sendAll(await this.#sized(hashes), signal);
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
      const missing = await this.#missingOf(files);
      if (missing.length > 0) return { missing };
      const snapshot = await this.#local.makeTree(files);
      // What was there a moment ago may have been condemned.
      const gone = await this.#publish(scope, snapshot);
      return gone.length > 0 ? { missing: [...new Set(gone.map(({ sha256 }) => sha256))] } : { snapshot };
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
        // One that is still here has ended in the storage.
        if (isNew) await rm(join(this.#folderOf(scope), id), { force: true });
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
        await this.#sendAll(nodesWithContents(part));
        await this.#contents.sendFile(partKey(scope, id), part);
        return undefined;
      }
      await this.#publishWhole(scope, snapshot, { nodes: nodesPath(folder, id) });
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
      const folder = this.#folderOf(scope);
      await writeFetched(join(folder, key), Buffer.from(`${snapshot.tree}\n`));
      const nodes = nodesPath(folder, key);
      // The clients' hashes of a snapshot that came another way are made of its contents.
      if (!(await fetchFile(this.#objects, nodesKey(scope, key), nodes)))
        await this.#contents.fetch(this.#local.files(snapshot.tree));
      return await this.#local.metadata(scope, key);
    });
  }

  async get(scope: Scope, id: string): Promise<Snapshot | undefined> {
    const key = id.toLowerCase();
    if (!isSnapshotId(key)) return undefined;
    const tree = await this.#entries.use(scope, key);
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
    return { ...head, id: key };
  }

  async byTree(scope: Scope, tree: string): Promise<Snapshot | undefined> {
    if (!isSha256(tree)) return undefined;
    const snapshot = await this.get(scope, snapshotId(tree));
    if (snapshot === undefined) return undefined;
    const files: malachite.ProjectFile[] = [];
    for await (const file of this.#local.files(tree)) files.push(file);
    return (await this.#missingOf(files)).length > 0 ? undefined : snapshot;
  }

  /** Hashes of contents that are neither here nor in the storage, or condemned there. */
  async #missingOf(files: readonly malachite.ProjectFile[]): Promise<readonly string[]> {
    const notHere = await this.#local.missingOf(files);
    return notHere.length === 0 ? [] : await this.#contents.missingOf(files, new Set(notHere));
  }

  async find(tree: string, path: string): Promise<malachite.ProjectFile | undefined> {
    await this.#bringTree(tree);
    return await this.#local.find(tree, path);
  }

  async *read(file: malachite.ProjectFile, from = 0, to = file.sizeBytes): AsyncGenerator<Uint8Array> {
    const end = Math.min(to, file.sizeBytes);
    if (end <= from) return;
    if (await this.#contents.isHere(file)) yield* this.#local.read(file, from, end);
    else yield* this.#contents.read(file, from, end);
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
    await this.#sendAll(await this.#sized([sha256]));
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
    const kept = nodes === undefined ? {} : { nodes: nodesPath(this.#folderOf(scope), id) };
    await this.#publishWhole(scope, { id, tree }, kept);
  }

  async adoptLatest(scope: Scope, id: string): Promise<void> {
    await this.#objects.put(`${snapshotsOf(scope)}${LATEST}`, Buffer.from(id), {});
  }

  async forgetSnapshots(scope: Scope): Promise<void> {
    await this.#local.forgetSnapshots(scope);
    await this.#entries.removeAll(scope);
  }

  unused(scope: Scope, before: number): AsyncIterable<string> {
    return this.#entries.unused(scope, before);
  }

  forget(scope: Scope, id: string, before: number): Promise<boolean> {
    return this.#entries.end(scope, id, before);
  }

  sweepContents(before: number): Promise<{ readonly files: number; readonly bytes: number }> {
    const parts = { objects: this.#objects, contents: this.#contents, condemned: this.#condemned };
    return sweepContents({ ...parts, staging: this.#layout.staging, now: this.#now }, before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#local[Symbol.asyncDispose]();
  }

  #publish(
    scope: Scope,
    snapshot: KnownSnapshot,
    kept: Pick<PublishAsk, "nodes" | "signal"> = {},
  ): Promise<readonly ProjectFile[]> {
    const files = () => this.#local.files(snapshot.tree);
    const parts = { objects: this.#objects, contents: this.#contents, entries: this.#entries };
    return publishProject({ scope, snapshot, files, ...kept }, parts);
  }

  /** The same for one of which everything is here. */
  async #publishWhole(...ask: [Scope, KnownSnapshot, Pick<PublishAsk, "nodes" | "signal">?]): Promise<void> {
    const [missing] = await this.#publish(...ask);
    if (missing !== undefined) throw damaged(missing);
  }

  /** Sends contents that no snapshot has yet: young ones are not swept. */
  async #sendAll(files: Parameters<ContentCache["send"]>[0], signal?: AbortSignal): Promise<void> {
    const [missing] = await this.#contents.send(files, await this.#condemned.look(signal), signal);
    if (missing !== undefined) throw damaged(missing);
  }

  async #bringTree(tree: string): Promise<void> {
    if (isSha256(tree)) await this.#contents.fetchTree(tree);
  }

  /** What is known of a snapshot, here: its entry, its client's tree, what came of it so far, and the contents of those. */
  async #bringAbout(scope: Scope, id: string): Promise<void> {
    const snapshot = await this.get(scope, id);
    const folder = this.#folderOf(scope);
    if (snapshot !== undefined) await writeFetched(join(folder, id), Buffer.from(`${snapshot.tree}\n`));
    const files = [
      [nodesKey(scope, id), nodesPath(folder, id)],
      [partKey(scope, id), partPath(folder, id)],
    ] as const;
    let described = false;
    for (const [key, file] of files) {
      if (!(await fetchFile(this.#objects, key, file))) continue;
      described = true;
      // One that is gone from the storage is asked of the client again.
      await this.#contents.fetch(nodesWithContents(file)).catch((error) => {
        if (!(error instanceof MalachiteError) || error.code !== "StorageFailed") throw error;
      });
    }
    if (!described && snapshot !== undefined) await this.#contents.fetch(this.#local.files(snapshot.tree));
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
