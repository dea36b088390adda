// The argv of sbatch for a plan. Pure; all of it is data, and the script is a file.
import type { LaunchKey, LaunchPlan } from "@malachite/core";
import type { SlurmOptions } from "./slurmTarget.ts";

/** Time that Slurm gives a run beyond its limit: the service ends it first, and this is for when the service is down. */
const BEYOND_MINUTES = 2;

type Asked = Pick<LaunchPlan, "nodes" | "group" | "gpusPerNode" | "maxSeconds"> & { readonly key: LaunchKey };

/** Options of sbatch; the script and its own arguments follow. */
export function submitArguments(asked: Asked, options: SlurmOptions, graceMs: number): readonly string[] {
  const { key, nodes, group } = asked;
  const flag = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}=${value}`];
  const { partition, account, qos, reservation, constraint, nice, cpus, memoryMiB } = options;
  const tasks = tasksPerNode(group, nodes);
  return [
    "--parsable",
    `--job-name=${key}`,
    "--no-requeue",
    "--export=ALL",
    // The start script writes the logs; what Slurm itself says it says when asked.
    "--output=/dev/null",
    "--error=/dev/null",
    "--input=/dev/null",
    "--chdir=/",
    `--nodes=${nodes}`,
    `--ntasks-per-node=${tasks}`,
    ...flag("partition", partition),
    ...flag("account", account),
    ...flag("qos", qos),
    ...flag("reservation", reservation),
    ...flag("constraint", constraint),
    ...flag("gres", gresOf(asked, options)),
    ...flag("mem", memoryMiB === undefined ? undefined : `${memoryMiB}M`),
    ...flag("cpus-per-task", cpus === undefined ? undefined : Math.max(1, Math.floor(cpus / tasks))),
    ...(options.exclusive === true ? ["--exclusive"] : []),
    ...flag("nice", nice),
    ...flag("time", minutesOf(asked.maxSeconds, options, graceMs)),
    ...(options.extraArguments ?? []),
  ];
}

/** mpirun and srun place as many ranks on a node as Slurm has tasks there. */
function tasksPerNode(group: LaunchPlan["group"], nodes: number): number {
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
): number | undefined {
  if (maxSeconds === undefined) return timeLimitMinutes;
  return Math.ceil((maxSeconds + graceMs / 1000) / 60) + BEYOND_MINUTES;
}
