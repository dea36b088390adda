// What is seen of one launch: its record of the end and the files of its job script, put together with what Slurm says of its jobs.
import { join } from "node:path";
import { RUN_FOLDER, type Sighting, START_FILES } from "@malachite/core";
import { exists, readExit, readSmallFile } from "../shared/smallFiles.ts";
import { JOB_FILES } from "./jobScript.ts";
import { endOf, howEnded, isLive, isWaiting, type SlurmJob, whyWaiting } from "./slurmWords.ts";

/**
 * `silent`: no job of it goes on and there is no record, which may still be on its way from the node; with what it is then, or without where
 * Slurm does not know it.
 */
export type Seen =
  | { readonly kind: "certain"; readonly sighting: Sighting }
  | { readonly kind: "silent"; readonly began: boolean; readonly sighting: Sighting | undefined };

/** What its job leaves in the folder, and what is said of a job that ended without anything in it. */
export type Traces = {
  readonly asked: string;
  readonly requeued: string;
  /** Whether the launch has more than one node. */
  readonly isMany: (folder: string) => Promise<boolean>;
  readonly unbegun: (folder: string) => string;
};

export const SHARED_TRACES: Traces = {
  ...JOB_FILES,
  isMany: (folder) => exists(join(folder, RUN_FOLDER.node(1))),
  unbegun: (folder) =>
    `Its script has not begun: its node may not see the folder ${folder}. The option folder of the target must name one that this machine and all nodes see under the same path; with shared: false none is needed.`,
};

const OUT_OF_MEMORY = "OUT_OF_MEMORY";

const certain = (sighting: Sighting): Seen => ({ kind: "certain", sighting });

/** `jobs`: all of its name. There is more than one where the answer to a submission was lost; the claim lets one of them run. */
export async function sightingOf(
  folder: string,
  jobs: readonly SlurmJob[],
  traces: Traces = SHARED_TRACES,
): Promise<Seen> {
  const live = jobs.filter(isLive);
  const last = jobs
    .filter((job) => !isLive(job))
    .toSorted(byNews)
    .at(-1);
  const exit = await readExit(folder);
  if (exit !== undefined) {
    if (exit.code === 0 || exit.outOfMemory || !(await mayBeOfSlurm(folder, exit.signal, jobs, traces)))
      return certain({ at: "ended", ...exit });
    // How the job ends says whether it was Slurm that ended the script: it is told in a moment.
    if (live.some((job) => !isWaiting(job))) return certain({ at: "running" });
    const taken =
      (last === undefined ? undefined : takenAway(last)) ??
      (await requeuedWhenAsked(folder, jobs, traces)) ??
      (last === undefined ? undefined : preempted(last));
    if (last?.state === OUT_OF_MEMORY) return certain({ at: "ended", ...exit, outOfMemory: true });
    return certain(taken ?? { at: "ended", ...exit });
  }
  const began = await exists(join(folder, START_FILES.claim));
  const [running] = live.filter((job) => !isWaiting(job));
  if (running !== undefined) {
    if (began) return certain({ at: "running", ...(await startOf(folder)) });
    return certain({
      at: "waiting",
      why: `Slurm says of job ${running.id}: ${running.state}; its script has not begun.`,
    });
  }
  const [waiting] = live;
  if (waiting !== undefined) {
    if (!began) return certain({ at: "waiting", why: whyWaiting(waiting) });
    return { kind: "silent", began, sighting: requeued(waiting) };
  }
  if (last === undefined) return { kind: "silent", began, sighting: undefined };
  return { kind: "silent", began, sighting: await endWithoutRecord(folder, last, began, traces) };
}

/** The one that tells most comes last: a job that found the claim taken has nothing to tell. */
const byNews = (one: SlurmJob, other: SlurmJob): number =>
  Number(endOf(one) !== "itself") - Number(endOf(other) !== "itself") || Number(one.id) - Number(other.id);

/** What Slurm ends all processes of a job with: the run may have gone before its script has noted that it was asked. */
const SLURMS_SIGNALS = ["SIGKILL", "SIGTERM"];

/** Of several nodes Slurm may have told the others alone, or lost one of them: to the first it looks as if the run had failed. */
const mayBeOfSlurm = async (
  folder: string,
  signal: string | undefined,
  jobs: readonly SlurmJob[],
  { asked, isMany }: Traces,
): Promise<boolean> =>
  (signal !== undefined && SLURMS_SIGNALS.includes(signal)) ||
  jobs.some((job) => job.isWide) ||
  // Of the nodes of such a job, Slurm counts those that are not done yet.
  (jobs.some((job) => job.state === "COMPLETING") && (await isMany(folder))) ||
  (await exists(join(folder, asked)));

function takenAway(job: SlurmJob): Sighting | undefined {
  const as = endOf(job);
  return as === "itself" ? undefined : { at: "gone", taken: howEnded(job), as };
}

/** Slurm asked the run to end because it puts its job back into the queue. */
async function requeuedWhenAsked(
  folder: string,
  jobs: readonly SlurmJob[],
  traces: Traces,
): Promise<Sighting | undefined> {
  if (!(await exists(join(folder, traces.asked)))) return undefined;
  const waiting = jobs.find((job) => isLive(job) && isWaiting(job));
  if (waiting !== undefined) return requeued(waiting);
  const last = jobs.at(-1);
  if (last === undefined || !(await exists(join(folder, traces.requeued)))) return undefined;
  return { ...requeued(last), taken: howEnded(last) } as Sighting;
}

const requeued = (job: SlurmJob): Sighting => ({
  at: "gone",
  taken: `Slurm says of job ${job.id} that it is ${job.state}, after its script had begun.`,
  as: "Requeued",
});

/**
 * The run has ended in the time that its nodes had to make room. On one node nothing tells it of that time, so how it ends there is its own
 * doing.
 */
const preempted = ({ id, isWide, makesRoom }: SlurmJob): Sighting | undefined =>
  isWide && makesRoom
    ? {
        at: "gone",
        taken: `Slurm has preempted job ${id}, and the run ended in the time that it was given for that (GraceTime).`,
        as: "Preempted",
      }
    : undefined;

async function endWithoutRecord(
  folder: string,
  job: SlurmJob,
  began: boolean,
  traces: Traces,
): Promise<Sighting> {
  if (await exists(join(folder, traces.requeued)))
    return { ...requeued(job), taken: howEnded(job) } as Sighting;
  if (job.state === OUT_OF_MEMORY) return { at: "ended", code: null, signal: "SIGKILL", outOfMemory: true };
  const taken = takenAway(job) ?? (began ? preempted(job) : undefined);
  if (taken !== undefined) return taken;
  if (began) return { at: "gone", taken: howEnded(job), as: "TakenAway" };
  return {
    at: "ended",
    code: null,
    failure: `${howEnded(job)} ${traces.unbegun(folder)}`,
  };
}

async function startOf(folder: string): Promise<{ readonly startedAt?: number }> {
  try {
    const { startedAt } = JSON.parse((await readSmallFile(folder, START_FILES.pids)) ?? "{}");
    return Number.isSafeInteger(startedAt) ? { startedAt } : {};
  } catch {
    // Half written, or overwritten by the run: only the instant of the start is lost.
    return {};
  }
}
