// Data of runs on this machine: `FOLDER/<launch key>/<name>`, mounts in `.mounts/<name>` beside it, and the storages it comes from and
// goes to.
import { mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  type BlobStore,
  type DataCarrier,
  isLaunchKey,
  isMalachiteError,
  type LaunchKey,
  MalachiteError,
  type RunFolder,
  type Sent,
  type StoragePlace,
  type TellData,
} from "@malachite/core";
import { hasCode, onStorage, removeTree } from "../../files/index.ts";
import { keysIn } from "../shared/keysIn.ts";
import { download } from "./download.ts";
import { type FileStorage, StorageTrouble } from "./fileStorage.ts";
import { createGuard, type Guard } from "./guard.ts";
import { readNote } from "./mounts/mountNote.ts";
import type { RemoteMounts } from "./mounts/remoteMounts.ts";
import { isAnyWritten, sendWritten } from "./mounts/sendWritten.ts";
import { patiently } from "./patience.ts";
import { faultOfAzure, faultOfAzureMount, openAzureStorage } from "./storages/azureStorage.ts";
import { openFolderStorage } from "./storages/folderStorage.ts";
import { createOwnStorage } from "./storages/ownStorage.ts";
import { openS3Storage, type S3Settings } from "./storages/s3Storage.ts";
import { createWebStorage } from "./storages/webStorage.ts";
import { upload } from "./upload.ts";

/** A datastore of the settings. */
export type NamedStorage =
  | ({ readonly kind: "s3" } & S3Settings)
  | { readonly kind: "folder"; readonly path: string; readonly readOnly?: boolean | undefined };

export type DataCarrierOptions = {
  readonly folder: string;
  readonly blobs: BlobStore;
  /** Where the blobs of a container lie, as plain files; not there when they do not. */
  readonly blobsFolder?: ((container: string) => string) | undefined;
  /**
   * The address of a container as this machine's programs reach it over the blob surface, signed for that container alone: how blobs
   * that lie elsewhere are mounted.
   */
  readonly blobsAddress?: (container: string, ask: { readonly readOnly: boolean }) => URL;
  readonly named: Readonly<Record<string, NamedStorage>>;
  /** Hosts at private addresses that users' datastores and URIs may name. */
  readonly allowHosts: readonly string[];
  /** Accounts of Azure Storage, by name or address, that datastores without a key reach by the identity of this machine. */
  readonly identityAccounts?: readonly string[];
  /** Reads a folder in which a hostile program may have written. */
  readonly openFolder: (path: string) => RunFolder;
  readonly mounts: RemoteMounts;
};

const PARTS = ".parts";
const MOUNTS = ".mounts";

/** How long the process of a mount may take to close what a run has left open: a file that was changed in part is first read whole. */
const CLOSE_MS = 120_000;
/** And where nobody waits for what was written. */
const DROP_MS = 2000;

/** A piece of data of a launch. */
type Into = { readonly key: LaunchKey; readonly name: string };

/** Opens nothing until asked. */
export function createDataCarrier(options: DataCarrierOptions): DataCarrier {
  const { identityAccounts = [] } = options;
  const { folder, blobs, blobsFolder, blobsAddress, named, openFolder, mounts } = options;
  const guard = createGuard(options.allowHosts);
  const ofKey = (key: LaunchKey): string => {
    if (isLaunchKey(key)) return join(folder, key);
    throw new MalachiteError("Unexpected", `'${key}' is no launch key.`);
  };
  const ofName = ({ key, name }: Into): string => join(ofKey(key), name);
  const mountOf = ({ key, name }: Into): string => join(ofKey(key), MOUNTS, name);

  /** Whether a place is on this machine by what it is. */
  const isOnThisMachine = ({ storage }: StoragePlace): boolean =>
    storage.kind === "own"
      ? blobsFolder !== undefined
      : storage.kind === "named" && named[storage.name]?.kind !== "s3";

  async function open({ storage, called }: StoragePlace): Promise<FileStorage> {
    switch (storage.kind) {
      case "own":
        return createOwnStorage(
          blobs,
          storage.container,
          blobsFolder !== undefined
            ? { folder: blobsFolder(storage.container) }
            : blobsAddress && { address: (readOnly) => blobsAddress(storage.container, { readOnly }) },
        );
      case "web":
        return createWebStorage(guard);
      case "registered":
        return openAzureStorage(storage.section, called, guard, identityAccounts);
      case "named": {
        const settings = named[storage.name];
        if (settings === undefined)
          throw unreachable(`The datastore '${called}' is no longer in the settings.`);
        return settings.kind === "s3"
          ? openS3Storage(settings, called)
          : openFolderStorage(settings.path, settings.readOnly === true);
      }
    }
  }

  /** One after another: each has a process that may take its time to end. */
  async function dropMounts(at: string): Promise<void> {
    const names = await readdir(join(at, MOUNTS)).catch((error: unknown) => {
      if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
      throw error;
    });
    for (const name of names) await mounts.takeOff(join(at, MOUNTS, name), DROP_MS);
  }

  /** What a mount left that is not shown any more, as after a start of the machine: its files go before it is made anew. */
  async function clear(into: Into, place: StoragePlace, tell: TellData, signal: AbortSignal): Promise<void> {
    for (const fault of (await settle(into, place.called, async () => place, tell, signal)).faults)
      tell(fault);
    await onStorage("Removing data", () => removeTree(mountOf(into), signal));
  }

  const settle: DataCarrier["settle"] = async (into, called, place, tell, signal) => {
    const at = mountOf(into);
    const ended = await mounts.takeOff(at, CLOSE_MS, signal);
    const note = ended && (await readNote(at));
    if (ended === undefined || note === undefined) return NOTHING_SENT;
    const faults: string[] = [];
    if (ended.end === "died")
      faults.push(
        `The mount of the datastore '${called}' had ended by itself, and the run could not go on using it${ended.words && `: ${ended.words}`}.`,
      );
    if (note.readOnly || !(await isAnyWritten(at, note.root))) return { ...NOTHING_SENT, faults };
    const to = await place();
    return wrapped(to, async () => {
      await using storage = await open(to);
      const target =
        note.file === undefined ? to.path : to.path.slice(0, -note.file.length).replace(/\/$/, "");
      const sent = await sendWritten(
        { folder: at, root: note.root, target, called: to.called, openFolder },
        storage,
        tell,
        signal,
      );
      tell(`${sent.files} files, ${sent.bytes} bytes that were written last.`);
      return { ...sent, faults: [...faults, ...sent.faults] };
    });
  };

  async function forget(key: LaunchKey): Promise<void> {
    const at = ofKey(key);
    await onStorage("Removing data", async () => {
      await dropMounts(at);
      await removeTree(at);
    });
  }

  return {
    async check(place, use, inContainer) {
      const isHere = isOnThisMachine(place);
      const fault =
        faultOf(place, use, named, guard) ??
        (use === "mount" && !isHere
          ? await faultOfMount(place, inContainer, mounts, identityAccounts)
          : undefined);
      if (fault !== undefined) throw new MalachiteError("UnsupportedField", fault);
      return isHere ? "here" : "elsewhere";
    },
    async bring(place, into, tell, signal) {
      return wrapped(place, async () => {
        await using storage = await open(place);
        const { passedOver, ...fetched } = await download(
          storage,
          place.path,
          { folder: ofName(into), parts: join(ofKey(into.key), PARTS, into.name) },
          tell,
          signal,
        );
        return { ...fetched, ...(passedOver.length === 0 ? {} : { passedOver }) };
      });
    },
    async mount(place, into, { make, readOnly }, tell, signal) {
      return wrapped(place, async () => {
        await using storage = await open(place);
        if (storage.local) return await storage.local(place.path, make);
        const shown = await mounts.shown(mountOf(into));
        if (shown !== undefined) return shown;
        if (!storage.remote) throw unreachable(`'${place.called}' cannot be mounted.`);
        await clear(into, place, tell, signal);
        // A key that is wrong, or a storage that is not there, is told in our own words, before there is a mount that hides them.
        const isFile = await lookAt(storage, place.path, signal);
        const above = place.path.slice(0, Math.max(0, place.path.lastIndexOf("/")));
        const source = await storage.remote(isFile ? above : place.path, readOnly);
        const file = isFile ? basename(place.path) : undefined;
        return await mounts.show(mountOf(into), { source, file, readOnly }, signal);
      });
    },
    settle,
    async make(into) {
      const source = ofName(into);
      await onStorage("Keeping data", () => mkdir(source, { recursive: true }));
      return { source };
    },
    made: (into) => openFolder(ofName(into)),
    async send({ folder: from, under }, place, ask, tell, signal) {
      return wrapped(place, async () => {
        await using storage = await open(place);
        return await upload({ folder: from, under }, storage, place.path, place.called, ask, tell, signal);
      });
    },
    forget,
    place: {
      async keys(before) {
        return await onStorage("Removing data", () => keysIn(folder, before));
      },
      async free(key) {
        await forget(key);
        return true;
      },
    },
    async sweep(keys) {
      await onStorage("Removing data", async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        for (const name of await readdir(folder)) {
          if (keys.has(name as LaunchKey)) continue;
          const isFree = await dropMounts(join(folder, name)).then(
            () => true,
            () => false,
          );
          // What holds on to a mount must not keep the service from its start: the next start looks again.
          if (isFree) await removeTree(join(folder, name));
        }
      });
    },
  };
}

const unreachable = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("DataUnreachable", message, { cause });

const NOTHING_SENT: Sent = { files: 0, bytes: 0, faults: [] };

async function faultOfMount(
  { storage, called }: StoragePlace,
  inContainer: boolean,
  mounts: RemoteMounts,
  identityAccounts: readonly string[],
): Promise<string | undefined> {
  const fault =
    (storage.kind === "registered" ? faultOfAzureMount(storage.section, identityAccounts) : undefined) ??
    (await mounts.fault(inContainer));
  return fault === undefined
    ? undefined
    : `'${called}' is not on this machine, and it cannot be mounted here: ${fault}. Use as_download() for what is read, as_upload() for what is written.`;
}

/** True for a single file. A place at which there is nothing is an empty folder. */
async function lookAt(storage: FileStorage, path: string, signal: AbortSignal): Promise<boolean> {
  return patiently(async () => {
    if (path !== "" && (await storage.find(path, signal)) !== undefined) return true;
    for await (const _ of storage.list(path, signal)) break;
    return false;
  }, signal);
}

/** Why a place cannot be used in that way, whatever is in it. */
function faultOf(
  { storage, called, path }: StoragePlace,
  use: "mount" | "download" | "upload",
  named: DataCarrierOptions["named"],
  guard: Guard,
): string | undefined {
  switch (storage.kind) {
    case "own":
      return undefined;
    case "web":
      return use === "mount"
        ? `${new URL(path).origin} is not on this machine, and the web is not mounted here. Use the mechanism Download.`
        : guard.faultOf(new URL(path));
    case "registered": {
      if (storage.type !== "AzureBlob")
        return `A datastore of the type ${storage.type} is not reached by runs; AzureBlob is.`;
      const fault = faultOfAzure(storage.section, guard);
      return fault === undefined ? undefined : `The datastore '${called}' is not reached: ${fault}`;
    }
    case "named": {
      const settings = named[storage.name];
      if (settings?.kind === "folder" && use === "upload" && settings.readOnly)
        return `The settings say of the datastore '${called}' that it is only read.`;
      return undefined;
    }
  }
}

/** What a storage or this machine says, as an error of the service; aborts go through. */
async function wrapped<T>(place: StoragePlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isMalachiteError(error) || (error instanceof Error && error.name === "AbortError")) throw error;
    if (error instanceof StorageTrouble) throw unreachable(`${error.message}.`, error);
    if (hasCode(error, "ELOOP", "ENOTDIR", "ENOENT", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG"))
      throw unreachable(
        `'${place.path}' of the datastore '${place.called}' cannot be used: ${(error as Error).message}.`,
        error,
      );
    throw error;
  }
}
