// Control groups of runs: finds what this machine allows, makes one group a launch, ends and removes it. Knows no run.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** The groups that one launch gets: directories whose `cgroup.procs` the command joins. The first one tells the members. */
export type Group = readonly string[];

/** Whether a limit is enforced here; if not, why, and what would help. */
export type Enforced = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/** Of all processes of a run together. */
export type Limits = {
  readonly memoryMiB?: number;
  /** Processors, as time of one: 0.5 is half of one's time. */
  readonly cpus?: number;
};

export type Cgroups = {
  readonly memory: Enforced;
  readonly cpu: Enforced;
  /** Makes the groups of a launch; may be repeated. Empty where the machine has none. Throws what the kernel says. */
  create(key: string, limits: Limits): Group;
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
  /** The groups that `create` may have made for the key. */
  of(key: string): Group;
};

/** Nothing to put a run into: its processes are found by scan, and no limit is enforced. */
export const noCgroups = (reason: string): Cgroups => ({
  memory: { usable: false, reason },
  cpu: { usable: false, reason },
  create: () => [],
  warm: () => {},
  close: () => {},
  keys: () => [],
  of: () => [],
});

/**
 * Finds where this process may make groups, below its own place so that limits set on the service hold for its runs.
 * Version 2 with controllers, version 1 trees for memory and processors beside a version 2 tree (hybrid), or none. `folder` is the folder of the
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
  const inTree = (controller: Controller): string | undefined => {
    const place = placeOf(controller);
    // A tree that is not mounted here must not become a plain folder.
    const isMounted = place !== undefined && existsSync(join(mount, controller));
    return isMounted ? makeParent(join(mount, controller, place), name) : undefined;
  };
  const memory = inTree("memory");
  const cpu = inTree("cpu");
  const parents = [killable, memory].filter((parent) => parent !== undefined);
  if (parents.length === 0) {
    if (cpu !== undefined) removeIfEmpty(cpu);
    return noCgroups("This machine has no control groups that the service may write.");
  }
  return cgroupsIn(join(parents[0] ?? mount, ".."), parents, {
    memory:
      memory === undefined
        ? notWritable("memory")
        : { usable: true, parent: memory, set: limitMemoryVersion1 },
    cpu: cpu === undefined ? notWritable("cpu") : { usable: true, parent: cpu, set: limitCpuVersion1 },
  });
}

type Controller = "memory" | "cpu";
type Limit =
  /** `parent`: where the group is that it is set on. */
  | {
      readonly usable: true;
      readonly parent: string;
      readonly set: (directory: string, amount: number) => void;
    }
  | { readonly usable: false; readonly reason: string };
type LimitsHere = {
  readonly memory: Limit;
  readonly cpu: Limit;
  /** What the parents need each time they are made. */
  readonly prepare?: () => void;
};

const notWritable = (controller: Controller): Limit => ({
  usable: false,
  reason: `The service may not write the ${controller} control group of this machine.`,
});

const enforced = (limit: Limit): Enforced =>
  limit.usable ? { usable: true } : { usable: false, reason: limit.reason };

/** `place`: where this process itself is, for `warm`. */
function cgroupsIn(place: string, parents: readonly string[], { memory, cpu, prepare }: LimitsHere): Cgroups {
  let warming = false;
  // A tree that is only for limits is joined by runs that have one.
  const all = [...new Set([...parents, ...(cpu.usable ? [cpu.parent] : [])])];
  const of = (key: string): Group => all.map((parent) => join(parent, key));
  const limit = (key: string, what: Limit, amount: number | undefined): void => {
    if (amount === undefined) return;
    if (!what.usable) throw new Error(what.reason);
    what.set(join(what.parent, key), amount);
  };
  return {
    memory: enforced(memory),
    cpu: enforced(cpu),
    of,
    create(key, { memoryMiB, cpus }) {
      const needed = cpus === undefined ? parents : all;
      for (const parent of needed) if (mkdirSync(parent, { recursive: true }) !== undefined) prepare?.();
      const group = needed.map((parent) => join(parent, key));
      for (const directory of group) mkdirSync(directory, { recursive: true });
      limit(key, memory, memoryMiB === undefined ? undefined : memoryMiB * 1024 * 1024);
      limit(key, cpu, cpus);
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
      for (const parent of all) removeIfEmpty(parent);
    },
    keys: () => [...new Set(all.flatMap(subgroups))],
  };
}

const CONTROLLERS: readonly Controller[] = ["memory", "cpu"];

function inVersion2(mount: string, own: string, name: string): Cgroups {
  // A group that holds processes cannot hand controllers down. So if the service sits in a leaf, its neighbourhood is tried.
  const places = [join(mount, own), ...(own === "/" ? [] : [join(mount, own, "..")])];
  let best: { readonly parent: string; readonly handed: readonly Controller[] } | undefined;
  for (const place of places) {
    if (best?.handed.length === CONTROLLERS.length) break;
    const parent = makeParent(place, name);
    if (parent === undefined) continue;
    const handed = CONTROLLERS.filter((one) => handsDown(place, one) && handsDown(parent, one));
    if (best !== undefined && handed.length <= best.handed.length) {
      removeIfEmpty(parent);
      continue;
    }
    if (best !== undefined) removeIfEmpty(best.parent);
    best = { parent, handed };
  }
  if (best === undefined) return noCgroups(reasonOf("memory"));
  const { parent, handed } = best;
  const limitOf = (controller: Controller, set: (directory: string, amount: number) => void): Limit =>
    handed.includes(controller)
      ? { usable: true, parent, set }
      : { usable: false, reason: reasonOf(controller) };
  return cgroupsIn(join(mount, own), [parent], {
    memory: limitOf("memory", limitMemoryVersion2),
    cpu: limitOf("cpu", limitCpuVersion2),
    prepare: () => {
      for (const controller of handed) handsDown(parent, controller);
    },
  });
}

const reasonOf = (controller: Controller): string =>
  `The control group of the service hands no ${controller} controller down, because it holds processes or is not its own. ` +
  "Under systemd: Delegate=yes and DelegateSubgroup=service.";

const isVersion2 = (mount: string): boolean => readLines(join(mount, "cgroup.controllers")).length > 0;

function handsDown(place: string, controller: Controller): boolean {
  const control = join(place, "cgroup.subtree_control");
  if (readLines(control).some((line) => line.split(" ").includes(controller))) return true;
  try {
    writeFileSync(control, `+${controller}`);
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

function limitMemoryVersion2(directory: string, bytes: number): void {
  writeFileSync(join(directory, "memory.max"), String(bytes));
  writeOptional(join(directory, "memory.swap.max"), "0");
}

function limitMemoryVersion1(directory: string, bytes: number): void {
  writeFileSync(join(directory, "memory.limit_in_bytes"), String(bytes));
  writeOptional(join(directory, "memory.memsw.limit_in_bytes"), String(bytes));
}

/** The span of time in which a run may use its share; the kernel's own default. */
const PERIOD_US = 100_000;

const quotaOf = (cpus: number): number => Math.max(1000, Math.round(cpus * PERIOD_US));

function limitCpuVersion2(directory: string, cpus: number): void {
  writeFileSync(join(directory, "cpu.max"), `${quotaOf(cpus)} ${PERIOD_US}`);
}

function limitCpuVersion1(directory: string, cpus: number): void {
  writeFileSync(join(directory, "cpu.cfs_period_us"), String(PERIOD_US));
  try {
    writeFileSync(join(directory, "cpu.cfs_quota_us"), String(quotaOf(cpus)));
  } catch (error) {
    // More than the service itself has: then that holds for the run too, and the kernel takes no more.
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
  }
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

/** Stops all in the group, or lets them go on. False where the kernel has no such file. */
export function freezeGroup(directory: string, frozen: boolean): boolean {
  try {
    writeFileSync(join(directory, "cgroup.freeze"), frozen ? "1" : "0", { flag: "r+" });
    return true;
  } catch {
    // Version 1, or a kernel before 5.2: the caller stops the members one by one.
    return false;
  }
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
