// What a definition may not ask of frameworks, communicators and counts of processes. Each fault names the property. Pure.
import type { execution } from "@malachite/contract";
import type { Detail } from "../failure/malachiteError.ts";
import { groupShape, processCount } from "../launch/groupShape.ts";

type Configuration = execution.RunConfiguration;

/** More are not started for one run: each is a process of its own, with a log of its own. */
export const MOST_PROCESSES = 1024;
/** Each of TensorFlow's has a port besides, which is held open until its start. */
const MOST_TASKS = 256;
/** All their arguments together are kept with the run. */
const MOST_ARGUMENT_BYTES = 16_000_000;

const MPI: readonly string[] = ["Mpi", "OpenMpi", "IntelMpi"];

/** Of a definition whose values have the right types. */
export function groupFaults(configuration: Configuration): Detail[] {
  const { communicator = "None", framework = "Python", nodeCount = 1 } = configuration;
  const mixed = mixFault(framework, communicator);
  const counts = countFaults(configuration, communicator, framework);
  if (mixed || counts.length > 0) return [...(mixed ? [mixed] : []), ...counts];
  return sizeFaults({ ...configuration, framework, communicator, nodeCount });
}

/** Which communicator goes with which framework. */
function mixFault(framework: string, communicator: string): Detail | undefined {
  const target = "configuration.communicator";
  const wrong = (message: string): Detail => ({ target, message });
  if (communicator === "ParameterServer" && framework !== "TensorFlow")
    return wrong(
      `The communicator ParameterServer goes with the framework TensorFlow, not with ${framework}.`,
    );
  if ((communicator === "Gloo" || communicator === "Nccl") && framework !== "PyTorch")
    return wrong(`The communicator ${communicator} goes with the framework PyTorch, not with ${framework}.`);
  if (framework === "PySpark" && communicator !== "None")
    return wrong(`PySpark brings its own processes; its communicator is None, not ${communicator}.`);
  return undefined;
}

function countFaults(configuration: Configuration, communicator: string, framework: string): Detail[] {
  const { nodeCount = 1, mpi, pytorch, tensorflow } = configuration;
  const faults: Detail[] = [];
  const atLeast = (least: number, path: string, value: unknown) => {
    if (typeof value === "number" && value < least)
      faults.push({
        target: `configuration.${path}`,
        message: `Must be ${least} or more; ${value} was given.`,
      });
  };
  if (framework === "PySpark" && nodeCount > 1)
    faults.push({
      target: "configuration.nodeCount",
      message: `PySpark is submitted from one node; ${nodeCount} were given. Its executors are asked for in spark.configuration.`,
    });
  if (MPI.includes(communicator) || framework === "Cntk") {
    atLeast(1, "mpi.processCountPerNode", mpi?.processCountPerNode);
    faults.push(...otherNodeCount("mpi", mpi?.nodeCount, nodeCount));
  }
  if (communicator === "Gloo" || communicator === "Nccl") {
    const processes = pytorch?.processCount;
    atLeast(1, "pytorch.processCount", processes);
    faults.push(...otherNodeCount("pytorch", pytorch?.nodeCount, nodeCount));
    if (typeof processes === "number" && processes >= 1 && nodeCount >= 1 && processes % nodeCount !== 0)
      faults.push({
        target: "configuration.pytorch.processCount",
        message: `${processes} processes cannot be spread evenly over ${nodeCount} nodes; give a multiple of ${nodeCount}.`,
      });
  }
  if (communicator === "ParameterServer") {
    atLeast(1, "tensorflow.workerCount", tensorflow?.workerCount);
    atLeast(0, "tensorflow.parameterServerCount", tensorflow?.parameterServerCount);
    const workers = tensorflow?.workerCount ?? 1;
    if (workers >= 1 && nodeCount > workers)
      faults.push({
        target: "configuration.nodeCount",
        message: `${nodeCount} nodes for ${workers === 1 ? "one worker" : `${workers} workers`}: a node would have none. Give at most as many nodes as workers.`,
      });
  }
  return faults;
}

/** The SDK keeps the count of nodes in two places. One is always there and 1 unless told; so only a larger one can disagree. */
const otherNodeCount = (section: string, own: number | undefined, nodeCount: number): Detail[] =>
  own === undefined || own <= 1 || own === nodeCount
    ? []
    : [
        {
          target: `configuration.${section}.nodeCount`,
          message: `nodeCount is ${nodeCount} and ${section}.nodeCount is ${own}; give the same number in both, or only nodeCount.`,
        },
      ];

function sizeFaults(configuration: Configuration & Parameters<typeof groupShape>[0]): Detail[] {
  const shape = groupShape(configuration);
  const count = processCount(shape);
  const most = shape.kind === "tensorflow" ? MOST_TASKS : MOST_PROCESSES;
  if (count > most)
    return [
      {
        target: configuration.nodeCount > most ? "configuration.nodeCount" : "configuration",
        message: `A run may have ${most} processes${most === MOST_TASKS ? " of TensorFlow" : ""}; this one would have ${count}.`,
      },
    ];
  const encoder = new TextEncoder();
  const texts = [...(Array.isArray(configuration.arguments) ? configuration.arguments : [])];
  const bytes = texts.reduce((sum, text) => sum + encoder.encode(String(text)).length, 0);
  if (count === 1 || bytes * count <= MOST_ARGUMENT_BYTES) return [];
  return [
    {
      target: "configuration.arguments",
      message: `The arguments of all ${count} processes together may have ${MOST_ARGUMENT_BYTES} bytes; these have ${bytes * count}. Put them into a file of the project.`,
    },
  ];
}
