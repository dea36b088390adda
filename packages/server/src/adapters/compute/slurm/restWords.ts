// What slurmrestd is sent and what it answers, in the words of its versions. Pure.
import type { PartitionSeen } from "./partitions.ts";
import type { JobRequest, Submission } from "./slurmVoice.ts";
import type { SlurmJob } from "./slurmWords.ts";

/**
 * The versions of its interface that are spoken, by their last number. v0.0.38 is that of Slurm 22.05; from v0.0.39 on environments are
 * lists, from v0.0.40 on numbers are objects and states are lists.
 */
export const OLDEST = 38;
export const NEWEST = 46;

/** The newest version that both know, from its description; undefined where there is none. `all`: those that it speaks. */
export function versionsIn(description: unknown): {
  readonly best?: number;
  readonly all: readonly number[];
} {
  const paths = isRecord(description) && isRecord(description.paths) ? Object.keys(description.paths) : [];
  const all = paths
    .flatMap((path) => /^\/slurm\/v0\.0\.(\d+)\/job\/submit\/?$/.exec(path)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const best = all.findLast((version) => version >= OLDEST && version <= NEWEST);
  return { ...(best === undefined ? {} : { best }), all };
}

const COUNT = "MALACHITE_ARGUMENTS";
const ARGUMENT = "MALACHITE_ARGUMENT_";

/**
 * How a batch script finds its arguments: no version takes them in the same way, and that of v0.0.38 crashes of them. They are variables;
 * no text of a user comes into the script. Other nodes of a run may be given the same text again, with arguments as a shell takes them.
 */
const TAKE_ARGUMENTS = `if [ -n "\${${COUNT}:-}" ]; then
  mal_i=0
  set --
  while [ "$mal_i" -lt "$${COUNT}" ]; do
    eval "set -- \\"\\$@\\" \\"\\$${ARGUMENT}$mal_i\\""
    unset "${ARGUMENT}$mal_i"
    mal_i=$((mal_i + 1))
  done
  unset ${COUNT}
fi
`;

/** `script`: the text of the batch script. */
export function submitBody(
  { job, scriptArguments, env }: Submission,
  script: string,
  version: number,
): object {
  const body = script.replace(/^#!.*\n/, "");
  const environment = {
    ...env,
    [COUNT]: String(scriptArguments.length),
    ...Object.fromEntries(scriptArguments.map((text, index) => [`${ARGUMENT}${index}`, text])),
  };
  return {
    script: `#!/bin/sh\n${TAKE_ARGUMENTS}${body}`,
    job: {
      ...wishes(job, version),
      environment:
        version < 39 ? environment : Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    },
  };
}

function wishes(job: JobRequest, version: number): object {
  const { gres, memoryMiB, minutes } = job;
  const number = (value: number) => (version < 40 ? value : { set: true, infinite: false, number: value });
  const given = (name: string, value: unknown) => (value === undefined ? {} : { [name]: value });
  return {
    name: job.name,
    requeue: false,
    current_working_directory: "/",
    standard_output: "/dev/null",
    standard_error: "/dev/null",
    standard_input: "/dev/null",
    nodes: String(job.nodes),
    tasks_per_node: job.tasksPerNode,
    // So many tasks in all, which sbatch tells by itself.
    tasks: job.nodes * job.tasksPerNode,
    ...given("partition", job.partition),
    ...given("account", job.account),
    ...given("qos", job.qos),
    ...given("reservation", job.reservation),
    ...given("constraints", job.constraint),
    ...given("nice", job.nice),
    ...given("cpus_per_task", job.cpusPerTask),
    ...given("memory_per_node", memoryMiB === undefined ? undefined : number(memoryMiB)),
    ...given("time_limit", minutes === undefined ? undefined : number(minutes)),
    ...(version < 39 ? given("gres", gres) : given("tres_per_node", gres && tresOf(gres, version))),
    ...(job.exclusive ? (version < 39 ? { exclusive: "exclusive" } : { shared: ["none"] }) : {}),
  };
}

/** Each with its kind, which is written in another way from Slurm 23.11 on. */
const tresOf = (gres: string, version: number): string =>
  gres
    .split(",")
    .map((one) => `gres${version < 40 ? ":" : "/"}${one}`)
    .join(",");

/** States that tell more than the one they come with. Of several the first counts, as in what squeue prints. */
const TELLING = [
  "COMPLETING",
  "STAGE_OUT",
  "CONFIGURING",
  "RESIZING",
  "REQUEUED",
  "REQUEUE_FED",
  "REQUEUE_HOLD",
  "SPECIAL_EXIT",
  "STOPPED",
  "REVOKED",
  "RESV_DEL_HOLD",
  "SIGNALING",
  "POWER_UP_NODE",
];

/** One job of a list, in all versions; undefined for what is none. */
export function jobFrom(value: unknown): (SlurmJob & { readonly user: string }) | undefined {
  if (!isRecord(value) || typeof value.name !== "string") return undefined;
  const id = numberIn(value.job_id);
  const states = (Array.isArray(value.job_state) ? value.job_state : [value.job_state]).map(String);
  const state = TELLING.find((one) => states.includes(one)) ?? states[0];
  if (id === undefined || state === undefined) return undefined;
  const start = numberIn(value.start_time);
  return {
    ...{ id: String(id), name: value.name, state },
    reason: typeof value.state_reason === "string" ? value.state_reason : "",
    user: typeof value.user_name === "string" ? value.user_name : "",
    ...(start === undefined || start === 0
      ? {}
      : { start: new Date(start * 1000).toISOString().slice(0, 19) }),
    ...((numberIn(value.node_count) ?? 0) > 1 ? { isWide: true as const } : {}),
    ...((numberIn(value.preempt_time) ?? 0) > 0 ? { makesRoom: true as const } : {}),
  };
}

/** One partition of a list, in all versions. */
export function partitionFrom(value: unknown): PartitionSeen | undefined {
  if (!isRecord(value) || typeof value.name !== "string") return undefined;
  const newer = isRecord(value.partition) ? value.partition : {};
  const maximums = isRecord(value.maximums) ? value.maximums : {};
  const maxMinutes = numberIn(value.max_time_limit) ?? numberIn(maximums.time);
  return {
    name: value.name,
    isDefault: [value.flags, newer.flags].flat().some((flag) => /^default$/i.test(String(flag))),
    state: [newer.state ?? value.state].flat().join("+").toLowerCase(),
    ...(maxMinutes === undefined ? {} : { maxMinutes }),
  };
}

export type NodeSeen = { readonly gres: string; readonly partitions: readonly string[] };

export function nodeFrom(value: unknown): NodeSeen | undefined {
  if (!isRecord(value)) return undefined;
  const partitions = Array.isArray(value.partitions) ? value.partitions.map(String) : [];
  return { gres: typeof value.gres === "string" ? value.gres : "", partitions };
}

/** A number, or the object that newer versions make of one. */
export function numberIn(value: unknown): number | undefined {
  if (isRecord(value))
    return value.set === false || value.infinite === true ? undefined : numberIn(value.number);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export type RestError = { readonly number: number | undefined; readonly text: string };

/** Its errors, of which older versions write some in another way. */
export function errorsIn(values: unknown): readonly RestError[] {
  if (!Array.isArray(values)) return [];
  return values.filter(isRecord).map((one) => {
    const texts = [one.description, one.error].filter((text) => typeof text === "string" && text !== "");
    const [number] = [one.error_number, one.error_code, one.errno].filter((code) => typeof code === "number");
    return { number: number as number | undefined, text: [...new Set(texts)].join(": ") };
  });
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
