// Ends the jobs of a launch: their scripts are asked, then told to force it, and Slurm kills what has not ended then.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Clock, type LaunchKey, RUN_FOLDER } from "@malachite/core";
import { writeFileAtomic } from "../../../files/index.ts";
import { exists, readExit } from "../shared/smallFiles.ts";
import type { Questions } from "./questions.ts";
import type { SlurmCluster } from "./slurmTarget.ts";
import type { SlurmVoice } from "./slurmVoice.ts";
import { isLive, isSuspended, isWaiting } from "./slurmWords.ts";

export type JobsOfLaunch = {
  readonly cluster: SlurmCluster;
  readonly key: LaunchKey;
  /** Where its exit record comes to be. */
  readonly folder: string;
  /** Its script sends files home before it ends. */
  readonly sendsHome: boolean;
};

/** First and longest wait between two looks at a job that is to end, in ms. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** The job script is asked to end its run, and to force it, so often: it may not hear it. After so long in all Slurm kills everything of the job. */
const ASK_AGAIN_MS = 1000;
const FORCE_AGAIN_MS = 2000;
const KILL_WHOLE_MS = 6000;
/** The same where the run has ended, and its last files are still on their way home. Nobody waits for these where there was no grace. */
const KILL_SENDING_MS = 120_000;
/** Slurm says so at once of jobs that were resumed; others suspend them again. */
const RESUMING_MS = 3000;
/** A node that is dead may hold a job in COMPLETING for hours; nothing of it can be known meanwhile. */
const COMPLETING_MS = 60_000;

/** Resolves when Slurm has none of them that goes on. */
export function createEndJobs(
  voice: SlurmVoice,
  questions: Questions,
  clock: Pick<Clock, "now">,
): (jobs: JobsOfLaunch, graceMs: number, signal: AbortSignal) => Promise<void> {
  /** The end of a run whose start script was not left to write it, where that was brought about here. */
  async function record(folder: string, forced: boolean): Promise<void> {
    if (!(await exists(folder)) || (await readExit(folder)) !== undefined) return;
    const end = { version: 1, code: null, signal: forced ? "SIGKILL" : "SIGTERM", endedAt: clock.now() };
    await writeFileAtomic(join(folder, RUN_FOLDER.exit), JSON.stringify(end));
  }

  return async ({ cluster, key, folder, sendsHome }, grace, signal) => {
    const killMs = grace + (sendsHome && grace > 0 ? KILL_SENDING_MS : KILL_WHOLE_MS);
    let begun = performance.now();
    let askedAt = Number.NEGATIVE_INFINITY;
    let forcedAt = Number.NEGATIVE_INFINITY;
    let forced = false;
    let resumed = false;
    let acted = false;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      const jobs = await questions.ask(cluster, key);
      const live = jobs.filter(isLive);
      acted ||= live.length > 0;
      const passed = performance.now() - begun;
      const completing = live.every(({ state }) => state === "COMPLETING");
      if (live.length === 0 || (completing && passed > grace + COMPLETING_MS)) break;
      await voice.withdraw(cluster, live.filter(isWaiting));
      const running = live.filter((job) => !isWaiting(job) && job.state !== "COMPLETING");
      // They hear nothing; scancel would try to tell them for a minute and a half. Where they may be resumed they end as all others do: their
      // scripts find what has left its session, which Slurm misses where it has no control groups.
      const isDeaf = running.length > 0 && running.every(isSuspended);
      if (isDeaf && !resumed && (await voice.resume(cluster, running))) {
        resumed = true;
        begun = performance.now();
      } else if ((isDeaf && !(resumed && passed < RESUMING_MS)) || (running.length > 0 && passed > killMs)) {
        forced = true;
        await voice.kill(cluster, running);
      } else if (isDeaf) {
        // They are about to go on.
      } else if (running.length > 0 && passed < grace) {
        if (performance.now() - askedAt > ASK_AGAIN_MS) {
          await voice.tell(cluster, running, "ask");
          // The time that it has begins when it was told first.
          if (askedAt < 0) begun = performance.now();
          askedAt = performance.now();
        }
      } else if (running.length > 0 && passed - forcedAt > FORCE_AGAIN_MS) {
        // A script that is about to end by itself needs no force, and a signal that comes before it is ready would end it.
        forcedAt = passed;
        forced = true;
        await voice.tell(cluster, running, "force");
      }
      const left = askedAt > 0 && passed < grace ? grace - passed : Number.POSITIVE_INFINITY;
      await pause(Math.min(wait, Math.max(1, left)), undefined, { signal }).catch(() => {});
    }
    if (acted) await record(folder, forced);
  };
}
