// The run folder of an engine that runs on this machine: lists, reads and follows files that a hostile program may be changing.
import { lstatSync, unlinkSync, watch } from "node:fs";
import { join } from "node:path";
import {
  type FileLook,
  isMalachiteError,
  MalachiteError,
  type OpenFile,
  type RunFolder,
} from "@malachite/core";
import { type OpenFolder, openFileOf, readRange } from "../../../files/index.ts";
import { HELD, HELD_LIMITS, type HeldLimits, holdFiles } from "./heldFiles.ts";
import { openFileInside, openFolderOf, openSubfolder, segmentsOf } from "./openInside.ts";
import { fileIn, MAX_DEPTH, namesIn } from "./readFolder.ts";

/** How often a followed file is looked at where the system does not tell of changes, as on network file systems. */
const LOOK_EVERY_MS = 250;

/** `root` is the absolute path of the run's folder. Opens nothing until asked. Troubles of the disk are EngineUnavailable. */
export function createLocalRunFolder(root: string, limits: HeldLimits = HELD_LIMITS): Required<RunFolder> {
  const handleOf = async (path: string) =>
    (await openFileInside(root, path)) ?? (await openFileInside(root, `${HELD}/${path}`));
  const open = async (path: string): Promise<OpenFile | undefined> => {
    const handle = await handleOf(path).catch(unreadable(path));
    return handle && openFileOf(handle);
  };
  return {
    list: (under) => list(root, under.replace(/\/+$/, "")),
    open,
    async *read(path, from = 0) {
      const handle = await handleOf(path).catch(unreadable(path));
      if (handle === undefined)
        throw new MalachiteError("ArtifactNotFound", `The run has no file ${path}.`, { target: path });
      try {
        // The end as it is now: a log that grows faster than it is read would never end.
        yield* readRange(handle, from);
      } catch (error) {
        unreadable(path)(error);
      }
    },
    async size(path) {
      await using file = await open(path);
      return (await file?.look())?.sizeBytes;
    },
    changes: (path, signal) => changes(root, path, signal),
    localPath: (path) => localPath(root, path),
    hold: async (under) => ({
      dropped: await holdFiles(root, under.replace(/\/+$/, ""), limits).catch(unreadable(under)),
    }),
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

type Listed = { readonly path: string } & FileLook;

async function* list(root: string, under: string): AsyncGenerator<Listed> {
  const segments = under === "" ? [] : under.split("/");
  const there = await openFolderOf(root, under).catch(unreadable(under));
  const held = await openFolderOf(root, [HELD, ...segments].join("/")).catch(unreadable(under));
  yield* listFolders(there, held, segments);
}

/** What is in the folder, and what is held on to of it and has gone. Closes both. */
async function* listFolders(
  there: OpenFolder | undefined,
  held: OpenFolder | undefined,
  segments: readonly string[],
): AsyncGenerator<Listed> {
  const where = segments.join("/");
  try {
    const now = there === undefined ? NOTHING : await namesIn(there).catch(unreadable(where));
    const before = held === undefined ? NOTHING : await namesIn(held).catch(unreadable(where));
    const taken = new Set<string>();
    for (const [folder, { files }] of [
      [there, now],
      [held, before],
    ] as const) {
      for (const name of files) {
        if (folder === undefined || taken.has(name)) continue;
        const file = await fileIn(folder, name).catch(unreadable(where));
        if (file === undefined || (folder === held && now.folders.includes(name))) continue;
        taken.add(name);
        const { names: _, ...look } = file;
        yield { path: [...segments, name].join("/"), ...look };
      }
    }
    if (segments.length >= MAX_DEPTH) return;
    for (const name of new Set([...now.folders, ...before.folders])) {
      if (taken.has(name) || (segments.length === 0 && name === HELD)) continue;
      const below = there && (await openSubfolder(there, name).catch(unreadable(where)));
      const heldBelow = held && (await openSubfolder(held, name).catch(unreadable(where)));
      if (below || heldBelow) yield* listFolders(below, heldBelow, [...segments, name]);
    }
  } finally {
    await there?.[Symbol.asyncDispose]();
    await held?.[Symbol.asyncDispose]();
  }
}

const NOTHING = { files: [], folders: [] } as const satisfies Awaited<ReturnType<typeof namesIn>>;

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
  let last = "";
  let watched: number | undefined;
  const look = setInterval(() => {
    const file = regular(root, path);
    const now = file === undefined ? "" : `${file.ino} ${file.size} ${file.mtimeMs}`;
    if (now !== last) tell();
    last = now;
    if (file === undefined || (watcher !== undefined && watched === file.ino)) return;
    // The file was not there yet, another one has taken its place, or the system ran out of watches for a while.
    watcher?.close();
    watcher = watchFile(join(root, ...segments), tell);
    watched = file.ino;
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

/**
 * Only of a file that has no other name: whoever takes it away must not share it with anybody. The second name that we have given
 * it goes. Ask when the run has ended.
 */
function localPath(root: string, path: string): string | undefined {
  try {
    const twin = regular(root, `${HELD}/${path}`);
    const file = regular(root, path);
    if (file === undefined) return twin?.nlink === 1 ? join(root, HELD, path) : undefined;
    if (twin?.ino === file.ino && twin.dev === file.dev) unlinkSync(join(root, HELD, path));
    return regular(root, path)?.nlink === 1 ? join(root, path) : undefined;
  } catch {
    // Not to be reached without the checks of `read`: let the caller read it.
    return undefined;
  }
}
