// What goes with what: frameworks, communicators, counts. Each refusal names the property.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "../failure/malachiteError.ts";
import type { JsonObject } from "../scope.ts";
import { parseDefinition } from "./parseDefinition.ts";

const parse = (configuration: JsonObject) =>
  parseDefinition({ configuration: { script: "a.py", ...configuration } }).definition;

function refusal(configuration: JsonObject): string[] {
  try {
    parse(configuration);
  } catch (error) {
    assert.ok(error instanceof MalachiteError);
    assert.equal(error.code, "InvalidDefinition");
    return error.details.map(({ target, message }) => `${target.replace("configuration.", "")}: ${message}`);
  }
  return assert.fail("it was taken");
}

describe("a definition is refused that asks", () => {
  const tf = { framework: "TensorFlow", communicator: "ParameterServer" };
  const torch = { framework: "PyTorch", communicator: "Gloo" };
  const cases: readonly (readonly [string, JsonObject, RegExp])[] = [
    [
      "Python for parameter servers",
      { communicator: "ParameterServer" },
      /^communicator: .*ParameterServer goes with the framework TensorFlow, not with Python\.$/,
    ],
    [
      "Python for Gloo",
      { communicator: "Gloo" },
      /^communicator: .*Gloo goes with the framework PyTorch, not with Python/,
    ],
    [
      "TensorFlow for Nccl",
      { framework: "TensorFlow", communicator: "Nccl" },
      /^communicator: .*Nccl goes with the framework PyTorch/,
    ],
    [
      "processes that cannot be spread evenly",
      { ...torch, nodeCount: 2, pytorch: { processCount: 3 } },
      /^pytorch\.processCount: 3 processes cannot be spread evenly over 2 nodes/,
    ],
    [
      "no process",
      { ...torch, pytorch: { processCount: 0 } },
      /^pytorch\.processCount: Must be 1 or more; 0/,
    ],
    [
      "no process on a node",
      { communicator: "Mpi", mpi: { processCountPerNode: 0 } },
      /^mpi\.processCountPerNode: Must be 1 or more/,
    ],
    [
      "two counts of nodes",
      { communicator: "Mpi", nodeCount: 2, mpi: { nodeCount: 3 } },
      /^mpi\.nodeCount: nodeCount is 2 and mpi\.nodeCount is 3/,
    ],
    [
      "two counts of nodes, of PyTorch",
      { ...torch, pytorch: { nodeCount: 3 } },
      /^pytorch\.nodeCount: nodeCount is 1 and pytorch\.nodeCount is 3/,
    ],
    ["no worker", { ...tf, tensorflow: { workerCount: 0 } }, /^tensorflow\.workerCount: Must be 1 or more/],
    [
      "fewer than no parameter servers",
      { ...tf, tensorflow: { parameterServerCount: -1 } },
      /^tensorflow\.parameterServerCount: Must be 0 or more/,
    ],
    ["nodes without a worker", { ...tf, nodeCount: 3 }, /^nodeCount: 3 nodes for one worker/],
    [
      "too many processes",
      { communicator: "Mpi", nodeCount: 64, mpi: { processCountPerNode: 64 } },
      /A run may have 1024 processes; this one would have 4096\./,
    ],
    [
      "too many tasks of TensorFlow",
      { ...tf, tensorflow: { workerCount: 250, parameterServerCount: 10 } },
      /A run may have 256 processes of TensorFlow; this one would have 261\./,
    ],
    ["too many nodes", { nodeCount: 2_000_000_000 }, /^nodeCount: A run may have 1024 processes/],
    [
      "too long arguments in all",
      { communicator: "Mpi", mpi: { processCountPerNode: 400 }, arguments: ["x".repeat(100_000)] },
      /^arguments: The arguments of all 400 processes/,
    ],
    [
      "MPI of Spark",
      { framework: "PySpark", communicator: "Mpi" },
      /^communicator: PySpark brings its own processes/,
    ],
    [
      "nodes of Spark",
      { framework: "PySpark", nodeCount: 2 },
      /^nodeCount: PySpark is submitted from one node/,
    ],
    [
      "Spark for a command",
      { framework: "PySpark", script: undefined, command: "ls" },
      /^command: PySpark submits a script/,
    ],
    [
      "Spark for what it would ignore",
      { framework: "PySpark", spark: { configuration: { "hive.x": "1" } } },
      /^spark\.configuration\.hive\.x: Spark takes no property 'hive\.x'/,
    ],
    [
      "Spark for a package without a version",
      { framework: "PySpark", environment: { spark: { packages: [{ group: "g", artifact: "a" }] } } },
      /^environment\.spark\.packages\[0\]\.version: .*its version is missing/,
    ],
    [
      "Spark for two packages in one",
      {
        framework: "PySpark",
        environment: { spark: { packages: [{ group: "g", artifact: "a:1,h:b", version: "1" }] } },
      },
      /^environment\.spark\.packages\[0\]\.artifact: .*"a:1,h:b"/,
    ],
    [
      "Spark for a repository that is none",
      { framework: "PySpark", environment: { spark: { repositories: ["maven central"] } } },
      /^environment\.spark\.repositories\[0\]: "maven central" is not the address/,
    ],
  ];
  for (const [name, configuration, says] of cases) {
    it(name, () => {
      const faults = refusal(configuration);
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? "", says);
    });
  }

  it("nothing wrong, with the values that the SDK sends for what is not used", () => {
    parse({
      pytorch: { communicationBackend: "nccl", processCount: null, nodeCount: 1 },
      mpi: { processCountPerNode: 1, nodeCount: 1 },
      tensorflow: { workerCount: 1, parameterServerCount: 1 },
      hdi: { yarnDeployMode: "cluster" },
    });
    // Said once by whoever changed only the others: the communicator and the nodes of the run decide.
    const pytorch = { communicationBackend: "nccl", processCount: 2, nodeCount: 1 };
    parse({ framework: "PyTorch", communicator: "Gloo", nodeCount: 2, pytorch });
    parse({ communicator: "Mpi", nodeCount: 2, mpi: { processCountPerNode: 1, nodeCount: 1 } });
  });
});
