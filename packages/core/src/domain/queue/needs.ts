// What a run takes of its pool while it is at work, besides one place, read from its definition. Pure.
import type { WholeDefinition } from "../definition/runDefinition.ts";
import { groupShape } from "../launch/groupShape.ts";
import type { TargetSettings } from "../launch/launchPlan.ts";

export type Needs = {
  /** Higher is served first. */
  readonly priority: number;
  readonly nodes: number;
  /** Of all its nodes together. */
  readonly gpus: number;
  /** Those that its engine gives out and the line does not count; quotas do. */
  readonly engineGpus?: number;
};

/** What a run needs that says nothing of it. */
export const PLAIN_NEEDS: Needs = { priority: 0, nodes: 1, gpus: 0 };

/** The bounds of `priority`. */
export const PRIORITIES = { lowest: -1000, highest: 1000 } as const;

/** How many GPUs a definition asks for on each node, and where it says so. */
export type GpuAsk = { readonly perNode: number | "all"; readonly path: string };

/** The variable by which CUDA is told what it may use. */
export const CUDA_DEVICES = "CUDA_VISIBLE_DEVICES";

/** The kinds of targets that run everything in an image, whatever `docker.enabled` says. */
const IN_IMAGES: ReadonlySet<string> = new Set(["container", "kubernetes"]);

type Definition = Pick<WholeDefinition, "configuration">;

/** `--gpus` of a container, else the number of entries of CUDA_VISIBLE_DEVICES: none for "" and "-1". Undefined: it does not say. */
export function gpusAsked({ configuration }: Definition, target?: TargetSettings): GpuAsk | undefined {
  return ofContainer(configuration, target) ?? ofVariables(configuration);
}

/**
 * What the run needs on a target that has `all` GPUs and gives `byDefault` of them to each node of a run that does not ask, or
 * fewer where there are not so many for all its nodes.
 */
export function needsOf(
  definition: Definition & Pick<WholeDefinition, "prepareOnly">,
  { byDefault, all, target }: { byDefault: number; all: number; target?: TargetSettings },
): Needs {
  const { priority, nodeCount } = definition.configuration;
  if (definition.prepareOnly) return { ...PLAIN_NEEDS, priority: priority ?? 0 };
  const each = Math.floor(all / nodeCount);
  const asked = gpusAsked(definition, target)?.perNode ?? Math.min(byDefault, each);
  const perNode = Math.max(asked === "all" ? each : asked, all > 0 ? gpuProcesses(definition) : 0);
  return { priority: priority ?? 0, nodes: nodeCount, gpus: all > 0 ? nodeCount * perNode : 0 };
}

/** The processes of each node that need a GPU of their own; 0 without Nccl. */
export function gpuProcesses({ configuration }: Definition): number {
  if (configuration.communicator !== "Nccl") return 0;
  const shape = groupShape(configuration);
  return shape.kind === "torch" ? shape.perNode : 0;
}

function ofVariables({ environment, environmentVariables }: Definition["configuration"]): GpuAsk | undefined {
  const places = [
    ["configuration.environmentVariables", environmentVariables],
    ["configuration.environment.environmentVariables", environment?.environmentVariables],
  ] as const;
  for (const [place, variables] of places) {
    const text = variables?.[CUDA_DEVICES];
    if (typeof text === "string") return { perNode: entriesOf(text), path: `${place}.${CUDA_DEVICES}` };
  }
  return undefined;
}

/** CUDA stops at the first entry that is no device, as -1. */
function entriesOf(text: string): number {
  const entries = text.split(",").map((entry) => entry.trim());
  const end = entries.findIndex((entry) => !/^\d+$/.test(entry));
  return end < 0 ? entries.length : end;
}

function ofContainer(
  { environment, docker }: Definition["configuration"],
  target?: TargetSettings,
): GpuAsk | undefined {
  const places = [
    ["configuration.docker.arguments", docker?.useDocker === true ? docker.arguments : undefined],
    [
      "configuration.environment.docker.arguments",
      environment?.docker?.enabled === true || IN_IMAGES.has(target?.kind ?? "")
        ? environment?.docker?.arguments
        : undefined,
    ],
  ] as const;
  for (const [path, flags = []] of places) {
    const text = lastValue(flags, "--gpus");
    if (text === undefined) continue;
    const plain = text.replaceAll('"', "");
    if (plain === "all") return { perNode: "all", path };
    const count = plain.replace(/^count=/, "");
    if (count === "-1") return { perNode: "all", path };
    if (/^\d+$/.test(count)) return { perNode: Number(count), path };
    if (plain.startsWith("device=")) return { perNode: plain.split(",").length, path };
  }
  return undefined;
}

/** The value of the last flag of that name, written `--flag value` or `--flag=value`. */
function lastValue(flags: readonly string[], name: string): string | undefined {
  const last = flags.findLastIndex((flag) => flag === name || flag.startsWith(`${name}=`));
  const flag = flags[last];
  return flag === name ? flags[last + 1] : flag?.slice(name.length + 1);
}
