import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "../failure/malachiteError.ts";
import { parseDefinition } from "./parseDefinition.ts";

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
        arguments: [1, "a\0"],
        history: 5,
        communicator: "Mpi",
        environment: { environmentVariables: { "A=": "x", B: 1 } },
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
        framework: "pyspark",
        communicator: "MPI",
        nodeCount: 4,
        command: "echo hi",
        dataReferences: { d: { dataStoreName: "x" } },
        environment: {
          python: { userManagedDependencies: false, condaDependencies: { dependencies: ["python=3.8"] } },
          docker: { enabled: true },
        },
      },
    });
    assert.equal(code, "UnsupportedField");
    assert.deepEqual(targets.sort(), [
      "configuration.command",
      "configuration.communicator",
      "configuration.dataReferences",
      "configuration.environment.docker.enabled",
      "configuration.environment.python.userManagedDependencies",
      "configuration.framework",
      "configuration.nodeCount",
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

  for (const script of ["../x.py", "/etc/passwd", "a/../../b.py", "a\0.py", ""]) {
    it(`refuses the script ${JSON.stringify(script)}`, () => {
      assert.deepEqual(faultsOf({ configuration: { script } }).targets, ["configuration.script"]);
    });
  }

  it("never keeps a registry's password", () => {
    const sent = {
      configuration: {
        script: "a.py",
        environment: { docker: { baseImageRegistry: { address: "r", username: "u", password: "hunter2" } } },
      },
    };
    assert.ok(!JSON.stringify(parseDefinition(sent)).includes("hunter2"));
  });
});
