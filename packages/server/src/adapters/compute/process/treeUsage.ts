// What the processes of a launch use together: as its control group has counted it, else summed up over /proc. Linux only; never
// throws for what has just ended. The kernel's small files are read in place: they wait for no disk, and a way through the thread pool costs
// ten times as much. So a launch takes a fraction of a millisecond, and the caller lets others on between two.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { groupMembers } from "./cgroups.ts";
import type { ProcessRow } from "./processTable.ts";

/** Clock ticks of /proc a second: the same on every Linux that there is. */
const TICKS = 100;

export type TreeUsage = {
  readonly pids: readonly number[];
  /** What the control group allows at most; absent without a limit. */
  readonly cpus?: number;
  readonly memoryLimitBytes?: number;
  readonly cpuMs?: number;
  readonly memoryBytes?: number;
  readonly readBytes?: number;
  readonly writtenBytes?: number;
};

/** Of a launch with control groups, the first of which tells its members; `family` is asked for where there are none. */
export async function treeUsage(
  group: readonly string[],
  script: number,
  family: () => readonly ProcessRow[],
): Promise<TreeUsage | undefined> {
  const [first] = group;
  const pids = first === undefined ? descendants(script, family()) : groupMembers(first);
  if (pids.length === 0) return undefined;
  const counted = cpuOfGroup(group);
  const memory = memoryOfGroup(group);
  const all = pids.map(processUsage);
  const cpuMs = counted ?? sumOf(all.map((one) => one.cpuMs));
  return {
    pids,
    ...limitsOf(group),
    ...given("cpuMs", cpuMs),
    ...given("memoryBytes", memory ?? (await memoryOf(pids))),
    ...given("readBytes", sumOf(all.map((one) => one.readBytes))),
    ...given("writtenBytes", sumOf(all.map((one) => one.writtenBytes))),
  };
}

/** Processes below the start script, and whoever shares a session with one of them. The script itself is not counted. */
function descendants(script: number, family: readonly ProcessRow[]): number[] {
  const own = new Set([script]);
  const sessions = new Set<number>();
  for (let before = -1; before !== own.size + sessions.size; ) {
    before = own.size + sessions.size;
    for (const row of family) {
      if (own.has(row.pid)) {
        if (row.pid !== script) sessions.add(row.session);
      } else if (own.has(row.parent) || sessions.has(row.session)) own.add(row.pid);
    }
  }
  own.delete(script);
  return [...own];
}

function cpuOfGroup(group: readonly string[]): number | undefined {
  for (const directory of group) {
    const used = /^usage_usec (\d+)$/m.exec(textOf(join(directory, "cpu.stat")));
    if (used) return Number(used[1]) / 1000;
  }
  return undefined;
}

/** Without the pages of files that are only remembered: they go when anybody needs the room. */
function memoryOfGroup(group: readonly string[]): number | undefined {
  for (const directory of group) {
    for (const [all, cached] of [
      ["memory.current", "inactive_file"],
      ["memory.usage_in_bytes", "total_inactive_file"],
    ] as const) {
      const used = textOf(join(directory, all)).trim();
      if (!/^\d+$/.test(used)) continue;
      const stat = textOf(join(directory, "memory.stat"));
      const remembered = new RegExp(`^${cached} (\\d+)$`, "m").exec(stat);
      return Math.max(0, Number(used) - Number(remembered?.[1] ?? 0));
    }
  }
  return undefined;
}

function limitsOf(group: readonly string[]): { readonly cpus?: number; readonly memoryLimitBytes?: number } {
  let limits: { cpus?: number; memoryLimitBytes?: number } = {};
  for (const directory of group) {
    const quota = /^(\d+) (\d+)/.exec(textOf(join(directory, "cpu.max")));
    if (quota) limits = { ...limits, cpus: Number(quota[1]) / Number(quota[2]) };
    for (const name of ["memory.max", "memory.limit_in_bytes"]) {
      const text = textOf(join(directory, name)).trim();
      if (/^\d+$/.test(text) && Number(text) < totalmem())
        limits = { ...limits, memoryLimitBytes: Number(text) };
    }
  }
  return limits;
}

type ProcessUsage = { readonly cpuMs?: number; readonly readBytes?: number; readonly writtenBytes?: number };

/** With what its ended children used, as far as it has waited for them. */
function processUsage(pid: number): ProcessUsage {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
  // Another user's process does not tell.
  const io = textOf(`/proc/${pid}/io`);
  const count = (name: string): number | undefined => {
    const match = new RegExp(`^${name}: (\\d+)$`, "m").exec(io);
    return match ? Number(match[1]) : undefined;
  };
  return {
    ...given("cpuMs", fields.length < 20 || Number.isNaN(ticks) ? undefined : (ticks * 1000) / TICKS),
    ...given("readBytes", count("read_bytes")),
    ...given("writtenBytes", count("write_bytes")),
  };
}

/**
 * Of each process its share of what several have together, so that forked workers are not counted many times over. Off the event
 * loop: the kernel walks through all pages of a process for it.
 */
async function memoryOf(pids: readonly number[]): Promise<number | undefined> {
  const all = [];
  for (const pid of pids) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "latin1").catch(() => "");
    const share = /^Pss:\s+(\d+) kB$/m.exec(rollup);
    const resident = share ?? /^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`));
    all.push(resident ? Number(resident[1]) * 1024 : undefined);
  }
  return sumOf(all);
}

/** Empty for what is not there any more, or not told. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // A process that has ended, a controller that the group has not.
    return "";
  }
}

const sumOf = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
};

const given = <K extends string>(name: K, value: number | undefined): { readonly [P in K]?: number } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: number };
