// Sends what a run has written into a mount and what its process has not sent, by the same way as uploads. The mount is gone by then.
import { join } from "node:path";
import type { RunFolder, Sent, TellData } from "@malachite/core";
import type { FileStorage } from "../fileStorage.ts";
import { type SentFolder, upload } from "../upload.ts";
import { PLACES } from "./rcloneMount.ts";
import { bytesOf, forgetWritten, type WrittenFile, writtenFiles } from "./writtenFiles.ts";

const MOST_FAULTS = 100;

type Sender = {
  /** The mount's folder, and what it was made of. */
  readonly folder: string;
  readonly root: readonly string[];
  /** The folder of the storage that was mounted. */
  readonly target: string;
  readonly called: string;
  readonly openFolder: (path: string) => RunFolder;
};

/** True when there is something to send, or to tell of. */
export async function isAnyWritten(folder: string, root: readonly string[]): Promise<boolean> {
  for await (const _ of writtenFiles(join(folder, PLACES.cache), root)) return true;
  return false;
}

/** What has been sent is not sent again when this is repeated. */
export async function sendWritten(
  { folder, root, target, called, openFolder }: Sender,
  storage: FileStorage,
  tell: TellData,
  signal: AbortSignal,
): Promise<Sent> {
  const cache = join(folder, PLACES.cache);
  const faults: string[] = [];
  const byPath = new Map<string, WrittenFile>();
  const folders = new Map<string, RunFolder>();
  const folderOf = (remote: string): RunFolder => {
    const known = folders.get(remote) ?? openFolder(bytesOf(cache, remote, root));
    folders.set(remote, known);
    return known;
  };
  const of = (path: string): RunFolder => folderOf(byPath.get(path)?.remote ?? "");
  const fault = (path: string, why: string): void => {
    tell(`not sent: ${path}: ${why}`);
    if (faults.length < MOST_FAULTS)
      faults.push(`The file '${path}' was not sent to the datastore '${called}': ${why}.`);
  };
  const written: SentFolder = {
    async *list() {
      for await (const file of writtenFiles(cache, root)) {
        const sizeBytes = file.isPartial ? undefined : await folderOf(file.remote).size(file.path);
        if (file.isPartial)
          fault(
            target === "" ? file.path : `${target}/${file.path}`,
            "it was changed in part, and the mount ended before the rest of it was read from the datastore",
          );
        if (sizeBytes === undefined) continue;
        byPath.set(file.path, file);
        yield { path: file.path, sizeBytes };
      }
    },
    read: (path: string, from?: number) => of(path).read(path, from),
    size: async () => undefined,
  };
  const noting: FileStorage = {
    ...storage,
    async write(path, content, overwrite, stop) {
      const done = await storage.write(path, content, overwrite, stop);
      const relative = target === "" ? path : path.slice(target.length + 1);
      const file = byPath.get(relative);
      if (file !== undefined) await forgetWritten(cache, root, file);
      byPath.delete(relative);
      return done;
    },
  };
  const ask = { overwrite: true, globs: [] };
  const sent = await upload({ folder: written, under: "" }, noting, target, called, ask, tell, signal);
  return { ...sent, faults: [...faults, ...sent.faults] };
}
