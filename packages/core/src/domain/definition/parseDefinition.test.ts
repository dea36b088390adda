import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "../failure/malachiteError.ts";
import { parseDefinition } from "./parseDefinition.ts";
import { givenVariables } from "./runDefinition.ts";
import { showDefinition } from "./showDefinition.ts";
import { SDK_DEFINITIONS } from "./testing/sdkDefinitions.ts";

const faultsOf = (sent: unknown): { code: string; targets: string[] } => {
  try {
    parseDefinition(sent);
  } catch (error) {
    assert.ok(error instanceof MalachiteError);
    return { code: error.code, targets: error.details.map((detail) => detail.target) };
  }
  throw new assert.AssertionError({ message: "the definition was taken" });
};

describe("parseDefinition", () => {
  it("fills in what the contract says is the default", () => {
    const { definition } = parseDefinition({ configuration: { script: "train.py" } });
    assert.equal(definition.configuration.target, "local");
    assert.equal(definition.runType, "experiment");
    assert.deepEqual(definition.configuration.arguments, []);
  });

  it("matches property names in any case, keeps the keys of free maps and what it does not know", () => {
    const { definition } = parseDefinition({
      Configuration: {
        SCRIPT: "./a.py",
        NodeCount: "1",
        MaxRunDurationSeconds: "84000",
        Environment: { EnvironmentVariables: { FooBar: "x", foobar: "y" } },
        Flavor: { A: 1 },
      },
      TelemetryValues: { amlClientType: "azureml-sdk-core" },
    });
    assert.equal(definition.configuration.script, "a.py");
    assert.equal(definition.configuration.maxRunDurationSeconds, 84000);
    assert.deepEqual(definition.configuration.environment?.environmentVariables, {
      FooBar: "x",
      foobar: "y",
    });
    assert.deepEqual((definition as Record<string, unknown>).TelemetryValues, {
      amlClientType: "azureml-sdk-core",
    });
    assert.deepEqual((definition.configuration as Record<string, unknown>).Flavor, { A: 1 });
  });

  it("names every fault at once, each with its path", () => {
    const { code, targets } = faultsOf({
      configuration: {
        arguments: ["ok", "a\0b"],
        nodeCount: 0,
        maxRunDurationSeconds: -5,
        environment: { environmentVariables: { "A=B": "x", AZUREML_RUN_ID: "me" } },
      },
    });
    assert.equal(code, "InvalidDefinition");
    assert.deepEqual(targets.sort(), [
      "configuration.arguments[1]",
      "configuration.environment.environmentVariables.A=B",
      "configuration.environment.environmentVariables.AZUREML_RUN_ID",
      "configuration.maxRunDurationSeconds",
      "configuration.nodeCount",
      "configuration.script",
    ]);
  });

  it("names faults of shape with their paths too", () => {
    const { targets } = faultsOf({
      configuration: { script: 5, framework: "Cobol", arguments: "x", history: { directoriesToWatch: [1] } },
    });
    assert.deepEqual(targets.sort(), [
      "configuration.arguments",
      "configuration.framework",
      "configuration.history.directoriesToWatch[0]",
      "configuration.script",
    ]);
  });

  it("names faults of shape, of values and what it does not do in one answer, and nothing twice", () => {
    const { code, targets } = faultsOf({
      configuration: {
        script: "../a.py",
        framework: "Cobol",
        nodeCount: "many",
        arguments: [{}, "a\0"],
        history: 5,
        communicator: "Smoke",
        environment: { environmentVariables: { "A=": "x", B: [] } },
      },
    });
    assert.equal(code, "InvalidDefinition");
    assert.deepEqual(targets.sort(), [
      "configuration.arguments[0]",
      "configuration.arguments[1]",
      "configuration.communicator",
      "configuration.environment.environmentVariables.A=",
      "configuration.environment.environmentVariables.B",
      "configuration.framework",
      "configuration.history",
      "configuration.nodeCount",
      "configuration.script",
    ]);
  });

  for (const sent of [
    null,
    5,
    "x",
    [],
    { configuration: 5 },
    { configuration: [] },
    { configuration: { environment: 5, history: [], arguments: {}, script: {} } },
  ]) {
    it(`refuses ${JSON.stringify(sent)} without falling over it`, () => {
      assert.equal(faultsOf(sent).code, "InvalidDefinition");
    });
  }

  it("refuses by name what it understands and does not do", () => {
    const { code, targets } = faultsOf({
      configuration: {
        script: "a.py",
        data: { d: { dataLocation: { dataset: { id: "x" } }, mechanism: "mount" } },
      },
    });
    assert.equal(code, "UnsupportedField");
    assert.deepEqual(targets.sort(), ["configuration.data.d.dataLocation.dataset"]);
  });

  it("refuses by name what asks for machines to be made, and takes what clients always send of it", () => {
    const amlcompute = {
      vmSize: "STANDARD_D2_V2",
      vmPriority: "lowpriority",
      retainCluster: true,
      name: "mine",
      clusterMaxNodeCount: 4,
    };
    const { code, targets } = faultsOf({
      TargetDetails: { address: "10.0.0.4" },
      configuration: { script: "a.py", amlcompute, kubernetescompute: { instanceType: "gpu" } },
    });
    assert.equal(code, "UnsupportedField");
    assert.deepEqual(targets.sort(), [
      "configuration.amlcompute.clusterMaxNodeCount",
      "configuration.amlcompute.name",
      "configuration.amlcompute.retainCluster",
      "configuration.amlcompute.vmPriority",
      "configuration.amlcompute.vmSize",
      "configuration.kubernetescompute.instanceType",
      "targetDetails",
    ]);
    const usual = {
      vmSize: null,
      vmPriority: null,
      retainCluster: false,
      name: null,
      clusterMaxNodeCount: 1,
    };
    parseDefinition({ TargetDetails: null, configuration: { script: "a.py", amlcompute: usual } });
  });

  it("takes a priority from -1000 to 1000", () => {
    const priority = (value: unknown) =>
      parseDefinition({ configuration: { script: "a.py", priority: value } }).definition.configuration
        .priority;
    assert.deepEqual([priority(-1000), priority("1000"), priority(null)], [-1000, 1000, undefined]);
    for (const value of [-1001, 1001, 2 ** 31])
      assert.deepEqual(faultsOf({ configuration: { script: "a.py", priority: value } }).targets, [
        "configuration.priority",
      ]);
  });

  it("takes the empty values that real clients always send", () => {
    parseDefinition({
      configuration: {
        script: "a.py",
        command: "",
        dataReferences: {},
        data: {},
        outputData: {},
        nodeCount: 1,
        framework: "Python",
        communicator: "None",
        priority: null,
        environment: {
          name: "env",
          python: {
            userManagedDependencies: true,
            interpreterPath: "python",
            condaDependencies: { dependencies: ["python=3.8"] },
          },
          docker: { enabled: false, baseImage: "x" },
          spark: { packages: [] },
        },
        amlcompute: { vmSize: null },
        docker: { useDocker: false },
        credentialPassthrough: false,
      },
    });
  });

  it("takes a command instead of a script, as a line or as the words of one", () => {
    const commandOf = (command: unknown) =>
      parseDefinition({ configuration: { command } }).definition.configuration;
    assert.equal(commandOf("echo $HOME && ls").command, "echo $HOME && ls");
    assert.equal(commandOf(["python", "a.py", "--x", "1"]).command, "python a.py --x 1");
    assert.equal(commandOf("ls").script, "");
    assert.equal(
      parseDefinition({ configuration: { script: "a.py", command: " " } }).definition.configuration.command,
      undefined,
    );
  });

  it("refuses a command beside a script or arguments, and one that no shell can be given", () => {
    const targets = (configuration: object) => faultsOf({ configuration }).targets;
    assert.deepEqual(targets({ script: "a.py", command: "ls" }), ["configuration.command"]);
    assert.deepEqual(targets({ command: "ls", arguments: ["-l"] }), ["configuration.arguments"]);
    assert.deepEqual(targets({ command: "a\0b" }), ["configuration.command"]);
    assert.deepEqual(targets({ command: ["ls", {}] }), ["configuration.command"]);
    assert.deepEqual(targets({ command: "x".repeat(131_072) }), ["configuration.command"]);
    assert.deepEqual(targets({ command: "", arguments: [] }), ["configuration.script"]);
  });

  it("takes numbers and booleans for the texts they are, as the SDK sends them", () => {
    const { configuration } = parseDefinition({
      configuration: { script: "a.py", arguments: ["--lr", 0.01, 5, true], environmentVariables: { A: 1 } },
    }).definition;
    assert.deepEqual(configuration.arguments, ["--lr", "0.01", "5", "true"]);
    assert.deepEqual(configuration.environmentVariables, { A: "1" });
    const { targets } = faultsOf({ configuration: { script: "a.py", arguments: [2 ** 60, null] } });
    assert.deepEqual(targets, ["configuration.arguments[0]", "configuration.arguments[1]"]);
  });

  it("takes the variables of the run beside those of its environment, and checks both", () => {
    const { definition } = parseDefinition({
      configuration: {
        script: "a.py",
        environmentVariables: { A: "run", B: "2" },
        environment: { environmentVariables: { A: "environment", C: "3" } },
      },
    });
    assert.deepEqual(givenVariables(definition.configuration), { A: "run", B: "2", C: "3" });
    assert.deepEqual(
      faultsOf({ configuration: { script: "a.py", environmentVariables: { AZUREML_RUN_TOKEN: "x" } } })
        .targets,
      ["configuration.environmentVariables.AZUREML_RUN_TOKEN"],
    );
  });

  it("refuses what the SDK can ask of a cluster and nothing of what it always sends", () => {
    for (const client of Object.values(SDK_DEFINITIONS)) {
      const configuration = { ...client, script: "train.py", target: "cpu" };
      parseDefinition({ Configuration: configuration, SnapshotId: null, TelemetryValues: {} });
      const python = { ...client.environment.python, userManagedDependencies: true };
      parseDefinition({
        Configuration: { ...configuration, environment: { ...client.environment, python } },
      });
    }
    const [newest] = Object.values(SDK_DEFINITIONS);
    const asks = {
      datacaches: [{ name: "c" }],
      applicationEndpoints: { e: { type: "Jupyter" } },
      autoClusterComputeSpecification: { instanceType: "x" },
      kubernetescompute: { instanceType: "gpu" },
      sourceDirectoryDataStore: "store",
    };
    const { code, targets } = faultsOf({
      configuration: { ...newest, script: "a.py", environment: {}, ...asks },
    });
    assert.equal(code, "UnsupportedField");
    assert.deepEqual(targets.sort(), [
      "configuration.applicationEndpoints",
      "configuration.autoClusterComputeSpecification",
      "configuration.datacaches",
      "configuration.kubernetescompute.instanceType",
      "configuration.sourceDirectoryDataStore",
    ]);
  });

  it("refuses by name a credential of a key vault, and takes the token that a run has in any case", () => {
    const asked = (ambientAuthentication: unknown) =>
      ({ configuration: { script: "a.py", history: { ambientAuthentication } } }) as const;
    for (const method of ["armtoken", "ServicePrincipal"])
      assert.deepEqual(faultsOf(asked({ method, secret: "s" })).targets, [
        "configuration.history.ambientAuthentication",
      ]);
    for (const method of [undefined, null, "none", "runtoken"])
      assert.ok(parseDefinition(asked({ method })).definition);
    assert.ok(parseDefinition(asked(null)).definition);
  });

  it("refuses by name what an environment can ask for that is Azure's or another system's", () => {
    const environment = {
      r: { rVersion: "4.0" },
      databricks: { eggLibraries: [], mavenLibraries: [{ coordinates: "a:b:1" }] },
      python: { condaDependenciesFile: "conda.yml" },
      docker: {
        buildContext: { location: "https://example.org/x.git" },
        platform: { os: "windows", architecture: "amd64" },
        baseImageRegistry: { registryIdentity: { resourceId: "x" } },
      },
    };
    const { code, targets } = faultsOf({ configuration: { script: "a.py", environment } });
    assert.equal(code, "UnsupportedField");
    assert.deepEqual(targets.sort(), [
      "configuration.environment.databricks",
      "configuration.environment.docker.baseImageRegistry.registryIdentity",
      "configuration.environment.docker.buildContext",
      "configuration.environment.docker.platform",
      "configuration.environment.python.condaDependenciesFile",
      "configuration.environment.r",
    ]);
    const arm = { docker: { platform: { os: "Linux", architecture: "arm64" } } };
    assert.deepEqual(faultsOf({ configuration: { script: "a.py", environment: arm } }).targets, [
      "configuration.environment.docker.platform",
    ]);
    parseDefinition({
      configuration: {
        script: "a.py",
        environment: {
          databricks: { eggLibraries: [], jarLibraries: null },
          docker: { platform: { os: "Linux", architecture: "amd64" } },
        },
      },
    });
  });

  it("shows the configuration at the top too, with the nulls that were sent", () => {
    const [client] = Object.values(SDK_DEFINITIONS);
    const python = { ...client?.environment.python, userManagedDependencies: true };
    const { definition, sent } = parseDefinition({
      TargetDetails: null,
      Configuration: { ...client, script: "train.py", environment: { ...client?.environment, python } },
      SnapshotId: null,
    });
    const shown = showDefinition(definition, sent) as never as typeof client & Record<string, unknown>;
    assert.equal(shown?.script, "train.py");
    assert.equal(shown?.command, "");
    assert.equal(shown?.environment.version, null);
    assert.equal(shown?.environment.name, "default-environment");
    assert.deepEqual([shown?.TargetDetails, shown?.SnapshotId, shown?.runType], [null, null, "experiment"]);
    assert.ok(!("prepareOnly" in (shown ?? {})));
  });

  for (const script of ["../x.py", "/etc/passwd", "a/../../b.py", "a\0.py", ""]) {
    it(`refuses the script ${JSON.stringify(script)}`, () => {
      assert.deepEqual(faultsOf({ configuration: { script } }).targets, ["configuration.script"]);
    });
  }

  it("keeps a registry's password apart from all that is handed back", () => {
    const sent = {
      configuration: {
        script: "a.py",
        environment: { docker: { baseImageRegistry: { address: "r", username: "u", password: "hunter2" } } },
      },
    };
    const { registryPassword, ...kept } = parseDefinition(sent);
    assert.equal(registryPassword, "hunter2");
    assert.ok(!JSON.stringify(kept).includes("hunter2"));
  });
});
