// What a killed service may have left of the process driver: a launcher that still starts, and groups of launches that are gone.
import { readdir, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { isLaunchKey } from "@malachite/core";
import { type Cgroups, groupMembers, killGroup, removeGroups } from "./cgroups.ts";
import { LAUNCHER_MARK, LAUNCHER_PARENT } from "./launcher.ts";
import { hasVariable, listProcesses } from "./processTable.ts";

/** It may have hundreds of starts before it, a few milliseconds each. */
const OLD_LAUNCHER_PATIENCE_MS = 10_000;
const OLD_LAUNCHER_DEADLINE_MS = 15_000;

/** A group of another server's launch may be there before its folder. */
const STRAY_AFTER_MS = 3600_000;

/** Ends it, before the first launch in the folder of the runs. `shared`: other servers may be at work there, and theirs is left alone. */
export async function endLeftovers(path: string, cgroups: Cgroups, shared = false): Promise<void> {
  await awaitOldLaunchers(path);
  await removeStrayGroups(path, cgroups, shared ? Date.now() - STRAY_AFTER_MS : Number.POSITIVE_INFINITY);
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
      ({ pid, parent }) =>
        hasVariable(pid, LAUNCHER_MARK, path) &&
        // Whose service is alive ends with that.
        !hasVariable(pid, LAUNCHER_PARENT, String(parent)),
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
async function removeStrayGroups(path: string, cgroups: Cgroups, before: number): Promise<void> {
  const keys = cgroups.keys();
  if (keys.length === 0) return;
  const present = new Set(await readdir(path));
  for (const key of keys) {
    if (!isLaunchKey(key) || present.has(key)) continue;
    const group = cgroups.of(key);
    if (!(await isOlder(group, before))) continue;
    for (const directory of group) if (!killGroup(directory)) groupMembers(directory).forEach(forceEnd);
    await removeGroups(group);
  }
}

async function isOlder([directory]: readonly string[], before: number): Promise<boolean> {
  if (before === Number.POSITIVE_INFINITY || directory === undefined) return true;
  const made = await stat(directory).catch(() => undefined);
  return made !== undefined && made.mtimeMs < before;
}
