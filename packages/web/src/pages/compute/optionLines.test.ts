import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOptionLines } from "./optionLines.ts";

describe("the options of a target, as they are typed", () => {
  it("are numbers, lists and texts", () => {
    assert.deepEqual(
      readOptionLines("runsAtOnce=2\n\n gpuIds = [0, 1]\nimage: python:3.12\nqos=\nheld=true\n"),
      {
        options: { runsAtOnce: 2, gpuIds: [0, 1], image: "python:3.12", qos: "", held: true },
      },
    );
    assert.deepEqual(readOptionLines(" \n"), { options: {} });
  });

  it("are told where they are none, or twice there", () => {
    assert.deepEqual(readOptionLines("partition"), {
      fault: "An option is NAME=VALUE, one a line; 'partition' is none.",
    });
    assert.deepEqual(readOptionLines("a=1\na=2"), { fault: "'a' is there twice." });
  });
});
