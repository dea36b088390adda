// Where the files of the service are: plain files of the data folder, or an object storage. The three ports over the one or the other.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import type { malachite } from "@malachite/contract";
import {
  type ArtifactPlacer,
  type ArtifactStore,
  type BlobStore,
  type Log,
  MalachiteError,
  type ProjectPlacer,
  type Scope,
  type Snapshot,
  type SnapshotStore,
} from "@malachite/core";
import { createArtifactStore } from "./adapters/blobs/folder/artifactStore.ts";
import { createBlobStore } from "./adapters/blobs/folder/blobStore.ts";
import { KeyedLock } from "./adapters/blobs/folder/keyedLock.ts";
import { workspaceFolder } from "./adapters/blobs/folder/layout.ts";
import type { SnapshotMover } from "./adapters/blobs/folder/moveSnapshots.ts";
import { createSnapshotStore } from "./adapters/blobs/folder/snapshotStore.ts";
import type { ObjectFiles } from "./adapters/blobs/objects/objectFiles.ts";
import { sweepWaits } from "./compose/sweepWaits.ts";
import { orNothing, writeFileAtomic } from "./files/index.ts";
import type { BlobsSetting } from "./settings/blobs.ts";

export type FileStores = AsyncDisposable & {
  readonly snapshots: SnapshotStore & ProjectPlacer & SnapshotMover & TreeMaker;
  readonly artifacts: ArtifactStore & ArtifactPlacer;
  readonly blobs: BlobStore;
  /** Where the blobs of a storage container lie as plain files; not there when they do not. */
  readonly blobsFolder?: (container: string) => string;
  /** The artifact containers of a workspace that have files, by the names of their folders. */
  containerFolders(scope: Scope): AsyncIterable<string>;
  /** Gives up what nobody wants any more. Now and then. */
  sweep(now: number): Promise<void>;
  /** The service is to end: a storage that is away is not waited for any more. */
  hurry(): void;
};

/** Makes the listing of files whose contents are kept. */
type TreeMaker = { makeTree(files: readonly malachite.ProjectFile[]): Promise<Snapshot> };

/** So often it is looked which files are finished and to be put into one object. */
const JOINED_EVERY_MS = 30_000;

/** So long the storage is asked at the start; after that the service begins without it. */
const START_MS = 3000;

type Ask = {
  readonly setting: BlobsSetting;
  /** The part of the data folder that files are kept in. */
  readonly folder: string;
  readonly incoming: string;
  /** The code of the workers. */
  readonly entry: URL;
  readonly now: number;
  /** Other servers may be at work in the same folder. */
  readonly several: boolean;
  /** A service may be at work in the same folder: what is half done is its own. */
  readonly asGuest?: boolean;
  readonly log: Log;
};

/** What a dead server of several left half done is swept after so long; nothing takes so long between two bytes. */
const UNFINISHED_KEPT_MS = 3600_000;

/** Opens the stores, with what was left by a crash removed. Throws StorageFailed. */
export async function openFileStores(ask: Ask): Promise<FileStores> {
  const { setting, folder } = ask;
  const place = placeOf(setting);
  checkPlace(folder, place);
  const stores =
    setting.kind === "folder" ? await openFolderStores(ask) : await openObjectStores(ask, setting);
  if (ask.asGuest !== true || placeKept(folder) === undefined)
    await writeFileAtomic(join(folder, PLACE), `${place}\n`, 0o600);
  return stores;
}

async function openFolderStores({ folder, entry, now, several, asGuest }: Ask): Promise<FileStores> {
  const locks = new KeyedLock();
  const snapshots = createSnapshotStore({ folder, entry });
  const artifacts = createArtifactStore({ folder, locks });
  const blobs = createBlobStore({ folder, locks });
  const sweepUnfinished = async (before?: number): Promise<void> => {
    await Promise.all([snapshots.sweep(before), artifacts.sweep(before), blobs.sweep(before)]);
  };
  const old = (at: number) => (several ? at - UNFINISHED_KEPT_MS : undefined);
  if (asGuest !== true) await Promise.all([sweepUnfinished(old(now)), blobs.sweepBlocks(now)]);
  return {
    snapshots,
    artifacts,
    blobs,
    async *containerFolders(scope) {
      const found = await opendir(join(folder, "artifacts", workspaceFolder(scope))).catch(orNothing);
      if (found === undefined) return;
      for await (const entry of found) if (entry.isDirectory()) yield entry.name;
    },
    blobsFolder: (container) => blobs.folderOf({ kind: "store", name: container }),
    async sweep(at) {
      // Alone, nothing is left half done but by an earlier life.
      if (several) await sweepUnfinished(old(at));
      await blobs.sweepBlocks(at);
    },
    hurry() {},
    [Symbol.asyncDispose]: () => snapshots[Symbol.asyncDispose](),
  };
}

async function openObjectStores(
  { folder, incoming, entry, now, asGuest, log }: Ask,
  { keys, direct, cacheBytes, ...place }: Exclude<BlobsSetting, { readonly kind: "folder" }>,
): Promise<FileStores> {
  // With the libraries of both makers, which a service without an object storage does without.
  const library = await import("./adapters/blobs/objects/index.ts");
  const closing = new AbortController();
  const patience = { ...library.DEFAULT_PATIENCE, closing: closing.signal };
  const objects = await library.openObjectStorage(place, keys, patience);
  const own = join(folder, "objects");
  const files = new library.ObjectFiles({
    objects,
    notes: join(own, "notes"),
    incoming,
    ...(direct ? { links: { joins: join(own, "joins") } } : {}),
  });
  const snapshots = library.createObjectSnapshotStore({
    objects,
    folder: join(own, "cache"),
    cacheBytes,
    entry,
  });
  const artifacts = library.createObjectArtifactStore(files);
  const blobs = library.createObjectBlobStore(files);
  const sweep = async (at: number): Promise<void> => {
    await files.sweep(at);
    await blobs.sweepBlocks(at);
    await snapshots.shrink();
  };
  if (asGuest !== true) await snapshots.sweepCache();
  try {
    // A wrong key or bucket is told at the start, to whoever set it; a storage that is away is waited for.
    const asked = await library.openObjectStorage(place, keys, { deadlineMs: START_MS, firstWaitMs: 100 });
    await library.checkStorage(asked, asGuest === true).finally(() => asked.close());
  } catch (error) {
    if (!(error instanceof MalachiteError) || error.code !== "StorageAway") {
      await snapshots[Symbol.asyncDispose]();
      objects.close();
      throw error;
    }
    log.warn("objectStorageAway", { reason: error.message });
  }
  const joining = direct && asGuest !== true ? joinInBackground(files, log) : undefined;
  if (asGuest !== true) sweep(now).catch(sweepWaits(log));
  return {
    snapshots,
    artifacts,
    blobs,
    async *containerFolders(scope) {
      const prefix = library.containersOf(scope);
      for await (const one of objects.list({ prefix, folders: true, pageSize: 1000 }))
        if ("folder" in one) yield one.folder.slice(prefix.length, -1);
    },
    sweep,
    hurry: () => closing.abort(),
    async [Symbol.asyncDispose]() {
      await joining?.[Symbol.asyncDispose]();
      await snapshots[Symbol.asyncDispose]();
      objects.close();
    },
  };
}

/** Has files in pieces put into one object each, for links, and ends what is under way when it is disposed of. */
function joinInBackground(files: ObjectFiles, log: Log): AsyncDisposable {
  const ended = new AbortController();
  const waits = (error: unknown): void => log.warn("joinWaits", { reason: String(error) });
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => {
    underWay ??= files
      .joinWanted(Date.now(), waits, ended.signal)
      .catch(waits)
      .finally(() => {
        underWay = undefined;
      });
  }, JOINED_EVERY_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      ended.abort();
      await underWay;
    },
  };
}

/** `folder`, or the object storage. */
export function placeOf(setting: BlobsSetting): string {
  if (setting.kind === "folder") return "folder";
  const name = setting.kind === "azure" ? `${setting.account}/${setting.container}` : setting.bucket;
  return `${setting.kind}://${name}/${setting.prefix}`;
}

const PLACE = "place";

/** Where a service has kept the files of this data folder: `folder`, or the object storage. Undefined before its first start. */
export function placeKept(folder: string): string | undefined {
  const note = join(folder, PLACE);
  return existsSync(note) ? readFileSync(note, "utf8").trim() : hasFiles(folder) ? "folder" : undefined;
}

/** The records name files of one place: with another, all would seem lost. Throws StorageFailed. */
function checkPlace(folder: string, place: string): void {
  const before = placeKept(folder) ?? place;
  if (before === place) return;
  throw new MalachiteError(
    "StorageFailed",
    `The files of this data folder are kept in ${before === "folder" ? "the folder itself" : before}, and the setting blobs says ${place}. Give --blobs ${before.replace(/\/$/, "")}, or another data folder.`,
  );
}

/** Whether files may be kept: here, or in an object storage. */
export const keepsFiles = (folder: string): boolean =>
  hasFiles(folder) || (placeKept(folder) ?? "folder") !== "folder";

/** Whether a service of before this note has kept files here. */
const hasFiles = (folder: string): boolean =>
  ["artifacts", "snapshots", "stores"].some((name) => {
    const at = join(folder, name);
    return existsSync(at) && readdirSync(at).some((entry) => entry !== "unfinished");
  });
