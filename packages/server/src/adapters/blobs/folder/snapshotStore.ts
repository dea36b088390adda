// Snapshots in a folder: contents and trees by hash, and which workspace knows which snapshot. Heavy work is done by workers.

import { createHash } from "node:crypto";
import { createReadStream, lstatSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
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
import {
  hasCode,
  makeFolder,
  onStorage,
  orNothing,
  removeTree,
  shown,
  storageFailed,
  writeFileAtomic,
} from "../../../files/index.ts";
import { checkFiles } from "./checkFiles.ts";
import { entryUsed, forgetEntry, unusedEntries } from "./forgetSnapshot.ts";
import {
  hashedPath,
  isSha256,
  isSnapshotId,
  LATEST,
  PART_LIFETIME_MS,
  type SnapshotLayout,
  snapshotId,
  snapshotLayout,
  workspaceFolder,
} from "./layout.ts";
import { adoptFile, type KnownSnapshot, type SnapshotMover } from "./moveSnapshots.ts";
import { metadataJson, readNodes } from "./nodesFile.ts";
import { isOlder, removeOlder } from "./olderFiles.ts";
import { snapshotZip } from "./snapshotZip.ts";
import { nodesPath, partPath } from "./threads/keepClientTree.ts";
import { markUsed, putBack } from "./threads/sweepContents.ts";
import { workerEntry } from "./threads/workerEntry.ts";
import { Workers } from "./threads/workers.ts";
import { readTree, readTreeHead } from "./treeFile.ts";
import { type ArchiveLimits, DEFAULT_LIMITS } from "./zip/archiveLimits.ts";

export type SnapshotStoreOptions = {
  /** The data folder. `contents`, `trees` and `snapshots` are made in it. */
  readonly folder: string;
  readonly limits?: Partial<ArchiveLimits>;
  /** Threads for unpacking, and as many for placing and packing; each is started when first needed. */
  readonly workers?: number;
  /** The worker's code, when it is not where `workerEntry` says. */
  readonly entry?: URL;
};

export type FolderSnapshotStore = SnapshotStore &
  ProjectPlacer &
  SnapshotMover &
  AsyncDisposable & {
    /** Removes what an interrupted upload left. Where other servers use the folder: only what is older than `before`. */
    sweep(before?: number): Promise<void>;
    /** As keepContents; answers the hashes of what came. */
    takeContents(zip: Upload, signal?: AbortSignal): Promise<readonly string[]>;
    /** Checks the files as `offer` does; answers the hashes, each once, of which no content is here. */
    missingOf(files: readonly malachite.ProjectFile[]): Promise<readonly string[]>;
    /** The listing of checked files, whether their contents are here or not. */
    makeTree(files: readonly malachite.ProjectFile[]): Promise<Snapshot>;
  };

/** How many files are looked at before others get their turn: about a millisecond. */
const LOOKS_AT_ONCE = 200;

/** Opens and starts nothing; dispose it to end its threads. */
export function createSnapshotStore(options: SnapshotStoreOptions): FolderSnapshotStore {
  const layout = snapshotLayout(options.folder);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const entry = options.entry ?? workerEntry;
  const count = options.workers ?? 2;
  return new SnapshotFolder(layout, limits, new Workers(entry, count), new Workers(entry, count));
}

class SnapshotFolder implements FolderSnapshotStore {
  readonly #layout: SnapshotLayout;
  readonly #limits: ArchiveLimits;
  readonly #takers: Workers;
  /** Apart from those that take archives, so that no huge upload keeps a run from starting. */
  readonly #givers: Workers;

  constructor(layout: SnapshotLayout, limits: ArchiveLimits, takers: Workers, givers: Workers) {
    this.#layout = layout;
    this.#limits = limits;
    this.#takers = takers;
    this.#givers = givers;
  }

  async sweep(before = Number.POSITIVE_INFINITY): Promise<void> {
    const { contents, trees, snapshots, staging } = this.#layout;
    await onStorage("Preparing the snapshot store", async () => {
      await removeOlder(staging, before);
      for (const folder of [contents, trees, snapshots]) await makeFolder(folder);
      putBack(this.#layout);
      for (const name of await readdir(trees))
        if (name.endsWith(".tmp") && (await isOlder(join(trees, name), before)))
          await rm(join(trees, name), { force: true });
      for (const workspace of await readdir(snapshots)) {
        for (const name of await readdir(join(snapshots, workspace))) {
          const path = join(snapshots, workspace, name);
          const until = name.endsWith(".part") ? Date.now() - PART_LIFETIME_MS : before;
          if (/\.(tmp|part)$/.test(name) && (await isOlder(path, until))) await rm(path, { force: true });
        }
      }
    });
  }

  async keepZip(scope: Scope, zip: Upload, signal?: AbortSignal): Promise<Snapshot> {
    try {
      const ask = { file: zip.file, layout: this.#layout, limits: this.#limits };
      const snapshot = await this.#takers.run("ingestProject", ask, signal);
      await this.#register(scope, snapshot);
      return snapshot;
    } finally {
      await rm(zip.file, { force: true });
    }
  }

  async keepContents(zip: Upload, signal?: AbortSignal): Promise<number> {
    return (await this.takeContents(zip, signal)).length;
  }

  async takeContents(zip: Upload, signal?: AbortSignal): Promise<readonly string[]> {
    try {
      const ask = { file: zip.file, layout: this.#layout, limits: this.#limits };
      return await this.#takers.run("ingestContents", ask, signal);
    } finally {
      await rm(zip.file, { force: true });
    }
  }

  async offer(
    scope: Scope,
    files: readonly malachite.ProjectFile[],
  ): Promise<{ readonly snapshot: Snapshot } | { readonly missing: readonly string[] }> {
    const missing = await this.missingOf(files);
    if (missing.length > 0) return { missing };
    const snapshot = await this.makeTree(files);
    await this.#register(scope, snapshot);
    return { snapshot };
  }

  async missingOf(files: readonly malachite.ProjectFile[]): Promise<readonly string[]> {
    await checkFiles(files, this.#limits);
    return await onStorage("Making a snapshot", () => this.#missing(files));
  }

  async makeTree(files: readonly malachite.ProjectFile[]): Promise<Snapshot> {
    await onStorage("Making a snapshot", () => makeFolder(this.#layout.trees));
    return await this.#givers.run("keepTree", { layout: this.#layout, files });
  }

  readTreeBody(file: string): Promise<TreeBody> {
    return this.#givers.run("readTreeBody", { file });
  }

  async keepTree(scope: Scope, upload: TreeUpload): Promise<Snapshot | undefined> {
    const id = upload.id.toLowerCase();
    const folder = join(this.#layout.snapshots, workspaceFolder(scope));
    const ask = {
      layout: this.#layout,
      limits: this.#limits,
      folder,
      upload: { ...upload, id },
      parentTree: await this.#parentTree(scope, upload.about.parentId),
      existing: (await this.get(scope, id))?.tree,
    };
    const snapshot = await this.#takers.run("keepClientTree", ask);
    if (snapshot === undefined) return undefined;
    await this.#register(scope, snapshot);
    await onStorage("Recording a snapshot", async () => {
      await rm(partPath(folder, id), { force: true });
      // One that was there already does not become the latest again: what came after it would be forgotten.
      if (ask.existing === undefined) await writeFileAtomic(join(folder, LATEST), `${id}\n`);
    });
    return snapshot;
  }

  /** The tree of a parent of which no client's tree is kept. */
  async #parentTree(scope: Scope, parentId: string | undefined): Promise<string | undefined> {
    if (parentId === undefined) return undefined;
    const nodes = nodesPath(join(this.#layout.snapshots, workspaceFolder(scope)), parentId);
    if (lstatSync(nodes, { throwIfNoEntry: false })) return undefined;
    return (await this.get(scope, parentId))?.tree;
  }

  async latest(scope: Scope): Promise<string | undefined> {
    return await onStorage("Reading a snapshot", async () => {
      const path = join(this.#layout.snapshots, workspaceFolder(scope), LATEST);
      const id = await readFile(path, "utf8").catch((error) => {
        if (hasCode(error, "ENOENT")) return undefined;
        throw error;
      });
      return id?.trim();
    });
  }

  async metadata(scope: Scope, id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const snapshot = await this.get(scope, id);
    if (!snapshot) return undefined;
    const path = nodesPath(join(this.#layout.snapshots, workspaceFolder(scope)), id.toLowerCase());
    if (!lstatSync(path, { throwIfNoEntry: false }))
      await this.#givers.run("describeTree", {
        layout: this.#layout,
        tree: snapshot.tree,
        id: snapshot.id,
        path,
      });
    return metadataJson(readNodes(path));
  }

  async get(scope: Scope, id: string): Promise<Snapshot | undefined> {
    const key = id.toLowerCase();
    if (!isSnapshotId(key)) return undefined;
    return await onStorage("Reading a snapshot", async () => {
      if (!entryUsed(this.#entryOf(scope, key))) return undefined;
      const tree = await readFile(this.#entryOf(scope, key), "utf8").catch((error) => {
        if (hasCode(error, "ENOENT")) return undefined;
        throw error;
      });
      if (tree === undefined) return undefined;
      const snapshot = isSha256(tree.trim())
        ? await readTreeHead(this.#layout.trees, tree.trim())
        : undefined;
      if (snapshot) return { ...snapshot, id: key };
      throw new MalachiteError(
        "StorageFailed",
        `The listing of snapshot ${key} is missing in the data folder. Send the project again.`,
      );
    });
  }

  async byTree(scope: Scope, tree: string): Promise<Snapshot | undefined> {
    if (!isSha256(tree)) return undefined;
    const snapshot = await this.get(scope, snapshotId(tree));
    if (!snapshot) return undefined;
    const files: malachite.ProjectFile[] = [];
    for await (const file of this.files(tree)) files.push(file);
    const missing = await onStorage("Reading a snapshot", () => this.#missing(files));
    return missing.length > 0 ? undefined : snapshot;
  }

  async find(tree: string, path: string): Promise<malachite.ProjectFile | undefined> {
    for await (const file of this.files(tree)) {
      if (file.path === path) return file;
      if (file.path > path) return undefined;
    }
    return undefined;
  }

  async *read({ sha256 }: malachite.ProjectFile, from = 0, to?: number): AsyncGenerator<Uint8Array> {
    if (to !== undefined && to <= from) return;
    const range = { start: from, ...(to === undefined ? {} : { end: to - 1 }) };
    try {
      yield* createReadStream(hashedPath(this.#layout.contents, sha256), range);
    } catch (error) {
      throw storageFailed("Reading a snapshot", error);
    }
  }

  async *files(tree: string): AsyncGenerator<malachite.ProjectFile> {
    if (!isSha256(tree))
      throw new MalachiteError("StorageFailed", `${shown(tree)} is not the hash of a project tree.`);
    try {
      yield* readTree(this.#layout.trees, tree);
    } catch (error) {
      throw storageFailed("Reading a snapshot", error);
    }
  }

  zip(tree: string): AsyncIterable<Uint8Array> {
    return snapshotZip(this.#layout, tree, (ask) => this.#givers.run("packFiles", ask));
  }

  async place(tree: string, folder: string, signal: AbortSignal): Promise<void> {
    await this.#givers.run("placeTree", { layout: this.#layout, tree, folder }, signal);
  }

  async *unused(scope: Scope, before: number): AsyncGenerator<string> {
    let looks = 0;
    for (const id of unusedEntries(join(this.#layout.snapshots, workspaceFolder(scope)), before)) {
      looks += 1;
      if (looks % LOOKS_AT_ONCE === 0) await nextTurn();
      yield id;
    }
  }

  async forget(scope: Scope, id: string, before: number): Promise<boolean> {
    return await onStorage("Removing a snapshot", async () =>
      forgetEntry(join(this.#layout.snapshots, workspaceFolder(scope)), id, before),
    );
  }

  async sweepContents(before: number): Promise<{ readonly files: number; readonly bytes: number }> {
    return await this.#givers.run("sweepContents", { layout: this.#layout, before });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#takers[Symbol.asyncDispose](), this.#givers[Symbol.asyncDispose]()]);
  }

  #entryOf(scope: Scope, id: string): string {
    return join(this.#layout.snapshots, workspaceFolder(scope), id);
  }

  async *snapshotsOf(scope: Scope): AsyncGenerator<KnownSnapshot> {
    const folder = join(this.#layout.snapshots, workspaceFolder(scope));
    for (const id of (await readdir(folder).catch(orNothing)) ?? []) {
      if (!isSnapshotId(id)) continue;
      const found = await this.get(scope, id);
      if (found !== undefined) yield { id, tree: found.tree };
    }
  }

  async nodesOf(scope: Scope, id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = nodesPath(join(this.#layout.snapshots, workspaceFolder(scope)), id);
    return lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : createReadStream(path);
  }

  async adoptContent(sha256: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const target = hashedPath(this.#layout.contents, sha256);
    await adoptFile(this.#layout.staging, target, bytes, sha256);
  }

  async adoptSnapshot(
    scope: Scope,
    { id, tree, nodes }: KnownSnapshot & { readonly nodes?: AsyncIterable<Uint8Array> },
  ): Promise<void> {
    const folder = join(this.#layout.snapshots, workspaceFolder(scope));
    if (nodes) await adoptFile(this.#layout.staging, nodesPath(folder, id), nodes);
    await this.#register(scope, { id, tree });
  }

  async adoptLatest(scope: Scope, id: string): Promise<void> {
    const folder = join(this.#layout.snapshots, workspaceFolder(scope));
    await onStorage("Recording a snapshot", () => writeFileAtomic(join(folder, LATEST), `${id}\n`));
  }

  async forgetSnapshots(scope: Scope): Promise<void> {
    await removeTree(join(this.#layout.snapshots, workspaceFolder(scope)));
  }

  /** Makes the snapshot known in the workspace, durably. */
  async #register(scope: Scope, snapshot: KnownSnapshot): Promise<void> {
    await onStorage("Recording a snapshot", async () => {
      const entry = this.#entryOf(scope, snapshot.id);
      const isKnown = entryUsed(entry);
      const known = isKnown ? await readFile(entry, "utf8").catch(() => undefined) : undefined; // Unreadable counts as unknown: it is written anew.
      if (known !== `${snapshot.tree}\n`) await writeFileAtomic(entry, `${snapshot.tree}\n`);
    });
  }

  /** Hashes of contents that are not here, each once. Throws ContentMismatch for a size that is not the content's. */
  async #missing(files: readonly malachite.ProjectFile[]): Promise<string[]> {
    const missing = new Set<string>();
    let looks = 0;
    for (const file of files) {
      if (missing.has(file.sha256)) continue;
      looks += 1;
      // Looking costs microseconds, a trip through the thread pool ten times that: so in place, with pauses.
      if (looks % LOOKS_AT_ONCE === 0) await nextTurn();
      const content = hashedPath(this.#layout.contents, file.sha256);
      const found = lstatSync(content, { throwIfNoEntry: false });
      if (found?.size === file.sizeBytes && markUsed(content, found)) continue;
      if (found && found.size !== file.sizeBytes) await this.#explainSize(file, content, found.size);
      missing.add(file.sha256);
    }
    return [...missing];
  }

  /** Either the client is wrong about the size, or the content here is damaged: then it is put aside and asked for again. */
  async #explainSize(file: malachite.ProjectFile, content: string, sizeBytes: number): Promise<void> {
    const digest = createHash("sha256");
    await pipeline(createReadStream(content), digest);
    if (digest.digest("hex") === file.sha256) {
      throw new MalachiteError(
        "ContentMismatch",
        `${shown(file.path)} is said to have ${file.sizeBytes} bytes, but the content of its SHA-256 has ${sizeBytes}.`,
        { target: file.path },
      );
    }
    await mkdir(this.#layout.damaged, { recursive: true });
    await rename(content, join(this.#layout.damaged, file.sha256));
  }
}
