// Data of runs on this machine: `FOLDER/<launch key>/<name>`, and the storages it comes from and goes to.
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type BlobStore,
  type DataCarrier,
  isLaunchKey,
  isMalachiteError,
  type LaunchKey,
  MalachiteError,
  type RunFolder,
  type StoragePlace,
} from "@malachite/core";
import { hasCode, onStorage, removeTree } from "../../files/index.ts";
import { download } from "./download.ts";
import { type FileStorage, StorageTrouble } from "./fileStorage.ts";
import { createGuard, type Guard } from "./guard.ts";
import { faultOfAzure, openAzureStorage } from "./storages/azureStorage.ts";
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
  /** Where the blobs of a container lie, as plain files. */
  readonly blobsFolder: (container: string) => string;
  readonly named: Readonly<Record<string, NamedStorage>>;
  /** Hosts at private addresses that users' datastores and URIs may name. */
  readonly allowHosts: readonly string[];
  /** Reads a folder in which a hostile program may have written. */
  readonly openFolder: (path: string) => RunFolder;
};

const PARTS = ".parts";

/** Opens nothing until asked. */
export function createDataCarrier(options: DataCarrierOptions): DataCarrier {
  const { folder, blobs, blobsFolder, named, openFolder } = options;
  const guard = createGuard(options.allowHosts);
  const ofKey = (key: LaunchKey): string => {
    if (isLaunchKey(key)) return join(folder, key);
    throw new MalachiteError("Unexpected", `'${key}' is no launch key.`);
  };
  const ofName = ({ key, name }: { readonly key: LaunchKey; readonly name: string }): string =>
    join(ofKey(key), name);

  async function open({ storage, called }: StoragePlace): Promise<FileStorage> {
    switch (storage.kind) {
      case "own":
        return createOwnStorage(blobs, storage.container, blobsFolder(storage.container));
      case "web":
        return createWebStorage(guard);
      case "registered":
        return openAzureStorage(storage.section, called, guard);
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

  return {
    async check(place, use) {
      const fault = faultOf(place, use, named, guard);
      if (fault !== undefined) throw new MalachiteError("UnsupportedField", fault);
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
    async mount(place, { make }) {
      return wrapped(place, async () => {
        await using storage = await open(place);
        if (storage.local) return await storage.local(place.path, make);
        throw unreachable(noMount(place.called));
      });
    },
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
    forget: (key) => onStorage("Removing data", () => removeTree(ofKey(key))),
    async sweep(keys) {
      await onStorage("Removing data", async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        for (const name of await readdir(folder))
          if (!keys.has(name as LaunchKey)) await removeTree(join(folder, name));
      });
    },
  };
}

const unreachable = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("DataUnreachable", message, { cause });

const noMount = (called: string): string =>
  `'${called}' is not on this machine, and remote storages are not mounted here. Use as_download() for what is read, as_upload() for what is written.`;

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
      if (fault !== undefined) return `The datastore '${called}' is not reached: ${fault}`;
      return use === "mount" ? noMount(called) : undefined;
    }
    case "named": {
      const settings = named[storage.name];
      if (settings?.kind === "folder" && use === "upload" && settings.readOnly)
        return `The settings say of the datastore '${called}' that it is only read.`;
      return settings?.kind === "s3" && use === "mount" ? noMount(called) : undefined;
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
