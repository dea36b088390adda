// What a definition asks for that the target it names cannot do. Each line names the property by its path. Pure.
import type { Detail } from "../failure/malachiteError.ts";
import { groupShape } from "../launch/groupShape.ts";
import type { TargetSettings } from "../launch/launchPlan.ts";
import { CUDA_DEVICES, gpuProcesses, gpusAsked } from "../queue/needs.ts";
import { containerFaults } from "./containerAsk.ts";
import { givenVariables, type WholeDefinition } from "./runDefinition.ts";

/** What a target can do, as far as it is known before a run is queued. */
export type Abilities = {
  /** Runs can go into containers. */
  readonly images: boolean;
  /** Why not, and what would help. */
  readonly imagesReason?: string;
  /** Why flags of containers can set no limits. */
  readonly limitsReason?: string;
  /** Folders of the service's machine that flags may show to a container. */
  readonly volumes: readonly string[];
  /** Flags may give a container rights on the service's machine. */
  readonly privileges: boolean;
  /** How many nodes a run may have at most; Infinity where nodes are processes on one machine and nobody counts them. */
  readonly nodes: number;
  /** How many nodes a run by MPI may have, where it takes a machine for each; absent: as many as any run. */
  readonly mpiNodes?: number;
  /** Why runs by MPI have one node there, where that is not how many machines there are. */
  readonly mpiReason?: string;
  /** How many GPUs one node of a run may have at most; 0 where there are none, or nobody counts them. */
  readonly gpusPerNode: number;
  /** How many GPUs a run may have on all its nodes together. */
  readonly gpus: number;
  /** How many GPUs each node of a run gets that does not say how many. */
  readonly gpusPerRun: number;
  /** The engine gives the GPUs out; the queue of the service does not count them. */
  readonly enginesGpus?: true;
  /** Why runs get none of the GPUs that are counted on the machine, and what would help. */
  readonly gpusReason?: string;
};

/** A fault, and which kind it is: `TargetTooSmall` where another target could do it. */
export type AbilityFault = Detail & { readonly code: "TargetTooSmall" | "UnsupportedField" };

export function abilityFaults(
  definition: WholeDefinition,
  target: TargetSettings,
  abilities: Abilities,
): AbilityFault[] {
  if (definition.prepareOnly) return [];
  return [
    ...containerFaults(definition, target, abilities),
    ...nodeFaults(definition, target, abilities),
    ...variableFaults(definition, abilities),
    ...gpuFaults(definition, target, abilities),
  ];
}

function nodeFaults(
  { configuration }: WholeDefinition,
  { name }: TargetSettings,
  { nodes, mpiReason, mpiNodes = nodes }: Abilities,
): AbilityFault[] {
  const { nodeCount } = configuration;
  const byMpi = nodeCount > 1 && groupShape(configuration).kind === "mpi";
  if (byMpi && mpiReason !== undefined)
    return [
      {
        code: "UnsupportedField",
        target: "configuration.nodeCount",
        message: `MPI on ${nodeCount} nodes was asked for of the compute target '${name}'. ${mpiReason}.`,
      },
    ];
  if (byMpi && nodeCount > mpiNodes && nodeCount <= nodes)
    return [
      {
        code: "TargetTooSmall",
        target: "configuration.nodeCount",
        message: `MPI on ${nodeCount} nodes was asked for, which are a machine each; the compute target '${name}' has ${mpiNodes}. Ask for fewer nodes with more processes each (processCountPerNode).`,
      },
    ];
  if (nodeCount <= nodes) return [];
  return [
    {
      code: "TargetTooSmall",
      target: "configuration.nodeCount",
      message: `${nodeCount} nodes were asked for; the compute target '${name}' has ${nodes}.`,
    },
  ];
}

/** Where GPUs are counted, which ones a run gets is told at its start. */
function variableFaults({ configuration }: WholeDefinition, { gpus }: Abilities): AbilityFault[] {
  const text = givenVariables(configuration)[CUDA_DEVICES];
  if (gpus === 0 || text === undefined || /^\s*(-?\d+\s*(,\s*-?\d+\s*)*)?$/.test(text)) return [];
  const given = configuration.environmentVariables?.[CUDA_DEVICES] !== undefined ? "" : "environment.";
  return [
    {
      code: "UnsupportedField",
      target: `configuration.${given}environmentVariables.${CUDA_DEVICES}`,
      message:
        "GPUs are named by numbers here; how many numbers there are says how many GPUs the run gets, which ones is chosen when it starts.",
    },
  ];
}

function gpuFaults(
  definition: WholeDefinition,
  target: TargetSettings,
  { gpus, gpusPerNode, gpusPerRun, gpusReason }: Abilities,
): AbilityFault[] {
  const { nodeCount } = definition.configuration;
  const asked = gpusAsked(definition, target);
  const processes = gpuProcesses(definition);
  const has = `the compute target '${target.name}' has ${gpus === 0 ? "none" : gpus}.`;
  const why = gpusReason === undefined ? "" : ` ${gpusReason}`;
  const each = nodeCount === 1 ? "" : ` on each of ${nodeCount} nodes`;
  const fault = (path: string, message: string): AbilityFault[] => [
    { code: "TargetTooSmall", target: path, message: `${message}; ${has}${why}` },
  ];
  // On a machine whose GPUs nobody counts, the variable goes to the run as it is.
  const uncounted = gpus === 0 && gpusReason === undefined && asked?.path.endsWith(CUDA_DEVICES);
  const fits = (perNode: number) => perNode * nodeCount <= gpus && perNode <= gpusPerNode;
  if (processes > 0 && !fits(processes))
    return fault("configuration.communicator", `Nccl needs a GPU for each process, so ${processes}${each}`);
  if (asked === undefined)
    return gpusPerRun > gpus
      ? fault("configuration.target", `Each run is to have ${gpusPerRun} GPUs by the settings`)
      : [];
  if (asked.perNode === "all") return fits(1) ? [] : fault(asked.path, `All GPUs were asked for${each}`);
  if (!uncounted && !fits(asked.perNode))
    return fault(asked.path, `${asked.perNode} GPUs were asked for${each}`);
  if (processes > asked.perNode && !uncounted)
    return fault(
      asked.path,
      `Nccl needs a GPU for each process, so ${processes}${each}, not ${asked.perNode}`,
    );
  return [];
}
