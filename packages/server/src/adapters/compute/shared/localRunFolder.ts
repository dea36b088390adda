// The run folder of an engine that runs on this machine: lists, reads and follows files that a hostile program may be changing.
import { lstatSync, watch } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isMalachiteError, MalachiteError, type RunFolder } from "@malachite/core";
import type { OpenFolder } from "../../../files/index.ts";
import { isAbsent, openFileInside, openFolderOf, openSubfolder, segmentsOf } from "./openInside.ts";

const CHUNK_BYTES = 256 * 1024;
/** How often a followed file is looked at where the system does not tell of changes, as on network file systems. */
const LOOK_EVERY_MS = 250;
/** Deeper folders are not listed: each level holds a descriptor while it is walked. */
const MAX_DEPTH = 200;

/** `root` is the absolute path of the run's folder. Opens nothing until asked. Troubles of the disk are EngineUnavailable. */
export function createLocalRunFolder(root: string): RunFolder {
  return {
    list: (under) => list(root, under.replace(/\/+$/, "")),
    read: (path, from = 0) => read(root, path, from),
    async size(path) {
      const file = await openFileInside(root, path).catch(unreadable(path));
      if (file === undefined) return undefined;
      try {
        return (await file.stat()).size;
      } finally {
        await file.close();
      }
    },
    changes: (path, signal) => changes(root, path, signal),
    localPath: (path) => localPath(root, path),
  };
}

const unreadable =
  (path: string) =>
  (cause: unknown): never => {
    if (isMalachiteError(cause)) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MalachiteError("EngineUnavailable", `The file ${path} of the run could not be read: ${why}`, {
      cause,
    });
  };

async function* list(root: string, under: string): AsyncGenerator<{ path: string; sizeBytes: number }> {
  const start = await openFolderOf(root, under).catch(unreadable(under));
  if (start !== undefined) yield* listFolder(start, under === "" ? [] : under.split("/"));
}

async function* listFolder(
  folder: OpenFolder,
  segments: readonly string[],
): AsyncGenerator<{ path: string; sizeBytes: number }> {
  const where = segments.join("/");
  try {
    const entries = await readdir(folder.path, {
      withFileTypes: true,
      encoding: "buffer",
    }).catch((error: unknown) => (isAbsent(error) ? [] : unreadable(where)(error)));
    for (const entry of entries) {
      const name = nameOf(entry.name);
      if (name === undefined) continue;
      const path = [...segments, name].join("/");
      if (entry.isDirectory() && segments.length < MAX_DEPTH) {
        const below = await openSubfolder(folder, name).catch(unreadable(path));
        if (below !== undefined) yield* listFolder(below, [...segments, name]);
      } else if (entry.isFile()) {
        const asked = lstat(folder.at(name));
        const status = await asked.catch((error) => (isAbsent(error) ? undefined : unreadable(path)(error)));
        if (status?.isFile()) yield { path, sizeBytes: status.size };
      }
    }
  } finally {
    await folder[Symbol.asyncDispose]();
  }
}

/** A name that is not UTF-8 cannot be a path of an artifact; such files stay where they are and are not listed. */
function nameOf(bytes: Buffer): string | undefined {
  const name = bytes.toString("utf8");
  return Buffer.from(name, "utf8").equals(bytes) ? name : undefined;
}

async function* read(root: string, path: string, from: number): AsyncGenerator<Uint8Array> {
  const file = await openFileInside(root, path).catch(unreadable(path));
  if (file === undefined)
    throw new MalachiteError("ArtifactNotFound", `The run has no file ${path}.`, { target: path });
  try {
    // The end as it is now: a log that grows faster than it is read would never end.
    const end = (await file.stat()).size;
    for (let at = from; at < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      // Cut short meanwhile.
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    unreadable(path)(error);
  } finally {
    await file.close();
  }
}

async function* changes(root: string, path: string, signal: AbortSignal): AsyncGenerator<void> {
  const segments = segmentsOf(path);
  if (segments === undefined) return;
  let news = true;
  let wake = (): void => {};
  const tell = (): void => {
    news = true;
    wake();
  };
  let watcher = watchFile(join(root, ...segments), tell);
  let last = -1;
  const look = setInterval(() => {
    const now = regular(root, path)?.size ?? -1;
    if (now !== last) tell();
    last = now;
    // The file was not there yet, or the system ran out of watches for a while.
    if (now >= 0) watcher ??= watchFile(join(root, ...segments), tell);
  }, LOOK_EVERY_MS);
  signal.addEventListener("abort", tell, { once: true });
  try {
    while (!signal.aborted) {
      if (!news) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      news = false;
      yield;
    }
  } finally {
    clearInterval(look);
    watcher?.close();
    signal.removeEventListener("abort", tell);
  }
}

/** Undefined where the file cannot be watched: the regular look finds the change instead. */
function watchFile(path: string, tell: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(path, { persistent: false }, tell);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    // Not there yet, or no watches left (ENOSPC).
    return undefined;
  }
}

/** The file's status, if neither it nor a folder on the way is a link. */
function regular(root: string, path: string) {
  const segments = segmentsOf(path);
  if (segments === undefined) return undefined;
  let at = root;
  for (const [depth, name] of segments.entries()) {
    at = join(at, name);
    const status = lstatSync(at, { throwIfNoEntry: false });
    const isLast = depth === segments.length - 1;
    if (status === undefined || !(isLast ? status.isFile() : status.isDirectory())) return undefined;
    if (isLast) return status;
  }
  return undefined;
}

/** Only of a file that has no second name: whoever takes it away must not share it with anybody. Ask when the run has ended. */
function localPath(root: string, path: string): string | undefined {
  try {
    return regular(root, path)?.nlink === 1 ? join(root, path) : undefined;
  } catch {
    // Not to be reached without the checks of `read`: let the caller read it.
    return undefined;
  }
}
