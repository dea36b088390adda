// The folder in which each launch of a driver has one of its own, on this machine.
import { constants } from "node:fs";
import { access, lstat, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Instant, isLaunchKey, isMalachiteError, type LaunchKey, MalachiteError } from "@malachite/core";
import { hasCode, makeTree, removeTree } from "../../../files/index.ts";
import { keysIn } from "../../shared/keysIn.ts";
import { moveToTrash } from "./moveToTrash.ts";

/** Its presence says that the disk with the runs is mounted: an empty mount point looks like "all runs are gone". */
const MARKER = ".malachite-runs";
const TRASH = ".trash";
/** Folders of launches that are being made; they get their name when they are whole. */
const MAKING = ".making";
/** One that was not finished by then never is. */
const MAKING_MS = 3600_000;

export type RunsRoot = AsyncDisposable & {
  readonly path: string;
  /** Where the folder of a launch is. Throws Unexpected for what is no launch key. */
  folder(key: LaunchKey): string;
  /** Makes the root, and does what `before` asks, once; the next call repeats it after a failure. */
  ready(): Promise<void>;
  /** Makes the folder of a launch: true when it was made now, false when it was there. */
  make(key: LaunchKey): Promise<boolean>;
  /**
   * Makes the folder of a launch whole, out of sight, before it has its name: of two servers, one of which has lost its lease and does
   * not know it, only one gets that, and the other writes into no folder of a run that runs. Throws EngineUnavailable for the other.
   */
  makeWhole(key: LaunchKey, make: (place: string) => Promise<void>): Promise<void>;
  /** Throws EngineUnavailable when the folder of the runs is not there at all. */
  assertPresent(): Promise<void>;
  /** See LaunchPlace. */
  keys(before: Instant): Promise<readonly LaunchKey[]>;
  /** Removes the folder of a launch: out of sight at once, then for good. Not there is success. */
  remove(key: LaunchKey): Promise<void>;
  /** What the disk or the system says in the work becomes EngineUnavailable; our own errors and an abort go through. */
  wrapped<T>(work: () => Promise<T>): Promise<T>;
};

/**
 * `path`: absolute. `before`: what must be done about the launches of an earlier service before the first of this one. Opens
 * nothing until asked.
 */
export function createRunsRoot(path: string, before: () => Promise<void> = async () => {}): RunsRoot {
  const trash = join(path, TRASH);
  const making = join(path, MAKING);
  const closing = new AbortController();
  let prepared: Promise<void> | undefined;
  let cleaning: Promise<void> = Promise.resolve();
  let serial = 0;

  async function prepare(): Promise<void> {
    await makeTree(path, 0o700);
    await writeFile(join(path, MARKER), "The runs of a Malachite service lie here.\n");
    await before();
    // What a crash left in the trash may be huge: nobody waits for it, and what is not done now is done next time.
    await mkdir(trash, { recursive: true });
    await mkdir(making, { recursive: true });
    cleaning = emptyTrash(await readdir(trash))
      .then(async () => removeUnfinished(await readdir(making)))
      .catch(() => {});
  }

  async function removeUnfinished(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { mtimeMs } = await lstat(join(making, name));
      if (mtimeMs < Date.now() - MAKING_MS) await removeTree(join(making, name), closing.signal);
    }
  }

  async function emptyTrash(names: readonly string[]): Promise<void> {
    for (const name of names) await removeTree(join(trash, name), closing.signal);
  }

  const folder = (key: LaunchKey): string => {
    if (isLaunchKey(key)) return join(path, key);
    throw new MalachiteError("Unexpected", `'${key}' is no launch key.`);
  };

  return {
    path,
    folder,
    ready() {
      prepared ??= prepare().catch((cause: unknown) => {
        prepared = undefined;
        throw unavailable(path, cause);
      });
      return prepared;
    },
    async make(key) {
      try {
        await mkdir(folder(key), { mode: 0o700 });
        return true;
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
        return false;
      }
    },
    async makeWhole(key, make) {
      const place = join(making, `${key}-${process.pid}-${Date.now()}-${serial++}`);
      try {
        await mkdir(place, { mode: 0o700 });
        await make(place);
        await rename(place, folder(key));
      } catch (error) {
        // What cannot be removed now is removed after a later start.
        await removeTree(place).catch(() => {});
        if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
        throw new MalachiteError("EngineUnavailable", `Another server is about to start ${key}.`);
      }
    },
    async assertPresent() {
      await lstat(join(path, MARKER)).catch((cause: unknown) => {
        throw unavailable(path, cause);
      });
    },
    keys: (before) => keysIn(path, before),
    async remove(key) {
      const name = `${key}-${process.pid}-${Date.now()}-${serial++}`;
      const moved = await moveToTrash(folder(key), trash, name);
      if (moved !== undefined) await removeTree(moved);
    },
    async wrapped(work) {
      try {
        return await work();
      } catch (error) {
        const isOfSystem = error instanceof Error && "code" in error && "syscall" in error;
        throw isMalachiteError(error) || !isOfSystem ? error : unavailable(path, error);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await cleaning;
    },
  };
}

/** The folders of a driver whose targets may each name another. */
export function createRunsRoots(): AsyncDisposable & { at(path: string): RunsRoot } {
  const roots = new Map<string, RunsRoot>();
  return {
    at(path) {
      const root = roots.get(path) ?? createRunsRoot(path);
      roots.set(path, root);
      return root;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...roots.values()].map((root) => root[Symbol.asyncDispose]()));
    },
  };
}

/** Wraps what the disk says of the folder of the runs. */
function unavailable(path: string, cause: unknown): MalachiteError {
  if (cause instanceof MalachiteError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MalachiteError("EngineUnavailable", `The folder of the runs, ${path}, cannot be used: ${why}`, {
    cause,
  });
}

/** Whether runs can be made in the folder; the reason if not. */
export async function faultOfRoot(root: RunsRoot): Promise<string | undefined> {
  try {
    await root.ready();
    await access(root.path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return isMalachiteError(error)
      ? error.message
      : `The folder of the runs cannot be used: ${(error as Error).message}.`;
  }
}
