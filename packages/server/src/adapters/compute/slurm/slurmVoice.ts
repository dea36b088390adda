// How the driver speaks to a Slurm: by its commands, or to its slurmrestd, as the target says. What both must be able to do.
import type { LaunchKey } from "@malachite/core";
import type { Wanted } from "./partitions.ts";
import type { SlurmCluster } from "./slurmTarget.ts";
import type { SlurmJob } from "./slurmWords.ts";

/** A variable for the file that starts the processes of a group. */
export const MPI_STARTER = "MALACHITE_MPI";

/** What a job asks Slurm for. */
export type JobRequest = {
  readonly name: LaunchKey;
  readonly nodes: number;
  readonly tasksPerNode: number;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly reservation?: string;
  readonly constraint?: string;
  /** Of each node, separated by commas: `gpu:a100:2`. */
  readonly gres?: string;
  /** Of each node. */
  readonly memoryMiB?: number;
  readonly cpusPerTask?: number;
  readonly exclusive: boolean;
  readonly nice?: number;
  readonly minutes?: number;
  /** Options of sbatch as they are written; only its commands know them. */
  readonly extraArguments: readonly string[];
};

/** A job to submit. `script`: the file with its batch script. `env`: that of the run, which Slurm carries to the node. */
export type Submission = {
  readonly job: JobRequest;
  readonly script: string;
  readonly scriptArguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** What batch scripts are told: to ask the run to end, or to force it. */
export type JobOrder = "ask" | "force";

/** Slurm said no, in its words. */
export class SlurmRefused extends Error {
  override readonly name = "SlurmRefused";
}

export interface SlurmVoice {
  /** The id of the job. Throws SlurmRefused; EngineUnavailable where it may have been taken all the same. */
  submit(cluster: SlurmCluster, submission: Submission): Promise<string>;
  /** Jobs of these names that Slurm knows, ended ones too. Throws EngineUnavailable. */
  jobs(cluster: SlurmCluster, names: readonly string[]): Promise<readonly SlurmJob[]>;
  /** Tells the batch scripts, and nothing that would end the run without them. A job that is gone, or hears nothing now, is no failure. */
  tell(cluster: SlurmCluster, jobs: readonly SlurmJob[], order: JobOrder): Promise<void>;
  /** Lets suspended jobs go on; false where whoever speaks to Slurm may not, or cannot in this way. */
  resume(cluster: SlurmCluster, jobs: readonly SlurmJob[]): Promise<boolean>;
  /** Takes jobs that have not begun out of the queue. */
  withdraw(cluster: SlurmCluster, jobs: readonly SlurmJob[]): Promise<void>;
  /** Kills everything of the jobs. */
  kill(cluster: SlurmCluster, jobs: readonly SlurmJob[]): Promise<void>;
  /** The longest time of a job of the partition (one, several with commas, or the default one), in minutes; undefined where Slurm names none. */
  longest(cluster: SlurmCluster, partition: string | undefined): Promise<number | undefined>;
  /** Why what is wanted cannot be had there, or this way to Slurm cannot be used, or its controller. */
  fault(cluster: SlurmCluster, wanted: Wanted): Promise<string | undefined>;
}

/** Each cluster is spoken to in the way that its target names. */
export function createSlurmVoice(ways: {
  readonly commands: SlurmVoice;
  readonly rest: SlurmVoice;
}): SlurmVoice {
  const way = ({ rest }: SlurmCluster): SlurmVoice => (rest === undefined ? ways.commands : ways.rest);
  return {
    submit: (cluster, submission) => way(cluster).submit(cluster, submission),
    jobs: (cluster, names) => way(cluster).jobs(cluster, names),
    tell: (cluster, jobs, order) => way(cluster).tell(cluster, jobs, order),
    resume: (cluster, jobs) => way(cluster).resume(cluster, jobs),
    withdraw: (cluster, jobs) => way(cluster).withdraw(cluster, jobs),
    kill: (cluster, jobs) => way(cluster).kill(cluster, jobs),
    longest: (cluster, partition) => way(cluster).longest(cluster, partition),
    fault: (cluster, wanted) => way(cluster).fault(cluster, wanted),
  };
}

/** Said of jobs that no longer run, or that hear nothing now: suspended ones. What is to end them is said again. */
export const NOT_HEARD =
  /Invalid job id|already (completing or )?completed|Job\/step already|can not be altered now/i;
/** Slurm's own numbers for the same. */
export const NOT_HEARD_NUMBERS = [2017, 2020, 2021];

/** What passes: a controller that is down, busy or being exchanged, a partition that is closed, limits of what may be queued. */
const LATER =
  /unable to contact|socket timed out|timed? ?out|connection (refused|reset)|communication|zero bytes|standby|temporar|authentication|munge|unexpected message|network|unreachable|too many|partition not available|MaxJobs|(Max|Grp)Submit|SubmitJobs?Limit|not responding|protocol/i;

/** Whether what Slurm says of a submission may be different later. */
export const passes = (said: string): boolean => LATER.test(said);
