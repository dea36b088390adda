// Which processes a definition means, and what each is told.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDefinition } from "../definition/parseDefinition.ts";
import type { PreparedEnvironment } from "../environment/environment.ts";
import { sparkJarsAsk } from "../environment/sparkJars.ts";
import type { JsonObject } from "../scope.ts";
import type { LaunchKey, LaunchPlan, PlannedProcess } from "./launchPlan.ts";
import { FOLDER_MARK, hostMark, portMark } from "./launchPlan.ts";
import { planLaunch } from "./planLaunch.ts";

const INSIDE = {
  scope: { subscriptionId: "s", resourceGroup: "rg", workspace: "ws" },
  runId: "r1",
  experimentName: "e",
  experimentId: "x",
  rootRunId: "r1",
  serviceUrl: "https://127.0.0.1:7464",
  workspaceId: "w",
};

function planOf(
  configuration: JsonObject,
  options: JsonObject = {},
  more: Partial<PreparedEnvironment> = {},
): LaunchPlan {
  const { definition } = parseDefinition({ configuration: { script: "train.py", ...configuration } });
  return planLaunch({
    key: "k" as LaunchKey,
    target: { name: "local", kind: "process", pool: "machine", options },
    definition,
    environment: { id: "system", python: "/env/bin/python", folder: "/env/bin", variables: {}, ...more },
    tree: undefined,
    inside: INSIDE,
    graceMs: 5000,
  });
}

const groupOf = (configuration: JsonObject) => planOf(configuration).group ?? assert.fail("no group");
/** TF_CONFIG as it reads once the marks of ports are filled. */
const configOf = (process: PlannedProcess | undefined) =>
  JSON.parse((process?.environment.TF_CONFIG ?? "").replaceAll("\0", "\\u0000"));
const START = `${FOLDER_MARK}/start.py`;

describe("the processes of a run", () => {
  it("are one, started as ever, without a communicator on one node", () => {
    for (const framework of ["Python", "PyTorch", "TensorFlow"]) {
      const plan = planOf({ framework, arguments: ["--lr", "1"] });
      assert.equal(plan.group, undefined);
      assert.deepEqual(plan.argv, ["/env/bin/python", "../start.py", "train.py", "--lr", "1"]);
      assert.deepEqual([plan.nodes, plan.folders], [1, ["outputs", "logs"]]);
    }
  });

  it("of Python on several nodes are one on each, told where it is", () => {
    const plan = planOf({ nodeCount: 3, history: { directoriesToWatch: ["./curves/"] } });
    assert.deepEqual(plan.argv, ["/env/bin/python", "../group.py"]);
    assert.deepEqual([plan.nodes, plan.folders], [3, ["outputs", "logs", "curves"]]);
    const { starter, processes, environment, ports, graceMs } = plan.group ?? assert.fail("no group");
    assert.deepEqual([starter, ports, graceMs], ["direct", ["master"], 5000]);
    assert.deepEqual(
      processes.map(({ name, node, log }) => [name, node, log]),
      [0, 1, 2].map((n) => [`node ${n}`, n, `user_logs/std_log_process_${n}.txt`]),
    );
    assert.equal(environment.AZ_BATCH_NODE_LIST, [0, 1, 2].map(hostMark).join(";"));
    assert.equal(environment.AZUREML_NODE_COUNT, "3");
    assert.deepEqual(processes[2]?.environment, {
      AZ_BATCHAI_JOB_WORK_DIR: `${FOLDER_MARK}/nodes/2/project`,
      AZ_BATCHAI_TASK_INDEX: "2",
      AZ_BATCH_IS_CURRENT_NODE_MASTER: "false",
      NODE_RANK: "2",
    });
    assert.deepEqual(processes[2]?.argv, ["/env/bin/python", START, "train.py"]);
  });

  it("of MPI are processCountPerNode on each node, in all its spellings and for every framework", () => {
    for (const communicator of ["Mpi", "OpenMpi", "IntelMpi", "mpi"]) {
      for (const framework of ["Python", "Cntk", "PyTorch", "TensorFlow"]) {
        const group = groupOf({
          framework,
          communicator,
          nodeCount: 2,
          mpi: { processCountPerNode: 2, nodeCount: 1 },
        });
        assert.equal(group.starter, "mpirun");
        assert.deepEqual(
          group.processes.map(({ name, node }) => [name, node]),
          [0, 1, 2, 3].map((rank) => [`rank ${rank}`, rank >> 1]),
        );
      }
    }
    const { processes, environment } = groupOf({
      communicator: "Mpi",
      nodeCount: 2,
      mpi: { processCountPerNode: 2 },
    });
    assert.deepEqual(processes[3]?.environment, {
      AZ_BATCHAI_JOB_WORK_DIR: `${FOLDER_MARK}/nodes/1/project`,
      AZ_BATCHAI_TASK_INDEX: "3",
      AZ_BATCH_IS_CURRENT_NODE_MASTER: "false",
      RANK: "3",
      LOCAL_RANK: "1",
      NODE_RANK: "1",
      OMPI_COMM_WORLD_RANK: "3",
      OMPI_COMM_WORLD_LOCAL_RANK: "1",
      OMPI_COMM_WORLD_NODE_RANK: "1",
    });
    assert.deepEqual(environment, {
      AZUREML_NODE_COUNT: "2",
      AZUREML_PARAMETER_Mpi_Process_Count_Per_Node: "2",
      AZ_BATCHAI_JOB_MASTER_NODE_IP: hostMark(0),
      AZ_BATCHAI_MPI_MASTER_NODE: hostMark(0),
      AZ_BATCHAI_WORKER_LIST: [0, 1].map(hostMark).join(","),
      AZ_BATCH_HOST_LIST: [0, 1].map(hostMark).join(","),
      AZ_BATCH_MASTER_NODE: `${hostMark(0)}:${portMark("master")}`,
      AZ_BATCH_NODE_LIST: [0, 1].map(hostMark).join(";"),
      LOCAL_WORLD_SIZE: "2",
      MASTER_ADDR: hostMark(0),
      MASTER_PORT: portMark("master"),
      OMPI_COMM_WORLD_LOCAL_SIZE: "2",
      OMPI_COMM_WORLD_SIZE: "4",
      OMPI_UNIVERSE_SIZE: "4",
      WORLD_SIZE: "4",
    });
  });

  it("of Cntk are started by mpirun without any communicator too", () => {
    assert.equal(groupOf({ framework: "Cntk" }).starter, "mpirun");
  });

  for (const communicator of ["Gloo", "Nccl", "gloo", "nccl"]) {
    it(`of PyTorch with ${communicator} are one a node, or processCount spread over them`, () => {
      const torch = { framework: "PyTorch", communicator, nodeCount: 2 };
      const ranks = (pytorch: JsonObject) =>
        groupOf({ ...torch, pytorch }).processes.map(({ environment: e }) => [
          e.RANK,
          e.LOCAL_RANK,
          e.NODE_RANK,
        ]);
      const one = [
        ["0", "0", "0"],
        ["1", "0", "1"],
      ];
      assert.deepEqual(ranks({ communicationBackend: "nccl", processCount: null, nodeCount: 1 }), one);
      assert.deepEqual(ranks({ processCount: 4 }), [
        ["0", "0", "0"],
        ["1", "1", "0"],
        ["2", "0", "1"],
        ["3", "1", "1"],
      ]);
      const { starter, environment } = groupOf({ ...torch, pytorch: { processCount: 4 } });
      assert.equal(starter, "direct");
      assert.equal(environment.WORLD_SIZE, "4");
      assert.equal(environment.LOCAL_WORLD_SIZE, "2");
      assert.equal(environment.MASTER_ADDR, hostMark(0));
      assert.equal(environment.MASTER_PORT, portMark("master"));
      assert.equal(environment.AZ_BATCHAI_PYTORCH_INIT_METHOD, `tcp://${hostMark(0)}:${portMark("master")}`);
    });
  }

  it("of TensorFlow's parameter servers are a chief, the workers and the servers, each with its TF_CONFIG", () => {
    const { processes, ports, environment } = groupOf({
      framework: "TensorFlow",
      communicator: "ParameterServer",
      nodeCount: 2,
      tensorflow: { workerCount: 2, parameterServerCount: 1 },
    });
    assert.deepEqual(
      processes.map(({ name, node, serves }) => [name, node, serves]),
      [
        ["chief", 0, undefined],
        ["worker 0", 0, true],
        ["worker 1", 1, true],
        ["ps 0", 0, true],
      ],
    );
    assert.deepEqual(ports, ["master", "chief-0", "worker-0", "worker-1", "ps-0"]);
    const at = (name: string, node = 0) => `${hostMark(node)}:${portMark(name)}`;
    assert.deepEqual(configOf(processes[2]), {
      cluster: { chief: [at("chief-0")], worker: [at("worker-0"), at("worker-1", 1)], ps: [at("ps-0")] },
      task: { type: "worker", index: 1 },
      environment: "cloud",
    });
    assert.equal(environment.AZ_BATCHAI_WORKER_HOSTS, `${at("worker-0")},${at("worker-1", 1)}`);
    assert.equal(environment.AZ_BATCHAI_PS_HOSTS, at("ps-0"));
    assert.equal(processes[3]?.environment.AZ_BATCHAI_TASK_TYPE, "ps");
  });

  it("of TensorFlow without parameter servers are the workers alone", () => {
    const { processes } = groupOf({
      framework: "TensorFlow",
      communicator: "ParameterServer",
      nodeCount: 2,
      tensorflow: { workerCount: 2, parameterServerCount: 0 },
    });
    assert.deepEqual(
      processes.map(({ name, serves }) => [name, serves]),
      [
        ["worker 0", undefined],
        ["worker 1", undefined],
      ],
    );
    assert.deepEqual(Object.keys(configOf(processes[0]).cluster), ["worker"]);
  });

  it("run a command as one process does", () => {
    const plan = planOf({ script: undefined, command: "echo $RANK", communicator: "Mpi" });
    assert.deepEqual(plan.group?.processes[0]?.argv.slice(4, 6), ["echo $RANK", "/env/bin"]);
  });

  it("take variables of the definition before those of the group, never before their own rank", () => {
    const { environment, processes } = groupOf({
      framework: "PyTorch",
      communicator: "Gloo",
      environmentVariables: { MASTER_PORT: "7000", RANK: "9" },
      arguments: ["$MASTER_PORT", "$RANK"],
    });
    assert.equal(environment.MASTER_PORT, undefined);
    assert.equal(processes[0]?.environment.RANK, "0");
    assert.deepEqual(processes[0]?.argv.slice(-2), ["7000", "0"]);
  });
});

describe("what stands in arguments", () => {
  const argumentsOf = (given: string[], more: JsonObject = {}) =>
    planOf({ arguments: given, ...more }).argv.slice(3);

  it("is put in without a shell, where the service knows it", () => {
    assert.deepEqual(
      argumentsOf([
        "$AZUREML_RUN_ID",
        "--id=$" + "{AZUREML_RUN_ID}/x",
        "$AZUREML_RUN_IDS",
        "$HOME",
        "$$",
        "$(ls)",
        "$AZUREML_RUN_TOKEN",
        "a $AZUREML_RUN_ID b",
      ]),
      ["r1", "--id=r1/x", "$AZUREML_RUN_IDS", "$HOME", "$$", "$(ls)", "$AZUREML_RUN_TOKEN", "a r1 b"],
    );
  });

  it("is looked at once", () => {
    const environmentVariables = { AZUREML_DATAREFERENCE_d: "/data/$AZUREML_RUN_ID" };
    assert.deepEqual(argumentsOf(["$AZUREML_DATAREFERENCE_d/f"], { environmentVariables }), [
      "/data/$AZUREML_RUN_ID/f",
    ]);
  });

  it("is each process's own", () => {
    const { processes } = groupOf({
      framework: "PyTorch",
      communicator: "Gloo",
      pytorch: { processCount: 2 },
      arguments: ["--local_rank=$LOCAL_RANK", "$NODE_RANK", "$AZ_BATCHAI_PYTORCH_INIT_METHOD"],
    });
    assert.deepEqual(
      processes.map(({ argv }) => argv.slice(3)),
      ["0", "1"].map((rank) => [`--local_rank=${rank}`, "0", `tcp://${hostMark(0)}:${portMark("master")}`]),
    );
  });
});

describe("a run of PySpark", () => {
  const sparkOf = (configuration: JsonObject, options: JsonObject = {}) =>
    planOf({ framework: "PySpark", arguments: ["$AZUREML_RUN_ID"], ...configuration }, options).argv;
  const script = ["../start.py", "train.py", "r1"];

  it("is submitted on this machine, by the properties of its configuration and of its environment", () => {
    const argv = sparkOf({
      spark: { configuration: { "spark.app.name": "Azure ML Experiment", "spark.yarn.maxAppAttempts": 1 } },
      environment: {
        spark: {
          repositories: ["https://a.example/maven", "/srv/maven"],
          packages: [
            { group: "g.h", artifact: "a_2.12", version: "1.0" },
            { group: "g", artifact: "b", version: "2" },
          ],
          precachePackages: false,
        },
      },
      hdi: { yarnDeployMode: "cluster" },
    });
    assert.deepEqual(argv, [
      "/env/bin/python",
      "../spark.py",
      "--master",
      "local[*]",
      "--repositories",
      "https://a.example/maven,/srv/maven",
      "--packages",
      "g.h:a_2.12:1.0,g:b:2",
      "--conf",
      "spark.app.name=Azure ML Experiment",
      "--conf",
      "spark.driver.host=127.0.0.1",
      "--conf",
      "spark.driver.bindAddress=127.0.0.1",
      "--conf",
      `spark.jars.ivy=${FOLDER_MARK}/ivy`,
      "--conf",
      "spark.yarn.maxAppAttempts=1",
      ...script,
    ]);
  });

  it("is given the files of packages that were fetched before, as jars and as modules", () => {
    const packages = [{ group: "g", artifact: "a", version: "1" }];
    const configuration = {
      framework: "PySpark",
      environment: { spark: { packages, repositories: ["/srv/maven"] } },
      spark: {
        configuration: {
          "spark.jars": "mine.jar",
          "spark.jars.packages": "g:never:1",
          "spark.jars.excludes": "g:c",
          "spark.executor.cores": 1,
        },
      },
    };
    const files = ["/e/jars/g_a-1.jar", "/e/jars/g_b-1.jar"];
    const { argv, environmentId, sparkJarsId } = planOf(configuration, {}, { sparkJars: { id: "j", files } });
    assert.deepEqual([environmentId, sparkJarsId], ["system", "j"]);
    const options = argv.slice(argv.indexOf("--jars"), argv.indexOf("../start.py"));
    assert.deepEqual(options.slice(0, 4), [
      "--jars",
      `mine.jar,${files.join(",")}`,
      "--py-files",
      files.join(","),
    ]);
    for (const gone of [
      "--packages",
      "--repositories",
      "spark.jars=mine.jar",
      "spark.jars.packages=g:never:1",
    ])
      assert.ok(!argv.includes(gone), gone);
    assert.ok(argv.includes("spark.executor.cores=1"));
    // Without them the run fetches by itself.
    assert.ok(planOf(configuration).argv.includes("--packages"));
  });

  it("asks for packages before it starts, unless it is to fetch them itself", () => {
    const packages = [{ group: "g", artifact: "a", version: "1" }];
    const askOf = (spark: JsonObject, more: JsonObject = {}) =>
      sparkJarsAsk(
        parseDefinition({
          configuration: { script: "s.py", framework: "PySpark", environment: { spark }, ...more },
        }).definition.configuration,
      );
    const more = {
      environmentVariables: { JAVA_HOME: "/java", OTHER: "x" },
      spark: { configuration: { "spark.jars.excludes": "g:c", "spark.executor.cores": 1 } },
    };
    assert.deepEqual(askOf({ packages, repositories: ["/srv/maven"] }, more), {
      packages: ["g:a:1"],
      repositories: ["/srv/maven"],
      properties: { "spark.jars.excludes": "g:c" },
      variables: { JAVA_HOME: "/java" },
    });
    assert.ok(askOf({ packages, precachePackages: true }));
    assert.equal(askOf({ packages, precachePackages: false }), undefined);
    assert.equal(askOf({ packages: [] }), undefined);
    assert.equal(askOf({ packages }, { framework: "Python" }), undefined);
    const own = { spark: { configuration: { "spark.jars.ivySettings": "ivy.xml" } } };
    assert.equal(askOf({ packages }, own), undefined);
  });

  it("goes to the master that its target names, or its own configuration before that", () => {
    const masterOf = (argv: readonly string[]) => argv[argv.indexOf("--master") + 1];
    const options = { sparkMaster: "spark://box:7077" };
    assert.equal(masterOf(sparkOf({}, options)), "spark://box:7077");
    const own = sparkOf({ spark: { configuration: { "spark.master": "local[2]" } } }, options);
    assert.equal(masterOf(own), "local[2]");
    assert.ok(!own.includes("spark.master=local[2]"));
  });

  it("is put by hdi.yarnDeployMode where YARN is the master, and only there", () => {
    const modeOf = (yarnDeployMode: string | undefined, sparkMaster: string) => {
      const argv = sparkOf({ hdi: { yarnDeployMode } }, { sparkMaster });
      const at = argv.indexOf("--deploy-mode");
      return at < 0 ? undefined : argv[at + 1];
    };
    assert.equal(modeOf("client", "yarn"), "client");
    assert.equal(modeOf("cluster", "yarn"), "cluster");
    assert.equal(modeOf("none", "yarn"), "cluster");
    assert.equal(modeOf(undefined, "yarn"), "cluster");
    for (const master of ["spark://box:7077", "k8s://https://box", "local[2]"])
      assert.equal(modeOf("cluster", master), undefined);
    assert.deepEqual(sparkOf({ hdi: { yarnDeployMode: "cluster" } }, { sparkMaster: "yarn" }).slice(-2), [
      "train.py",
      "r1",
    ]);
    const own = { spark: { configuration: { "spark.submit.deployMode": "client" } } };
    assert.ok(!sparkOf(own, { sparkMaster: "yarn" }).includes("--deploy-mode"));
  });
});
