// Control groups of runs: finds what this machine allows, makes one group a launch, ends and removes it. Knows no run.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** The groups that one launch gets: directories whose `cgroup.procs` the command joins. The first one tells the members. */
export type Group = readonly string[];

export type Cgroups = {
  /** Whether a memory limit is enforced here; if not, why, and what would help. */
  readonly memory: { readonly usable: true } | { readonly usable: false; readonly reason: string };
  /** Makes the groups of a launch; may be repeated. Empty where the machine has none. Throws what the kernel says. */
  create(key: string, limits: { readonly memoryMiB?: number }): Group;
  /**
   * Makes the join of a command that starts within the next milliseconds quick; never throws, nobody need wait for it.
   * The first move of a process after a pause waits 10 to 20 ms for the kernel (it makes all processors agree that no fork is
   * under way); a second one meanwhile shares that wait. So this process is moved to where it is, while the command starts.
   */
  warm(): void;
  /** Removes the parent group if no launch is left in it: a service that ends leaves nothing behind. */
  close(): void;
  /** Keys that have a group here, also such as an earlier service left. */
  keys(): string[];
  /** The groups that `create` makes for the key. */
  of(key: string): Group;
};

/** Nothing to put a run into: its processes are found by scan, and no limit is enforced. */
export const noCgroups = (reason: string): Cgroups => ({
  memory: { usable: false, reason },
  create: () => [],
  warm: () => {},
  close: () => {},
  keys: () => [],
  of: () => [],
});

/**
 * Finds where this process may make groups, below its own place so that limits set on the service hold for its runs.
 * Version 2 with controllers, a version 1 memory tree beside a version 2 tree (hybrid), or none. `folder` is the folder of the
 * runs: the parent group bears a name made from it. Leaves nothing behind. `mount` and `self` are for tests.
 */
export function detectCgroups(
  folder: string,
  { mount = "/sys/fs/cgroup", self = "/proc/self/cgroup" }: { mount?: string; self?: string } = {},
): Cgroups {
  const found = tryPlaces(folder, mount, self);
  // Making the parent was the test of whether it can be made; `create` makes it again.
  found.close();
  return found;
}

function tryPlaces(folder: string, mount: string, self: string): Cgroups {
  const name = `malachite-${createHash("sha256").update(folder).digest("hex").slice(0, 12)}`;
  const lines = readLines(self).map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const placeOf = (controller: string) =>
    lines.find((line) => line?.[1]?.split(",").includes(controller))?.[2];
  const unified = placeOf("");
  if (isVersion2(mount) && unified !== undefined) return inVersion2(mount, unified, name);
  const killable = unified === undefined ? undefined : makeParent(join(mount, "unified", unified), name);
  const memoryPlace = placeOf("memory");
  const limited =
    memoryPlace === undefined ? undefined : makeParent(join(mount, "memory", memoryPlace), name);
  const parents = [killable, limited].filter((parent) => parent !== undefined);
  if (parents.length === 0)
    return noCgroups("This machine has no control groups that the service may write.");
  return cgroupsIn(
    join(parents[0] ?? mount, ".."),
    parents,
    limited === undefined
      ? { usable: false, reason: "The service may not write the memory control group of this machine." }
      : { usable: true, set: (group, bytes) => limitVersion1(join(limited, group), bytes) },
  );
}

type MemoryLimit =
  | {
      readonly usable: true;
      readonly set: (key: string, bytes: number) => void;
      /** What the parent needs each time it is made. */
      readonly prepare?: () => void;
    }
  | { readonly usable: false; readonly reason: string };

/** `place`: where this process itself is, for `warm`. */
function cgroupsIn(place: string, parents: readonly string[], memory: MemoryLimit): Cgroups {
  let warming = false;
  const of = (key: string): Group => parents.map((parent) => join(parent, key));
  return {
    memory: memory.usable ? { usable: true } : memory,
    of,
    create(key, { memoryMiB }) {
      const group = of(key);
      for (const parent of parents) {
        const made = mkdirSync(parent, { recursive: true });
        if (made !== undefined && memory.usable) memory.prepare?.();
      }
      for (const directory of group) mkdirSync(directory, { recursive: true });
      if (memoryMiB !== undefined) {
        if (!memory.usable) throw new Error(memory.reason);
        memory.set(key, memoryMiB * 1024 * 1024);
      }
      return group;
    },
    warm() {
      if (warming) return;
      warming = true;
      const done = (): void => {
        warming = false;
      };
      // Refused where the service may not write its own group: then it is not quick.
      writeFile(join(place, "cgroup.procs"), String(process.pid)).then(done, done);
    },
    close() {
      for (const parent of parents) removeIfEmpty(parent);
    },
    keys: () => [...new Set(parents.flatMap(subgroups))],
  };
}

function inVersion2(mount: string, own: string, name: string): Cgroups {
  // A group that holds processes cannot hand controllers down. So if the service sits in a leaf, its neighbourhood is tried.
  const places = [join(mount, own), ...(own === "/" ? [] : [join(mount, own, "..")])];
  let plain: string | undefined;
  for (const place of places) {
    const parent = makeParent(place, name);
    if (parent === undefined) continue;
    if (handsDownMemory(place) && handsDownMemory(parent)) {
      return cgroupsIn(join(mount, own), [parent], {
        usable: true,
        set: (key, bytes) => limitVersion2(join(parent, key), bytes),
        prepare: () => handsDownMemory(parent),
      });
    }
    if (plain === undefined) plain = parent;
    else removeIfEmpty(parent);
  }
  const reason =
    "The control group of the service hands no memory controller down, because it holds processes or is not its own. " +
    "Under systemd: Delegate=yes and DelegateSubgroup=service.";
  return plain === undefined
    ? noCgroups(reason)
    : cgroupsIn(join(mount, own), [plain], { usable: false, reason });
}

const isVersion2 = (mount: string): boolean => readLines(join(mount, "cgroup.controllers")).length > 0;

function handsDownMemory(place: string): boolean {
  const control = join(place, "cgroup.subtree_control");
  if (readLines(control).some((line) => line.split(" ").includes("memory"))) return true;
  try {
    writeFileSync(control, "+memory");
    return true;
  } catch {
    // EBUSY: it holds processes. EACCES: not ours. ENOENT: no such controller.
    return false;
  }
}

function makeParent(place: string, name: string): string | undefined {
  const parent = join(place, name);
  try {
    mkdirSync(parent, { recursive: true });
    return parent;
  } catch {
    // Not there, read-only or not ours: the machine allows no group here, which is an answer and no fault.
    return undefined;
  }
}

function limitVersion2(directory: string, bytes: number): void {
  writeFileSync(join(directory, "memory.max"), String(bytes));
  writeOptional(join(directory, "memory.swap.max"), "0");
}

function limitVersion1(directory: string, bytes: number): void {
  writeFileSync(join(directory, "memory.limit_in_bytes"), String(bytes));
  writeOptional(join(directory, "memory.memsw.limit_in_bytes"), String(bytes));
}

/** Swap is not accounted on every kernel; where it is, a limit on memory alone would only move the run into swap. */
function writeOptional(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "r+" });
  } catch {
    // No swap accounting here.
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").trim().split("\n");
  } catch {
    // Not there: an empty answer says just that.
    return [];
  }
}

function subgroups(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    // Already removed.
    return [];
  }
}

/** Process ids in the group and in groups that the run made below it. A group that is gone has none. */
export function groupMembers(directory: string): number[] {
  const own = readLines(join(directory, "cgroup.procs")).filter(Boolean).map(Number);
  return own.concat(subgroups(directory).flatMap((name) => groupMembers(join(directory, name))));
}

/** Kills all in the group in one stroke, forks in flight too. False where the kernel has no such file. */
export function killGroup(directory: string): boolean {
  try {
    writeFileSync(join(directory, "cgroup.kill"), "1", { flag: "r+" });
    return true;
  } catch {
    // Version 1, or a kernel before 5.14: the caller signals the members one by one.
    return false;
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Launches are left in it, for the next service.
  }
}

const GONE_WITHIN_MS = 2000;

/**
 * Removes the groups of a launch with those that the run made below. Waits a moment for the kernel to take leave of what was
 * just killed in them; false when a group still counts something after that.
 */
export async function removeGroups(group: Group): Promise<boolean> {
  for (const begun = performance.now(); ; await pause(3)) {
    // All of them in each round, not just those up to the first that stays.
    if (group.map(removeGroup).every(Boolean)) return true;
    if (performance.now() - begun > GONE_WITHIN_MS) return false;
  }
}

function removeGroup(directory: string): boolean {
  for (const name of subgroups(directory)) removeGroup(join(directory, name));
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
