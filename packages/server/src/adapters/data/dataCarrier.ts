// Data of runs on this machine: `FOLDER/<launch key>/<name>`, mounts in `.mounts/<name>` beside it, and the storages it comes from and
// goes to.
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type BlobStore,
  type DataCarrier,
  isLaunchKey,
  type LaunchKey,
  MalachiteError,
  type RunFolder,
  type StoragePlace,
} from "@malachite/core";
import { onStorage, removeTree } from "../../files/index.ts";
import { unreachable, wrapped } from "./dataFault.ts";
import { download } from "./download.ts";
import type { FileStorage } from "./fileStorage.ts";
import { createGuard, type Guard } from "./guard.ts";
import { createMountCarrier, type Into } from "./mounts/mountCarrier.ts";
import type { RemoteMounts } from "./mounts/remoteMounts.ts";
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
  readonly mounts: RemoteMounts;
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
  const ofName = ({ key, name }: Into): string => join(ofKey(key), name);

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

  const mounted = createMountCarrier({ mounts: options.mounts, open, openFolder, folderOf: ofKey });

  return {
    async check(place, use, inContainer) {
      const fault =
        faultOf(place, use, named, guard) ??
        (use === "mount" && !isHere(place, named) ? await mounted.fault(place, inContainer) : undefined);
      if (fault !== undefined) throw new MalachiteError("UnsupportedField", fault);
      return isHere(place, named) ? "here" : "elsewhere";
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
        return await mounted.mount(place, storage, into, readOnly, tell, signal);
      });
    },
    settle: mounted.settle,
    cut: mounted.cut,
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
    async forget(key) {
      const at = ofKey(key);
      await onStorage("Removing data", async () => {
        await mounted.drop(at);
        await removeTree(at);
      });
    },
    async sweep(keys) {
      await onStorage("Removing data", async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        for (const name of await readdir(folder)) {
          if (keys.has(name as LaunchKey)) continue;
          const isFree = await mounted.drop(join(folder, name)).then(
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

/** Whether a place is on this machine by what it is. */
const isHere = ({ storage }: StoragePlace, named: DataCarrierOptions["named"]): boolean =>
  storage.kind === "own" || (storage.kind === "named" && named[storage.name]?.kind !== "s3");

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
