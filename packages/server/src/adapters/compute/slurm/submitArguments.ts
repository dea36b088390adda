// What the job of a plan asks for, and the argv of sbatch for it. Pure; all of it is data, and the script is a file.
import type { LaunchKey, LaunchPlan } from "@malachite/core";
import type { SlurmOptions } from "./slurmTarget.ts";
import type { JobRequest } from "./slurmVoice.ts";

/** Time that Slurm gives a run beyond its limit: the service ends it first, and this is for when the service is down. */
const BEYOND_MINUTES = 2;

type Asked = Pick<LaunchPlan, "nodes" | "group" | "gpusPerNode" | "maxSeconds"> & { readonly key: LaunchKey };

/** `longest`: the minutes that the partition allows, where they are known. */
export function jobRequest(
  asked: Asked,
  options: SlurmOptions,
  graceMs: number,
  longest?: number,
): JobRequest {
  const { key, nodes, group } = asked;
  const { partition, account, qos, reservation, constraint, nice, cpus, memoryMiB } = options;
  const tasksPerNode = tasksOf(group, nodes);
  const cpusPerTask = cpus === undefined ? undefined : Math.max(1, Math.floor(cpus / tasksPerNode));
  const known = {
    ...{ partition, account, qos, reservation, constraint, nice, memoryMiB, cpusPerTask },
    gres: gresOf(asked, options),
    minutes: minutesOf(asked.maxSeconds, options, graceMs, longest),
  };
  return {
    ...{ name: key, nodes, tasksPerNode, exclusive: options.exclusive === true },
    extraArguments: options.extraArguments ?? [],
    ...(Object.fromEntries(
      Object.entries(known).filter(([, value]) => value !== undefined),
    ) as Partial<JobRequest>),
  };
}

/** Options of sbatch; the script and its own arguments follow. */
export function submitArguments(job: JobRequest): readonly string[] {
  const flag = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    "--parsable",
    `--job-name=${job.name}`,
    "--no-requeue",
    "--export=ALL",
    // The start script writes the logs; what Slurm itself says it says when asked.
    "--output=/dev/null",
    "--error=/dev/null",
    "--input=/dev/null",
    "--chdir=/",
    `--nodes=${job.nodes}`,
    `--ntasks-per-node=${job.tasksPerNode}`,
    ...flag("partition", job.partition),
    ...flag("account", job.account),
    ...flag("qos", job.qos),
    ...flag("reservation", job.reservation),
    ...flag("constraint", job.constraint),
    ...flag("gres", job.gres),
    ...flag("mem", job.memoryMiB === undefined ? undefined : `${job.memoryMiB}M`),
    ...flag("cpus-per-task", job.cpusPerTask),
    ...(job.exclusive ? ["--exclusive"] : []),
    ...flag("nice", job.nice),
    ...flag("time", job.minutes),
    ...job.extraArguments,
  ];
}

/** mpirun and srun place as many ranks on a node as Slurm has tasks there. */
function tasksOf(group: LaunchPlan["group"], nodes: number): number {
  if (group?.starter !== "mpirun") return 1;
  return Math.max(1, Math.ceil(group.processes.length / nodes));
}

function gresOf({ gpusPerNode = 0 }: Asked, { gres, gpuType }: SlurmOptions): string | undefined {
  const gpus =
    gpusPerNode > 0 ? `gpu:${gpuType === undefined ? "" : `${gpuType}:`}${gpusPerNode}` : undefined;
  return [gres, gpus].filter((one) => one !== undefined).join(",") || undefined;
}

function minutesOf(
  maxSeconds: number | undefined,
  { timeLimitMinutes }: SlurmOptions,
  graceMs: number,
  longest = Number.POSITIVE_INFINITY,
): number | undefined {
  if (maxSeconds === undefined) return timeLimitMinutes;
  // It is the most that the run may take, and no need: what asks for more than its partition allows would never begin.
  return Math.min(Math.ceil((maxSeconds + graceMs / 1000) / 60) + BEYOND_MINUTES, longest);
}
