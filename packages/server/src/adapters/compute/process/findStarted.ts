// Finds out what became of a launch whose handle was lost: by the claim and the pids that its start script wrote, and by the
// processes of this machine. Starts and ends nothing.
import { basename, normalize } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { START_FILES } from "@malachite/core";
import { readLaunchNote } from "../shared/prepareFolder.ts";
import { MARKS } from "../shared/runEnvironment.ts";
import { readSmallFile } from "../shared/smallFiles.ts";
import { claimOf } from "../shared/startClaim.ts";
import { type ProcessState, parsePids } from "./processHandle.ts";
import { bootId, findAlive, hasVariable, listProcesses } from "./processTable.ts";

/** A script that has claimed writes `pids` within a millisecond; this is for a machine that hardly gets on. */
const DEADLINE_MS = 30_000;
/** Where a process cannot be known by its variables, a claim without pids is given this long to become whole. */
const BLIND_WAIT_MS = 1_000;

/**
 * The launch that has begun in the folder, or undefined when none has and none is about to. Waits for a start script that is
 * just beginning. Throws what the disk says, or the signal's reason.
 */
export async function findStarted(folder: string, signal: AbortSignal): Promise<ProcessState | undefined> {
  const begun = performance.now();
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    signal.throwIfAborted();
    const written = await readPids(folder);
    if (written !== undefined) return written;
    // In this order: who is alive first, then what was written. What ends in between has written before it ended.
    const isBeginning = hasProcess(folder);
    const now = await readPids(folder);
    if (now !== undefined) return now;
    const isClaimed = (await claimOf(folder)) === "started";
    const passed = performance.now() - begun;
    const blind = process.platform !== "linux";
    if (!isBeginning && !(blind && isClaimed && passed < BLIND_WAIT_MS)) {
      // Claimed, and its script was killed before it wrote a word: it has begun, and will not be begun again.
      const nobody = { pid: 0, startTime: "", boot: bootId() };
      return isClaimed ? { script: nobody, group: await groupOf(folder), startedAt: 0 } : undefined;
    }
    if (passed > DEADLINE_MS) throw new Error(`the start script in ${folder} neither begins nor ends`);
    await pause(wait, undefined, { signal }).catch(() => {});
  }
}

async function readPids(folder: string): Promise<ProcessState | undefined> {
  const pids = parsePids((await readSmallFile(folder, START_FILES.pids)) ?? "");
  if (pids === undefined) return undefined;
  const { pid, startTime, boot, startedAt } = pids;
  return { script: { pid, startTime, boot }, group: await groupOf(folder), startedAt };
}

/**
 * The start script that holds the claim, for a handle whose own has ended: where two were started of one launch, in the crash
 * of a service or a launcher, the handle may name the one that lost. Else the script that the handle names.
 */
export async function scriptOf(
  folder: string,
  { script }: ProcessState,
  boot: string,
  signal: AbortSignal,
): Promise<ProcessState["script"]> {
  if (script.boot !== boot || findAlive(script, boot) !== undefined) return script;
  return (await findStarted(folder, signal))?.script ?? script;
}

function hasProcess(folder: string): boolean {
  return listProcesses().some((row) => hasVariable(row.pid, MARKS.folder, folder));
}

async function groupOf(folder: string): Promise<readonly string[]> {
  // The run may have written over it: no group but one of this launch is ever ended.
  const { group } = await readLaunchNote(folder).catch(() => ({ group: undefined }));
  const isOwn = (entry: unknown) =>
    typeof entry === "string" && basename(entry) === basename(folder) && normalize(entry) === entry;
  return Array.isArray(group) && group.every(isOwn) ? group : [];
}
