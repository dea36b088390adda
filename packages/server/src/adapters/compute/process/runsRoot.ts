// The folder in which each launch has one of its own, and what a killed service may have left in it.
import { constants } from "node:fs";
import { access, lstat, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isLaunchKey, MalachiteError } from "@malachite/core";
import { removeTree } from "../../../files/index.ts";
import { moveToTrash } from "../shared/moveToTrash.ts";
import { type Cgroups, groupMembers, killGroup, removeGroups } from "./cgroups.ts";
import { LAUNCHER_MARK } from "./launcher.ts";
import { hasVariable, listProcesses } from "./processTable.ts";

/** Its presence says that the disk with the runs is mounted: an empty mount point looks like "all runs are gone". */
const MARKER = ".malachite-runs";
const TRASH = ".trash";
/** It may have hundreds of starts before it, a few milliseconds each. */
const OLD_LAUNCHER_PATIENCE_MS = 10_000;
const OLD_LAUNCHER_DEADLINE_MS = 15_000;

export type RunsRoot = AsyncDisposable & {
  readonly path: string;
  /** Where the folder of a launch is. */
  folder(key: string): string;
  /** Makes the root and ends what an earlier service left behind, once; the next call repeats it after a failure. */
  ready(): Promise<void>;
  /** Throws EngineUnavailable when the folder of the runs is not there at all. */
  assertPresent(): Promise<void>;
  /** Removes the folder of a launch: out of sight at once, then for good. Not there is success. */
  remove(key: string): Promise<void>;
};

/** `path`: absolute. Opens nothing until asked. */
export function createRunsRoot(path: string, cgroups: Cgroups): RunsRoot {
  const trash = join(path, TRASH);
  const closing = new AbortController();
  let prepared: Promise<void> | undefined;
  let cleaning: Promise<void> = Promise.resolve();
  let serial = 0;

  async function prepare(): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(join(path, MARKER), "The runs of a Malachite service lie here.\n");
    await awaitOldLaunchers(path);
    await removeStrayGroups(path, cgroups);
    // What a crash left in the trash may be huge: nobody waits for it, and what is not done now is done next time.
    await mkdir(trash, { recursive: true });
    cleaning = emptyTrash(await readdir(trash)).catch(() => {});
  }

  async function emptyTrash(names: readonly string[]): Promise<void> {
    for (const name of names) await removeTree(join(trash, name), closing.signal);
  }

  return {
    path,
    folder: (key) => join(path, key),
    ready() {
      prepared ??= prepare().catch((cause: unknown) => {
        prepared = undefined;
        throw unavailable(path, cause);
      });
      return prepared;
    },
    async assertPresent() {
      await lstat(join(path, MARKER)).catch((cause: unknown) => {
        throw unavailable(path, cause);
      });
    },
    async remove(key) {
      const name = `${key}-${process.pid}-${Date.now()}-${serial++}`;
      const moved = await moveToTrash(join(path, key), trash, name);
      if (moved !== undefined) await removeTree(moved);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await cleaning;
    },
  };
}

/** Wraps what the disk says of the folder of the runs. */
export function unavailable(path: string, cause: unknown): MalachiteError {
  if (cause instanceof MalachiteError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MalachiteError("EngineUnavailable", `The folder of the runs, ${path}, cannot be used: ${why}`, {
    cause,
  });
}

/** Whether runs can be made here; the reason if not. */
export async function faultOfRoot(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `The folder of the runs cannot be used: ${(error as Error).message}.`;
  }
}

/**
 * A launcher ends by itself when its service is gone, after it has started what it was asked before. Only then does "there is
 * no such launch" hold, so it is waited for. It is not killed unless it hangs: a child of it that is just becoming a start
 * script bears no mark for an instant, and nothing would tell that it is there.
 */
async function awaitOldLaunchers(path: string): Promise<void> {
  const begun = performance.now();
  for (;;) {
    const old = listProcesses().filter(
      (row) => row.parent !== process.pid && hasVariable(row.pid, LAUNCHER_MARK, path),
    );
    const passed = performance.now() - begun;
    if (old.length === 0) return;
    if (passed > OLD_LAUNCHER_DEADLINE_MS) {
      throw new Error(`the launcher of an earlier service (pid ${old[0]?.pid}) does not end`);
    }
    if (passed > OLD_LAUNCHER_PATIENCE_MS) for (const { pid } of old) forceEnd(pid);
    await pause(2);
  }
}

function forceEnd(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Groups of launches whose folder is gone: a crash in the middle of a release. */
async function removeStrayGroups(path: string, cgroups: Cgroups): Promise<void> {
  const keys = cgroups.keys();
  if (keys.length === 0) return;
  const present = new Set(await readdir(path));
  for (const key of keys) {
    if (!isLaunchKey(key) || present.has(key)) continue;
    const group = cgroups.of(key);
    for (const directory of group) if (!killGroup(directory)) groupMembers(directory).forEach(forceEnd);
    await removeGroups(group);
  }
}
