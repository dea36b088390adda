// The options of a compute target of kind process.
import { environmentTools, type TargetSettings, TOOL_OPTIONS } from "@malachite/core";
import { readLimits } from "../shared/limitOptions.ts";
import { faultOf, refusedOption, unknownOption } from "../shared/targetOptions.ts";
import type { Cgroups, Enforced, Limits } from "./cgroups.ts";

/** Memory: what needs more is killed. Processors: what wants more waits. */
export type ProcessOptions = Limits & {
  /** The master that PySpark runs are submitted to; read where their command is made. */
  readonly sparkMaster?: string;
};

const KNOWN: readonly string[] = ["memoryMiB", "cpus", "sparkMaster", ...TOOL_OPTIONS];

/** What Spark takes for a master: this machine, a standalone one, YARN, Kubernetes. */
const SPARK_MASTER = /^(local(\[[\w*,]+\])?|yarn|(spark|k8s):\/\/\S+)$/;

/** What the queue reads of a target of any kind, before a driver sees it. */
const OF_THE_QUEUE = "runsAtOnce, nodes, gpus, gpuIds and gpusPerRun";

/** Throws UnsupportedField naming the option that is unknown, wrong, or cannot be kept on this machine. */
export function parseProcessOptions(target: TargetSettings, cgroups: Cgroups): ProcessOptions {
  const { sparkMaster } = target.options;
  const name = Object.keys(target.options).find((one) => !KNOWN.includes(one));
  if (name !== undefined) throw unknownOption(target, name, KNOWN, OF_THE_QUEUE);
  if (sparkMaster !== undefined && !SPARK_MASTER.test(String(sparkMaster))) {
    throw refusedOption(target, "sparkMaster", "must be local[N], spark://HOST:PORT, yarn or k8s://ADDRESS");
  }
  environmentTools(target);
  const { memoryMiB, cpus } = readLimits(target);
  return {
    ...(memoryMiB === undefined ? {} : { memoryMiB: kept(target, "memoryMiB", memoryMiB, cgroups.memory) }),
    ...(cpus === undefined ? {} : { cpus: kept(target, "cpus", cpus, cgroups.cpu) }),
  };
}

function kept(target: TargetSettings, name: string, value: number, limit: Enforced): number {
  if (limit.usable) return value;
  throw refusedOption(target, name, `cannot be enforced on this machine. ${limit.reason.replace(/\.$/, "")}`);
}

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings, cgroups: Cgroups): string | undefined =>
  faultOf(() => parseProcessOptions(target, cgroups));
