// The options of a compute target of kind process.
import type { TargetSettings } from "@malachite/core";
import { faultOf, refusedOption } from "../shared/targetOptions.ts";
import type { Cgroups, Enforced, Limits } from "./cgroups.ts";

/** Memory: what needs more is killed. Processors: what wants more waits. */
export type ProcessOptions = Limits & {
  /** The master that PySpark runs are submitted to; read where their command is made. */
  readonly sparkMaster?: string;
};

/** What Spark takes for a master: this machine, a standalone one, YARN, Kubernetes. */
const SPARK_MASTER = /^(local(\[[\w*,]+\])?|yarn|(spark|k8s):\/\/\S+)$/;

/** Less does not even start an interpreter, and 2^53 bytes is where numbers end. */
const MIN_MEMORY_MIB = 4;
const MAX_MEMORY_MIB = 2 ** 33;

/** Of a processor: the kernel gives no less than a millisecond in a tenth of a second. */
const MIN_CPUS = 0.01;
const MAX_CPUS = 10_000;

/** What the queue reads of a target of any kind, before a driver sees it. */
const OF_THE_QUEUE = "runsAtOnce, nodes, gpus, gpuIds and gpusPerRun";

/** Throws UnsupportedField naming the option that is unknown, wrong, or cannot be kept on this machine. */
export function parseProcessOptions(target: TargetSettings, cgroups: Cgroups): ProcessOptions {
  const { memoryMiB, cpus, sparkMaster, ...unknown } = target.options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    const known = `memoryMiB, cpus and sparkMaster, and as every target ${OF_THE_QUEUE}`;
    throw refusedOption(target, name, `is not known; a process target knows ${known}`);
  }
  if (sparkMaster !== undefined && !SPARK_MASTER.test(String(sparkMaster))) {
    throw refusedOption(target, "sparkMaster", "must be local[N], spark://HOST:PORT, yarn or k8s://ADDRESS");
  }
  const whole = Number.isInteger(memoryMiB);
  if (memoryMiB !== undefined && !(whole && isBetween(memoryMiB, MIN_MEMORY_MIB, MAX_MEMORY_MIB)))
    throw refusedOption(target, "memoryMiB", `must be a whole number of MiB, at least ${MIN_MEMORY_MIB}`);
  if (cpus !== undefined && !isBetween(cpus, MIN_CPUS, MAX_CPUS))
    throw refusedOption(
      target,
      "cpus",
      `must be a number of processors such as 2 or 0.5, at least ${MIN_CPUS}`,
    );
  return {
    ...(memoryMiB === undefined ? {} : { memoryMiB: kept(target, "memoryMiB", memoryMiB, cgroups.memory) }),
    ...(cpus === undefined ? {} : { cpus: kept(target, "cpus", cpus, cgroups.cpu) }),
  };
}

function kept(target: TargetSettings, name: string, value: unknown, limit: Enforced): number {
  if (limit.usable) return Number(value);
  throw refusedOption(target, name, `cannot be enforced on this machine. ${limit.reason.replace(/\.$/, "")}`);
}

const isBetween = (value: unknown, least: number, most: number): boolean =>
  typeof value === "number" && value >= least && value <= most;

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings, cgroups: Cgroups): string | undefined =>
  faultOf(() => parseProcessOptions(target, cgroups));
