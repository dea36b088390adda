// What the carrier does about storages that are mounted for launches: `FOLDER OF THE LAUNCH/.mounts/<name>`.
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type {
  DataCarrier,
  DataSource,
  LaunchKey,
  RunFolder,
  Sent,
  StoragePlace,
  TellData,
} from "@malachite/core";
import { hasCode, onStorage, removeTree } from "../../../files/index.ts";
import { unreachable, wrapped } from "../dataFault.ts";
import type { FileStorage } from "../fileStorage.ts";
import { patiently } from "../patience.ts";
import { faultOfAzureMount } from "../storages/azureStorage.ts";
import { readNote } from "./mountNote.ts";
import type { MountEnd, RemoteMounts } from "./remoteMounts.ts";
import { isAnyWritten, sendWritten } from "./sendWritten.ts";

/** A piece of data of a launch. */
export type Into = { readonly key: LaunchKey; readonly name: string };

export type MountCarrierOptions = {
  readonly mounts: RemoteMounts;
  readonly open: (place: StoragePlace) => Promise<FileStorage>;
  readonly openFolder: (path: string) => RunFolder;
  readonly folderOf: (key: LaunchKey) => string;
};

export type MountCarrier = Pick<DataCarrier, "settle" | "cut"> & {
  /** Why the place cannot be mounted here, whatever is in it. */
  fault(place: StoragePlace, inContainer: boolean): Promise<string | undefined>;
  mount(
    place: StoragePlace,
    storage: FileStorage,
    into: Into,
    readOnly: boolean,
    tell: TellData,
    signal: AbortSignal,
  ): Promise<DataSource>;
  /** Takes the mounts below the folder of a launch away; nobody waits for what was written. */
  drop(folder: string): Promise<void>;
};

const MOUNTS = ".mounts";

/** How long the process of a mount may take to close what a run has left open: a file that was changed in part is first read whole. */
const CLOSE_MS = 120_000;
/** And where nobody waits for what was written. */
const DROP_MS = 2000;

const NOTHING_SENT: Sent = { files: 0, bytes: 0, faults: [] };

export function createMountCarrier({
  mounts,
  open,
  openFolder,
  folderOf,
}: MountCarrierOptions): MountCarrier {
  const mountOf = ({ key, name }: Into): string => join(folderOf(key), MOUNTS, name);

  /** One after another: each has a process that may take its time to end. */
  async function endAll(folder: string, closeMs: number): Promise<void> {
    const names = await readdir(join(folder, MOUNTS)).catch((error: unknown) => {
      if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
      throw error;
    });
    for (const name of names) await mounts.takeOff(join(folder, MOUNTS, name), closeMs);
  }

  /** What a mount left that is not shown any more, as after a start of the machine: its files go before it is made anew. */
  async function clear(into: Into, place: StoragePlace, tell: TellData, signal: AbortSignal): Promise<void> {
    const { faults } = await settle(into, place.called, async () => place, tell, signal);
    faults.forEach(tell);
    await onStorage("Removing data", () => removeTree(mountOf(into), signal));
  }

  const settle: DataCarrier["settle"] = async (into, called, place, tell, signal) => {
    const folder = mountOf(into);
    const ended = await mounts.takeOff(folder, CLOSE_MS, signal);
    const note = ended && (await readNote(folder));
    if (ended === undefined || note === undefined) return NOTHING_SENT;
    const early = faultsOf(ended, called);
    early.forEach(tell);
    const { root, file, readOnly } = note;
    if (readOnly || !(await isAnyWritten(folder, root))) return { ...NOTHING_SENT, faults: early };
    const to = await place();
    return wrapped(to, async () => {
      await using storage = await open(to);
      const target = file === undefined ? to.path : above(to.path);
      const what = { folder, root, target, called: to.called, openFolder };
      const sent = await sendWritten(what, storage, tell, signal);
      tell(`${sent.files} files, ${sent.bytes} bytes that were written last.`);
      return { ...sent, faults: [...early, ...sent.faults] };
    });
  };

  return {
    async fault({ storage, called }, inContainer) {
      const fault =
        (storage.kind === "registered" ? faultOfAzureMount(storage.section) : undefined) ??
        (await mounts.fault(inContainer));
      return fault === undefined
        ? undefined
        : `'${called}' is not on this machine, and it cannot be mounted here: ${fault}. Use as_download() for what is read, as_upload() for what is written.`;
    },
    async mount(place, storage, into, readOnly, tell, signal) {
      const shown = await mounts.shown(mountOf(into));
      if (shown !== undefined) return shown;
      if (!storage.remote) throw unreachable(`'${place.called}' cannot be mounted.`);
      await clear(into, place, tell, signal);
      // A key that is wrong, or a storage that is not there, is told in our own words, before there is a mount that hides them.
      const isFile = await lookAt(storage, place.path, signal);
      const source = await storage.remote(isFile ? above(place.path) : place.path, readOnly);
      const file = isFile ? basename(place.path) : undefined;
      return mounts.show(mountOf(into), { source, file, readOnly }, signal);
    },
    settle,
    cut: (key) => endAll(folderOf(key), 0),
    drop: (folder) => endAll(folder, DROP_MS),
  };
}

const above = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

function faultsOf({ end, words }: MountEnd, called: string): readonly string[] {
  const how = {
    leaving: undefined,
    forced: "did not answer any more, and was ended by force",
    died: "had ended by itself, and the run could not go on using it",
  }[end];
  return how === undefined ? [] : [`The mount of the datastore '${called}' ${how}${words && `: ${words}`}.`];
}

/** True for a single file. A place at which there is nothing is an empty folder. */
async function lookAt(storage: FileStorage, path: string, signal: AbortSignal): Promise<boolean> {
  return patiently(async () => {
    if (path !== "" && (await storage.find(path, signal)) !== undefined) return true;
    for await (const _ of storage.list(path, signal)) break;
    return false;
  }, signal);
}
