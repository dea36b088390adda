// Ends the job of a launch with its pods, so that the start script still writes down how the command ended.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Handle, MalachiteError } from "@malachite/core";
import { isOver } from "./facts.ts";
import { readHandle } from "./kubernetesHandle.ts";
import type { Place } from "./places.ts";
import { GRACE_BEYOND_SECONDS, STOP_FILE } from "./stopHook.ts";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** A pod that has not ended so long after its grace is on a node that does not answer. */
const END_WITHIN_MS = 120_000;

/** Resolves when no pod of the launch runs or will run. Throws EngineUnavailable where a node does not let go of one. */
export async function endJob(
  place: Place,
  handle: Handle,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { key } = handle;
  const { job: name, runs } = readHandle(handle);
  const folder = runs === undefined ? undefined : join(runs, key);
  const begun = performance.now();
  for (let asked = false, wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    // In this order: a job that has ended or is at rest makes no further pods.
    const job = await place.jobs.find(name, signal);
    const pods = await place.jobs.pods(key, signal);
    if (job !== undefined) place.watch.learn(job);
    for (const pod of pods) place.watch.learn(pod);
    const quiet = job === undefined || job.complete || job.failed !== undefined || job.atRest;
    if (quiet && pods.every(isOver)) {
      if (folder !== undefined) await lookAgain(folder);
      return;
    }
    if (!asked) {
      asked = true;
      if (folder !== undefined)
        await writeFile(join(folder, STOP_FILE), `${Math.ceil(graceMs)}\n`).catch(() => {
          // The folder is gone: what runs there has its usual grace.
        });
      if (!quiet) await place.jobs.suspend(name, signal);
      await place.jobs.endPods(key, graceSecondsOf(graceMs, folder), signal);
    }
    if (performance.now() - begun > graceMs + END_WITHIN_MS) {
      const left = pods.find((pod) => !isOver(pod));
      const text = `Pod ${left?.name} of ${key} was asked to end and has not: node ${left?.node} does not answer, as it seems.`;
      throw new MalachiteError("EngineUnavailable", text);
    }
    await pause(wait, undefined, { signal }).catch(() => {});
  }
}

/** Forced at once, a courier sends nothing home any more: then nobody waits for that. A start script has its hook, which forces the others. */
const graceSecondsOf = (graceMs: number, folder: string | undefined): number =>
  folder === undefined && graceMs === 0 ? 1 : Math.ceil(graceMs / 1000) + GRACE_BEYOND_SECONDS;

/** A folder that is listed is looked up anew by a network file system, and so are the files in it. */
export async function lookAgain(folder: string): Promise<void> {
  await readdir(folder).catch(() => []);
}
