import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ComputeTarget, TargetQueue } from "@malachite/client";
import { sharedLines } from "./lines.ts";
import { submitTo } from "./moreTargets.ts";

const target = (name: string): ComputeTarget => ({ name, kind: "process", usable: true });
const queue = (name: string, ...sharedWith: string[]) => ({
  queue: { target: name, sharedWith } as unknown as TargetQueue,
});

describe("lines", () => {
  it("are shown once for all targets that share them", () => {
    const targets = ["local", "night", "cpu"].map(target);
    const lines = sharedLines(targets, [queue("local", "cpu"), queue("night"), queue("cpu", "local")]);
    assert.deepEqual(
      lines.map((line) => [line.targets.map(({ name }) => name), line.queue?.target]),
      [
        [["local", "cpu"], "local"],
        [["night"], "night"],
      ],
    );
  });

  it("that could not be read are shown with what went wrong", () => {
    const error = new Error("away");
    assert.deepEqual(sharedLines([target("local")], [{ error }]), [{ targets: [target("local")], error }]);
  });

  it("are told to the command line as words of a shell", () => {
    assert.equal(submitTo("cpu-cluster"), "malachite submit --target cpu-cluster");
    assert.equal(submitTo("*"), "malachite submit --target NAME");
  });
});
