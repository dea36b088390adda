// Compute targets in the settings: names, kinds, and what the queue reads of each. Their other options are checked by their drivers.
import { malachite } from "@malachite/contract";
import { didYouMean } from "@malachite/core";
import { firstGpus, isCount, isListOfGpus, MOST_GPUS } from "./gpus.ts";

/** A compute target in the settings. `options` are the driver's own, checked by it. */
export type TargetEntry = {
  readonly kind: string;
  readonly runsAtOnce?: number;
  /** Nodes of all its runs together. */
  readonly nodes?: number;
  /** The GPUs that its runs have for themselves, by number. */
  readonly gpuIds?: readonly number[];
  /** GPUs that its engine has for all its runs together, and gives out itself. */
  readonly engineGpus?: number;
  /** GPUs of each node of a run that does not ask for some. */
  readonly gpusPerRun?: number;
  readonly options: Readonly<Record<string, unknown>>;
};

/** Engines that have a queue or machines of their own: what their runs take is nothing that runs of this machine have. */
export const ENGINE_KINDS: readonly string[] = ["slurm", "ssh", "kubernetes"];
const KINDS: readonly string[] = malachite.TARGET_KINDS;
const TARGET_NAME = /^(\*|[A-Za-z0-9][\w.-]{0,254})$/;

/** `NAME=KIND` as text, or `NAME: process` and `NAME: { kind, runsAtOnce, …options }` in a file. */
export function readTargets(value: unknown, from: string, faults: string[]): Record<string, TargetEntry> {
  const texts =
    typeof value === "string" ? value.split(",") : Array.isArray(value) ? value.map(String) : undefined;
  const pairs: [string, unknown][] = texts
    ? texts.map((text) => split(text))
    : Object.entries((value ?? {}) as object);
  const targets: Record<string, TargetEntry> = {};
  for (const [name, given] of pairs) {
    const { kind, ...rest } =
      typeof given === "object" && given !== null ? (given as Record<string, unknown>) : { kind: given };
    if (!TARGET_NAME.test(name)) faults.push(`${from}: '${name}' is not a name of a compute target.`);
    else if (typeof kind !== "string" || !KINDS.includes(kind))
      faults.push(
        `${from}: the target '${name}' has the kind ${JSON.stringify(kind)}. There are: ${KINDS.join(", ")}. Write NAME=process or another of them.${didYouMean(String(kind), KINDS)}`,
      );
    else {
      const { entry, wrong } = readTarget(kind, rest);
      faults.push(...wrong.map((text) => `${from}: ${text} of the target '${name}'.`));
      targets[name] = entry;
    }
  }
  faults.push(...sharedGpus(targets).map((text) => `${from}: ${text}`));
  return targets;
}

/** What the queue reads of a target; the rest are options of its driver, which checks them. */
function readTarget(kind: string, given: Record<string, unknown>): { entry: TargetEntry; wrong: string[] } {
  const { runsAtOnce, nodes, gpusPerRun, ...rest } = given;
  const { gpus, ...others } = rest;
  // A cluster numbers its own.
  if (kind === "kubernetes") return entryOf({ kind, runsAtOnce, nodes, gpus, gpusPerRun, options: others });
  // Those of an ssh target are of its machines, and so for its driver to read; that of Slurm says how it is done there.
  if (ENGINE_KINDS.includes(kind)) return entryOf({ kind, runsAtOnce, nodes, gpusPerRun, options: rest });
  const { gpuIds, ...own } = others;
  return entryOf({ kind, runsAtOnce, nodes, gpus, gpuIds, gpusPerRun, options: own });
}

type Given = { kind: string; options: TargetEntry["options"] } & {
  readonly [name in "runsAtOnce" | "nodes" | "gpus" | "gpuIds" | "gpusPerRun"]?: unknown;
};

function entryOf({ kind, runsAtOnce, nodes, gpus, gpuIds, gpusPerRun, options }: Given): {
  entry: TargetEntry;
  wrong: string[];
} {
  const wrong: string[] = [];
  for (const [name, value, least, most] of [
    ["runsAtOnce", runsAtOnce, 1],
    ["nodes", nodes, 1],
    ["gpus", gpus, 1, MOST_GPUS],
    ["gpusPerRun", gpusPerRun, 0, MOST_GPUS],
  ] as const)
    if (value !== undefined && !isCount(value, least, most))
      wrong.push(`a whole number from ${least} is needed as ${name}`);
  if (gpuIds !== undefined && !isListOfGpus(gpuIds))
    wrong.push("different whole numbers are needed as gpuIds");
  if (gpus !== undefined && gpuIds !== undefined) wrong.push("only one of gpus and gpuIds can be an option");
  const ids = isListOfGpus(gpuIds) ? gpuIds : isCount(gpus, 1, MOST_GPUS) ? firstGpus(gpus) : undefined;
  return {
    entry: {
      kind,
      options,
      ...(isCount(runsAtOnce, 1) ? { runsAtOnce } : {}),
      ...(isCount(nodes, 1) ? { nodes } : {}),
      ...(ids === undefined ? {} : kind === "kubernetes" ? { engineGpus: ids.length } : { gpuIds: ids }),
      ...(isCount(gpusPerRun, 0) ? { gpusPerRun } : {}),
    },
    wrong,
  };
}

/** A GPU that two targets have for themselves would be given to two runs. */
function sharedGpus(targets: Readonly<Record<string, TargetEntry>>): string[] {
  const owners = new Map<number, string>();
  return Object.entries(targets).flatMap(([name, { gpuIds = [] }]) =>
    gpuIds.flatMap((id) => {
      const other = owners.get(id);
      owners.set(id, name);
      return other === undefined ? [] : [`GPU ${id} is of the targets '${other}' and '${name}' at once.`];
    }),
  );
}

function split(text: string): [string, unknown] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim(), undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
