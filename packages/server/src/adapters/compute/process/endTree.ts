// Ends the whole process tree of one launch and returns when it is empty. The start script itself is never told to end: it
// sees its command end, writes the exit record and goes.
import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { freezeGroup, type Group, groupMembers, killGroup } from "./cgroups.ts";
import {
  bootId,
  findAlive,
  hasEnded,
  hasVariable,
  membersByScan,
  type ProcessIdentity,
  readProcess,
} from "./processTable.ts";

/** How to find the processes of one launch. */
export type Tree = {
  readonly script: ProcessIdentity;
  readonly group: Group;
  /** A variable that all processes of the run were started with. */
  readonly mark: { readonly name: string; readonly value: string };
  /** Written when the script is about to start the command; before, its children are tools of its own. */
  readonly begun: string;
};

/** First and longest wait between two looks, in ms: short runs end at once, long graces cost next to nothing. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 25;
/** A script begins within milliseconds; after this long it is taken for stuck, or its file for removed by the run. */
const BEGIN_WITHIN_MS = 2000;
/** So long the command is given to leave the session of the script, which it does first of all, where the system has setsid. */
const LEAVE_WITHIN_MS = 250;
/** After this long with a script that waits for nobody in its group, the command must be somewhere outside of it. */
const SCAN_AFTER_MS = 500;
/**
 * A process that is forked while all processes are read may be missed, and one that replaces itself all the time is missed now
 * and then. So many looks in a row must find none, where no control group knows for certain.
 */
const EMPTY_LOOKS = 3;

/**
 * Asks all to end with SIGTERM, forces them after `graceMs` (0: at once), resolves when none is left and the script has gone.
 * Throws the signal's reason when that aborts first; what was asked until then stays asked.
 */
export async function endTree(tree: Tree, graceMs: number, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const told = new Set<number>();
  const boot = bootId();
  let emptyLooks = 0;
  // Processes of an earlier boot are gone, and their pids may belong to others.
  if (tree.script.boot !== boot) return;
  if (tree.group.length === 0) await untilBegun(tree, boot, signal);
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    const passed = performance.now() - begun;
    const script = findAlive(tree.script, boot);
    const thorough = tree.group.length === 0 || (script !== undefined && passed > SCAN_AFTER_MS);
    const members = membersOf(tree, script?.pid, thorough);
    if (members.length === 0 && script === undefined) {
      emptyLooks += 1;
      if (tree.group.length > 0 || emptyLooks === EMPTY_LOOKS) return;
      wait = FIRST_PAUSE_MS;
    } else emptyLooks = 0;
    if (script?.state.startsWith("T")) send(script.pid, "SIGCONT");
    if (passed < graceMs) {
      askToEnd(
        passed < LEAVE_WITHIN_MS ? members.filter((pid) => !isOfScript(pid, tree.script.pid)) : members,
        told,
      );
    } else if (!tree.group.some(killGroup) || thorough) force(tree, script?.pid, members);
    await pause(wait, undefined, { signal }).catch(() => {});
  }
}

/**
 * Without a group the first tools of the script look like the run's own processes. Killing the one that claims the folder
 * would leave a launch that never began and never ended.
 */
async function untilBegun(tree: Tree, boot: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + BEGIN_WITHIN_MS;
  while (
    performance.now() < deadline &&
    !existsSync(tree.begun) &&
    findAlive(tree.script, boot) !== undefined
  ) {
    await pause(FIRST_PAUSE_MS, undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
}

function membersOf(tree: Tree, script: number | undefined, thorough: boolean): number[] {
  const grouped = tree.group.flatMap(groupMembers).filter(isRunning);
  if (!thorough) return [...new Set(grouped)];
  const scanned = membersByScan(script, (pid) => hasVariable(pid, tree.mark.name, tree.mark.value));
  return [...new Set([...grouped, ...scanned])];
}

function isRunning(pid: number): boolean {
  const row = readProcess(pid);
  return row !== undefined && !hasEnded(row);
}

/**
 * A child that is still in the script's session has just been forked: the script's traps are its own for a moment, and what it
 * is sent then is lost.
 */
const isOfScript = (pid: number, script: number): boolean => readProcess(pid)?.session === script;

function askToEnd(members: readonly number[], told: Set<number>): void {
  for (const pid of members) {
    if (told.has(pid)) continue;
    told.add(pid);
    send(pid, "SIGTERM");
    // A stopped process would act on it only when continued.
    send(pid, "SIGCONT");
  }
}

/** Where the kernel does not kill a group in one stroke. */
function force(tree: Tree, script: number | undefined, members: readonly number[]): void {
  // Stopped first, so that what forks faster than it is read cannot outrun the kill.
  const frozen = tree.group.filter((directory) => freezeGroup(directory, true));
  for (const pid of members) send(pid, "SIGSTOP");
  const all = new Set([...members, ...membersOf(tree, script, true)]);
  for (const pid of all) send(pid, "SIGKILL");
  for (const directory of frozen) freezeGroup(directory, false);
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // ESRCH: it ended in between. EPERM: it has become another user's; it is waited for, and a control group kills it anyway.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
