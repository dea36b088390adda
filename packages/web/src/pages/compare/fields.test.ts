import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Run, WholeRunDefinition } from "@malachite/client";
import { argumentsOf, fieldsOf, numericFields } from "./fields.ts";

const run = (more: Partial<Run>) => more as Run;
const definition = (resolved: Record<string, unknown>) => ({ runId: "r", resolved }) as WholeRunDefinition;

describe("fields of runs side by side", () => {
  it("read arguments by their names", () => {
    assert.deepEqual(argumentsOf(["--lr", "0.1", "--fast", "--x=1", "in.csv", "-n", "-3"]), {
      "--lr": "0.1",
      "--fast": "given",
      "--x": "1",
      "argument 1": "in.csv",
      "-n": "-3",
    });
    assert.deepEqual(argumentsOf(undefined), {});
  });

  it("tell which differ, also where a run lacks one", () => {
    const fields = fieldsOf([
      {
        run: run({ status: "Completed", tags: { a: "1" } }),
        definition: definition({
          script: "a.py",
          arguments: ["--lr", "1"],
          environment: { python: { x: [1, 2] } },
        }),
        values: { metrics: { loss: { value: Number.NaN, step: 0, at: "" } }, params: {} },
      },
      {
        run: run({ status: "Completed", tags: { a: "1", __proto__x: "2" } }),
        definition: definition({
          script: "b.py",
          arguments: ["--lr", "2"],
          environment: { python: { x: [1, 2] } },
        }),
        values: { metrics: { loss: { value: Number.NaN, step: 0, at: "" } }, params: {} },
      },
    ]);
    const differing = fields
      .filter(({ differs }) => differs)
      .map(({ group, name, values }) => [group, name, values]);
    assert.deepEqual(differing, [
      ["Arguments", "--lr", ["1", "2"]],
      ["Tags", "__proto__x", [undefined, "2"]],
      ["Definition", "script", ["a.py", "b.py"]],
    ]);
    assert.deepEqual(numericFields(fields), [{ name: "--lr", values: [1, 2] }]);
  });
});
