// Makes the processes of a run of several, as data for every engine: who they are, where each runs, what it is told. Pure.
import type { WholeDefinition } from "../definition/runDefinition.ts";
import { fillArguments } from "./fillArguments.ts";
import { chiefs, type GroupShape, groupShape, processCount } from "./groupShape.ts";
import {
  FOLDER_MARK,
  hostMark,
  type PlannedProcess,
  type ProcessGroup,
  portMark,
  RUN_FOLDER,
} from "./launchPlan.ts";

/** Where the first process is met. */
const ADDRESS = hostMark(0);
/** The port at which the first process is met. */
const MASTER = "master";

type Variables = Readonly<Record<string, string>>;

export type PlanGroup = {
  readonly configuration: WholeDefinition["configuration"];
  /** What each process is started with, before what it alone is told. */
  readonly variables: Variables;
  /** Those that the definition gives: they win over what the whole group is told, never over what one process is. */
  readonly given: Variables;
  /** The command of one process, with its own arguments. */
  readonly argv: (filledArguments: readonly string[]) => readonly string[];
  readonly graceMs: number;
};

/** A process before it is one of many: what it is called, where it runs, what only it is told. */
type Task = Pick<PlannedProcess, "name" | "node" | "environment" | "serves">;

export function planGroup({ configuration, variables, given, argv, graceMs }: PlanGroup): ProcessGroup {
  const shape = groupShape(configuration);
  const told = { ...toldToAll(shape), ...toldByKind(shape) };
  const environment = Object.fromEntries(
    Object.entries(told).filter(([name]) => !Object.hasOwn(given, name)),
  );
  const processes = tasksOf(shape).map((task, index) => {
    const own = { ...atNode(task.node), ...task.environment };
    return {
      ...task,
      environment: own,
      argv: argv(fillArguments(configuration.arguments, { ...variables, ...environment, ...own })),
      log: RUN_FOLDER.logOf(index),
    };
  });
  return {
    starter: shape.kind === "mpi" ? "mpirun" : "direct",
    ports: portsOf(shape),
    environment,
    processes,
    graceMs,
  };
}

const tasksOf = (shape: GroupShape): readonly Task[] => {
  switch (shape.kind) {
    case "nodes":
      return times(shape.nodes).map((node) => ({
        name: `node ${node}`,
        node,
        environment: { AZ_BATCHAI_TASK_INDEX: String(node), NODE_RANK: String(node) },
      }));
    case "tensorflow":
      return tensorflowTasks(shape);
    default:
      return times(processCount(shape)).map((rank) => rankTask(shape, rank));
  }
};

function rankTask(shape: Extract<GroupShape, { kind: "mpi" | "torch" }>, rank: number): Task {
  const node = Math.floor(rank / shape.perNode);
  const local = String(rank % shape.perNode);
  return {
    name: `rank ${rank}`,
    node,
    environment: {
      RANK: String(rank),
      LOCAL_RANK: local,
      NODE_RANK: String(node),
      AZ_BATCHAI_TASK_INDEX: String(rank),
      // The nodes share a machine, and so an mpirun: what it says of places on a node would be said of the machine.
      ...(shape.kind === "mpi"
        ? {
            OMPI_COMM_WORLD_RANK: String(rank),
            OMPI_COMM_WORLD_LOCAL_RANK: local,
            OMPI_COMM_WORLD_NODE_RANK: local,
          }
        : {}),
    },
  };
}

/** The chief, the workers and the parameter servers, in this order; spread over the nodes one after the other, each kind by itself. */
function tensorflowTasks(shape: Extract<GroupShape, { kind: "tensorflow" }>): readonly Task[] {
  const cluster = clusterOf(shape);
  return Object.entries(cluster).flatMap(([type, addresses]) =>
    addresses.map((_, index) => ({
      name: type === "chief" ? type : `${type} ${index}`,
      node: index % shape.nodes,
      environment: {
        TF_CONFIG: withMarks(JSON.stringify({ cluster, task: { type, index }, environment: "cloud" })),
        AZ_BATCHAI_TASK_TYPE: type,
        AZ_BATCHAI_TASK_INDEX: String(index),
      },
      ...(cluster.chief !== undefined && type !== "chief" ? { serves: true as const } : {}),
    })),
  );
}

/** JSON writes the marks of ports as escapes; they must be there as they are, to be found. */
const withMarks = (json: string): string => json.replaceAll("\\u0000", "\0");

function clusterOf(
  shape: Extract<GroupShape, { kind: "tensorflow" }>,
): Readonly<Record<string, readonly string[]>> {
  const addresses = (type: string, count: number) =>
    count === 0
      ? {}
      : {
          [type]: times(count).map(
            (index) => `${hostMark(index % shape.nodes)}:${portMark(`${type}-${index}`)}`,
          ),
        };
  return {
    ...addresses("chief", chiefs(shape)),
    ...addresses("worker", shape.workers),
    ...addresses("ps", shape.parameterServers),
  };
}

function portsOf(shape: GroupShape): readonly string[] {
  const tasks =
    shape.kind === "tensorflow"
      ? Object.entries(clusterOf(shape)).flatMap(([type, all]) => all.map((_, index) => `${type}-${index}`))
      : [];
  return [MASTER, ...tasks];
}

/** What Azure's nodes tell every process of a run about the nodes. */
function toldToAll(shape: GroupShape): Variables {
  const nodes = times(shape.nodes).map(hostMark);
  return {
    AZ_BATCH_MASTER_NODE: `${ADDRESS}:${portMark(MASTER)}`,
    AZ_BATCH_NODE_LIST: nodes.join(";"),
    AZ_BATCH_HOST_LIST: nodes.join(","),
    AZ_BATCHAI_JOB_MASTER_NODE_IP: ADDRESS,
    AZ_BATCHAI_MPI_MASTER_NODE: ADDRESS,
    AZ_BATCHAI_WORKER_LIST: nodes.join(","),
    AZUREML_NODE_COUNT: String(shape.nodes),
    MASTER_ADDR: ADDRESS,
    MASTER_PORT: portMark(MASTER),
  };
}

function toldByKind(shape: GroupShape): Variables {
  switch (shape.kind) {
    case "nodes":
      return {};
    case "tensorflow": {
      const { chief = [], worker = [], ps = [] } = clusterOf(shape);
      return {
        AZ_BATCHAI_CHIEF_HOSTS: chief.join(","),
        AZ_BATCHAI_WORKER_HOSTS: worker.join(","),
        AZ_BATCHAI_PS_HOSTS: ps.join(","),
      };
    }
    case "torch":
      return { ...sizes(shape), AZ_BATCHAI_PYTORCH_INIT_METHOD: `tcp://${ADDRESS}:${portMark(MASTER)}` };
    case "mpi":
      return {
        ...sizes(shape),
        OMPI_COMM_WORLD_SIZE: String(shape.nodes * shape.perNode),
        OMPI_COMM_WORLD_LOCAL_SIZE: String(shape.perNode),
        OMPI_UNIVERSE_SIZE: String(shape.nodes * shape.perNode),
        AZUREML_PARAMETER_Mpi_Process_Count_Per_Node: String(shape.perNode),
      };
  }
}

const sizes = ({ nodes, perNode }: { readonly nodes: number; readonly perNode: number }) => ({
  WORLD_SIZE: String(nodes * perNode),
  LOCAL_WORLD_SIZE: String(perNode),
});

const atNode = (node: number): Variables => ({
  AZ_BATCH_IS_CURRENT_NODE_MASTER: String(node === 0),
  AZ_BATCHAI_JOB_WORK_DIR: `${FOLDER_MARK}/${RUN_FOLDER.node(node)}`,
});

const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
