import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { argumentFacts, factsOf } from "./facts.ts";

describe("Facts of a run", () => {
  test("are its arguments as pairs", () => {
    const words = [
      "data.csv",
      "--lr",
      "0.1",
      "--fast",
      "--seed=7",
      "-n",
      "-3",
      "epochs=5",
      "https://x/y?a=b",
    ];
    assert.deepEqual(
      argumentFacts(words).map(({ name, value }) => [name, value]),
      [
        ["", "data.csv"],
        ["--lr", "0.1"],
        ["--fast", ""],
        ["--seed", "7"],
        ["-n", "-3"],
        ["epochs", "5"],
        ["", "https://x/y?a=b"],
      ],
    );
  });
  test("tell git from other properties, and hide what is said elsewhere", () => {
    const run = {
      properties: { "azureml.git.branch": "main", "malachite.exitCode": "0", ContentSnapshotId: "1" },
      scriptName: "train.py",
    };
    const groups = factsOf(run, {
      runDefinition: {
        configuration: {
          environment: {
            python: { condaDependencies: { dependencies: ["python=3.11", { pip: ["numpy"] }] } },
          },
        },
      },
    });
    assert.deepEqual(
      groups.map(({ title, facts }) => [title, facts.map(({ name, value }) => `${name}=${value}`)]),
      [
        ["What runs", ["script=train.py"]],
        ["Environment", ["packages=python=3.11\nnumpy"]],
        ["Git", ["branch=main"]],
        ["Properties", ["ContentSnapshotId=1"]],
      ],
    );
  });
});
