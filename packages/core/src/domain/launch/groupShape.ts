// How many processes a definition means, and who starts them. Pure; what cannot be is told by groupFaults.ts before.
import type { WholeDefinition } from "../definition/runDefinition.ts";
import { RUN_FOLDER } from "./launchPlan.ts";

type Configuration = Pick<
  WholeDefinition["configuration"],
  "framework" | "communicator" | "nodeCount" | "mpi" | "pytorch" | "tensorflow"
>;

export type GroupShape =
  /** The script once, or once on each node. */
  | { readonly kind: "nodes"; readonly nodes: number }
  | { readonly kind: "mpi"; readonly nodes: number; readonly perNode: number }
  | { readonly kind: "torch"; readonly nodes: number; readonly perNode: number }
  | {
      readonly kind: "tensorflow";
      readonly nodes: number;
      readonly workers: number;
      readonly parameterServers: number;
    };

export function groupShape({
  framework,
  communicator,
  nodeCount: nodes,
  mpi,
  pytorch,
  tensorflow,
}: Configuration): GroupShape {
  switch (communicator) {
    case "Mpi":
    case "OpenMpi":
    case "IntelMpi":
      return { kind: "mpi", nodes, perNode: mpi?.processCountPerNode ?? 1 };
    case "Gloo":
    case "Nccl":
      return { kind: "torch", nodes, perNode: (pytorch?.processCount ?? nodes) / nodes };
    case "ParameterServer":
      return {
        kind: "tensorflow",
        nodes,
        workers: tensorflow?.workerCount ?? 1,
        parameterServers: tensorflow?.parameterServerCount ?? 1,
      };
    case "None":
      return framework === "Cntk"
        ? { kind: "mpi", nodes, perNode: mpi?.processCountPerNode ?? 1 }
        : { kind: "nodes", nodes };
  }
}

/** Whether the run is one process, started as it is; all others are groups, also those of one. */
export const isSingle = (shape: GroupShape): boolean => shape.kind === "nodes" && shape.nodes === 1;

export function processCount(shape: GroupShape): number {
  switch (shape.kind) {
    case "nodes":
      return shape.nodes;
    case "tensorflow":
      return shape.workers + shape.parameterServers + chiefs(shape);
    default:
      return shape.nodes * shape.perNode;
  }
}

/** With parameter servers there is one more process, the chief: it hands the work out, and the run ends when it does. */
export const chiefs = ({ parameterServers }: { readonly parameterServers: number }): 0 | 1 =>
  parameterServers > 0 ? 1 : 0;

/** The log that speaks for a run of this definition. */
export const logOfDefinition = (definition: WholeDefinition | undefined): string =>
  definition === undefined || isSingle(groupShape(definition.configuration))
    ? RUN_FOLDER.log
    : RUN_FOLDER.logOf(0);
