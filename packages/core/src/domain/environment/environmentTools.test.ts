import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "../failure/malachiteError.ts";
import type { TargetSettings } from "../launch/launchPlan.ts";
import { environmentTools } from "./environmentTools.ts";

const target = (options: Record<string, unknown>) =>
  ({ name: "lab", kind: "process", pool: "lab", options }) as TargetSettings;

describe("tools for environments that a target names", () => {
  it("are read as they are told, and are none where nothing is told", () => {
    assert.equal(environmentTools(target({ memoryMiB: 5, toolPath: [], condaChannels: [] })), undefined);
    const told = {
      setup: "~/setup.sh",
      toolPath: ["/opt/uv/bin", "~/bin"],
      packageIndex: "https://index.lab/simple",
      condaChannels: ["conda-forge=https://conda.lab/forge", "*=file:///srv/conda"],
    };
    assert.deepEqual(environmentTools(target({ ...told, cpus: 1 })), told);
  });

  for (const [option, value, why] of [
    ["setup", "module load cuda", /absolute path of a file/],
    ["setup", "/a\nb", /absolute path/],
    ["toolPath", "/opt/bin", /list of absolute paths/],
    ["toolPath", ["bin"], /list of absolute paths/],
    ["toolPath", ["/a:/b"], /list of absolute paths/],
    ["packageIndex", "pypi", /begins with https/],
    ["packageIndex", "file:///srv/simple", /begins with https/],
    ["packageIndex", "https://me:word@index.lab/simple", /holds a login/],
    ["condaChannels", ["conda-forge"], /must be a list of texts such as/],
    ["condaChannels", { "conda-forge": "https://conda.lab" }, /must be a list/],
    ["condaChannels", ["*=https://conda.lab/t/abcdef0123/forge"], /holds a login or a token/],
    ["condaChannels", ["*=https://me:word@conda.lab/forge"], /holds a login or a token/],
  ] as const)
    it(`refuse ${option}: ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => environmentTools(target({ [option]: value })),
        (error) =>
          isMalachiteError(error) &&
          error.code === "UnsupportedField" &&
          error.message.startsWith(`Option ${option} of compute target 'lab' `) &&
          why.test(error.message) &&
          !error.message.includes("word"),
      );
    });
});
