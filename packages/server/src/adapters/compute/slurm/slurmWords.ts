// Slurm's words for states and reasons, and what they mean for a run. Pure.
import type { TakenAs } from "@malachite/core";

/** One job as Slurm tells of it. */
export type SlurmJob = {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  /** When it is expected to begin, in the words of Slurm (UTC); absent where it does not know. */
  readonly start?: string;
  /** It has more than one node. */
  readonly isWide?: true;
  /** Slurm has told it to make room, with some time for that (GraceTime). */
  readonly makesRoom?: true;
};

/** States in which the job waits, or will run again. */
const WAITING = [
  "PENDING",
  "CONFIGURING",
  "REQUEUED",
  "REQUEUE_HOLD",
  "REQUEUE_FED",
  "SPECIAL_EXIT",
  "RESV_DEL_HOLD",
  "POWER_UP_NODE",
];
/** States after which nothing of a job changes. */
const ENDED: Readonly<Record<string, TakenAs | "itself">> = {
  COMPLETED: "itself",
  FAILED: "itself",
  CANCELLED: "CanceledAtEngine",
  TIMEOUT: "OverTime",
  DEADLINE: "OverTime",
  OUT_OF_MEMORY: "OutOfMemory",
  NODE_FAIL: "NodeFailed",
  BOOT_FAIL: "NodeFailed",
  LAUNCH_FAILED: "NodeFailed",
  RECONFIG_FAIL: "NodeFailed",
  PREEMPTED: "Preempted",
  REVOKED: "TakenAway",
};

export const isWaiting = ({ state }: SlurmJob): boolean => WAITING.includes(state);
/** Its processes are stopped, and Slurm sends them nothing but their end. */
export const isSuspended = ({ state }: SlurmJob): boolean => state === "SUSPENDED";
/** A state that nobody knows yet is one of a job that goes on: it is never taken for an end. */
export const isLive = ({ state }: SlurmJob): boolean => !Object.hasOwn(ENDED, state);
/** What an ended state is, memory aside; `itself` where the script's own end is all there is to tell. */
export const endOf = ({ state }: SlurmJob): TakenAs | "itself" => ENDED[state] ?? "itself";

const MEANINGS: Readonly<Record<string, string>> = {
  Resources: "the nodes, processors, memory or GPUs that it needs are not free",
  Priority: "jobs with a higher priority are before it",
  None: "Slurm has not looked at it yet",
  BeginTime: "it may not begin yet",
  Dependency: "it waits for another job",
  JobHeldUser: "it is held by its user (scontrol release lets it go)",
  JobHeldAdmin: "it is held by an administrator",
  JobLaunchFailure: "it could not be started on its nodes",
  NodeDown: "a node that it needs is down",
  ReqNodeNotAvail: "nodes that it needs are down, drained or reserved",
  PartitionDown: "its partition is down",
  PartitionInactive: "its partition is inactive",
  PartitionNodeLimit: "it asks for more nodes than its partition has, or for nodes that are down there",
  PartitionTimeLimit: "its time limit is longer than its partition allows",
  PartitionConfig: "it asks for what its partition does not have or allow",
  BadConstraints: "no node can ever do what it asks for",
  Licenses: "licenses that it needs are not free",
  Reservation: "its reservation has not begun",
  InvalidAccount: "its account is not valid",
  InvalidQOS: "its QOS is not valid",
  AccountNotAllowed: "its account may not use the partition",
  QOSNotAllowed: "its QOS may not be used there",
  Prolog: "its nodes are being prepared",
  Cleaning: "an earlier start of it is being cleaned up",
};

/** Why the job waits: Slurm's own word first, then what it means. */
export function whyWaiting({ id, state, reason, start }: SlurmJob): string {
  const word = reason.replace(/[(,].*$/, "").trim();
  const limit = /^(Assoc|QOS|Max)/.test(word)
    ? `a limit of its ${word.startsWith("QOS") ? "QOS" : "account"} is reached`
    : undefined;
  const means = state === "CONFIGURING" ? "its nodes are being made ready" : (MEANINGS[word] ?? limit);
  const said = state === "CONFIGURING" ? state : reason;
  const expected = start === undefined ? "" : ` It is expected to begin at ${start} UTC.`;
  return `Slurm says of job ${id}: ${said}${means === undefined ? "" : `, ${means}`}.${expected}`;
}

/** How the job ended, for people. */
export const howEnded = ({ id, state, reason }: SlurmJob): string =>
  `Slurm says of job ${id}: ${state}${reason === "" || reason === "None" ? "" : ` (${reason})`}.`;
