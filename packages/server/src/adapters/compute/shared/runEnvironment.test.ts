import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError, type Launch, type LaunchKey } from "@malachite/core";
import { inheritedEnvironment, prepareCommand } from "./runEnvironment.ts";

const target = { name: "t", kind: "process", pool: "t", options: {} };
const launch = (
  environment: Record<string, string>,
  secrets = {},
  argv: readonly string[] = ["x"],
): Launch => ({
  plan: { key: "k" as LaunchKey, target, argv, environment, folders: [], nodes: 1 },
  secrets,
});

describe("inheritedEnvironment", () => {
  it("takes the documented variables and nothing else", () => {
    const own = {
      PATH: "/p",
      HOME: "/h",
      LC_ALL: "C",
      AWS_SECRET: "s",
      NODE_OPTIONS: "x",
      LD_PRELOAD: "y",
      LC_: "no",
    };
    assert.deepEqual(inheritedEnvironment(own), { PATH: "/p", HOME: "/h", LC_ALL: "C", LANG: "C.UTF-8" });
    assert.match(inheritedEnvironment({}).PATH ?? "", /\/usr\/bin/);
  });
});

describe("prepareCommand", () => {
  it("lets the plan override what is inherited, secrets the plan, and marks all", () => {
    const { env } = prepareCommand(
      launch({ A: "plan", B: "plan", MALACHITE_LAUNCH_KEY: "forged" }, { B: "secret" }),
      { A: "inherited", C: "inherited" },
      "/runs/k",
    );
    const expected = {
      A: "plan",
      B: "secret",
      C: "inherited",
      MALACHITE_LAUNCH_KEY: "k",
      MALACHITE_RUN_FOLDER: "/runs/k",
    };
    assert.deepEqual(env, expected);
  });

  it("hands odd names to the command as arguments, which secrets may not be", () => {
    const { env, argv } = prepareCommand(launch({ "a.b": "1 2" }), {}, "/f");
    assert.deepEqual(argv, ["env", "a.b=1 2", "x"]);
    assert.equal("a.b" in env, false);
    assert.throws(
      () => prepareCommand(launch({}, { "a.b": "s3cret" }), {}, "/f"),
      (error) => {
        assert.ok(isMalachiteError(error) && !error.message.includes("s3cret"));
        return true;
      },
    );
    assert.throws(() => prepareCommand(launch({ "a.b": "1" }, {}, ["x=y"]), {}, "/f"), /a\.b/);
  });

  it("keeps the loader's variables from the start script", () => {
    assert.equal(prepareCommand(launch({ LD_PRELOAD: "x.so" }), {}, "/f").env.MALACHITE_LD_PRELOAD, "x.so");
  });

  it("refuses what no program can be given", () => {
    const refused: Record<string, string>[] = [
      { "": "1" },
      { "a=b": "1" },
      { A: "\0" },
      { "\0": "" },
      { "-i": "1" },
    ];
    for (const environment of refused) {
      assert.throws(
        () => prepareCommand(launch(environment), {}, "/f"),
        isMalachiteError,
        JSON.stringify(environment),
      );
    }
    assert.throws(() => prepareCommand(launch({}, {}, []), {}, "/f"), isMalachiteError);
  });
});
