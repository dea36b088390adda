// Looks at the processes of this machine: who is alive, who belongs to a run. Decides nothing and signals nobody.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process as the system knows it. A pid alone is not an identity: it is used again. */
export type ProcessRow = {
  readonly pid: number;
  readonly parent: number;
  /** Session, or process group where the system does not tell the session. */
  readonly session: number;
  readonly state: string;
  /** Ticks since boot; empty where the system does not tell. */
  readonly startTime: string;
};

/** One process for certain: a pid with the time it started and the boot it belongs to. */
export type ProcessIdentity = { readonly pid: number; readonly startTime: string; readonly boot: string };

const onLinux = process.platform === "linux";

/** Identifies this boot of the machine; empty where the system has no such thing. */
export function bootId(): string {
  return onLinux ? readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() : "";
}

/** The text of /proc/PID/stat. The name in it may hold blanks, brackets and line ends, so it is read from its last bracket on. */
export function parseStat(stat: string): ProcessRow | undefined {
  const close = stat.lastIndexOf(")");
  const fields = stat.slice(close + 2).split(" ");
  const [state, parent, , session] = fields;
  const startTime = fields[19];
  if (close < 0 || state === undefined || startTime === undefined) return undefined;
  return {
    pid: Number.parseInt(stat, 10),
    parent: Number(parent),
    session: Number(session),
    state,
    startTime: startTime.trim(),
  };
}

/** The process of that pid, or undefined when there is none. */
export function readProcess(pid: number): ProcessRow | undefined {
  if (!onLinux) return listProcesses().find((row) => row.pid === pid);
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch (error) {
    // ESRCH: it ended between open and read.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}

/** A zombie has ended; that nobody has reaped it yet is not its fault. */
export const hasEnded = (row: ProcessRow): boolean => row.state.startsWith("Z") || row.state.startsWith("X");

/** The process if it is that very one and has not ended. */
export function findAlive(identity: ProcessIdentity, boot: string): ProcessRow | undefined {
  if (identity.pid <= 0 || identity.boot !== boot) return undefined;
  const row = readProcess(identity.pid);
  if (row === undefined || hasEnded(row)) return undefined;
  return row.startTime === identity.startTime ? row : undefined;
}

/** All processes that have not ended. Reads without yielding, since a list taken slowly misses what forks quickly. */
export function listProcesses(): ProcessRow[] {
  if (!onLinux) return listByPs();
  const rows: ProcessRow[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(Number(name));
    if (row !== undefined && !hasEnded(row)) rows.push(row);
  }
  return rows;
}

function listByPs(): ProcessRow[] {
  const text = execFileSync("ps", ["-axo", "pid=,ppid=,pgid=,stat="], { encoding: "utf8" });
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 4)
    .map(([pid, parent, group, state]) => ({
      pid: Number(pid),
      parent: Number(parent),
      session: Number(group),
      state: state ?? "",
      startTime: "",
    }))
    .filter((row) => !hasEnded(row));
}

/** Whether the process was started with that variable. Not knowing (it belongs to somebody else) is no. */
export function hasVariable(pid: number, name: string, value: string): boolean {
  if (!onLinux) return false;
  try {
    const environ = readFileSync(`/proc/${pid}/environ`);
    const entry = Buffer.from(`${name}=${value}\0`);
    const at = environ.indexOf(entry);
    return at === 0 || (at > 0 && environ.includes(Buffer.from(`\0${name}=${value}\0`)));
  } catch {
    // It ended, or belongs to another user and so to no run of ours.
    return false;
  }
}

/**
 * The processes of a run without a control group to ask: those that bear its mark, the descendants of all these, and whoever
 * shares a session with one of them. `root` is the start script while it is alive (undefined afterwards: its pid may belong
 * to a stranger by then); it is not counted itself. What clears its environment, forks twice and begins a session of its own
 * is not found: only a control group holds that.
 */
export function membersByScan(
  root: number | undefined,
  isMarked: (pid: number) => boolean,
  rows: readonly ProcessRow[] = listProcesses(),
): number[] {
  const own = new Set<number>(rows.filter((row) => isMarked(row.pid)).map((row) => row.pid));
  if (root !== undefined) own.add(root);
  const sessions = new Set<number>();
  for (let before = -1; before !== own.size + sessions.size; ) {
    before = own.size + sessions.size;
    for (const row of rows) {
      if (own.has(row.pid)) sessions.add(row.session);
      else if (own.has(row.parent) || sessions.has(row.session)) own.add(row.pid);
    }
  }
  if (root !== undefined) own.delete(root);
  return [...own];
}
