import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choosePython, isPlainConstraint, minorOf } from "./condaVersion.ts";

const HERE = ["3.6.15", "3.8.2", "3.8.18", "3.10.13", "3.11.7"];

describe("the python that a conda constraint means", () => {
  const rows: readonly (readonly [string, string | undefined, boolean?])[] = [
    ["=3.8", "3.8.18"],
    ["=3.8.2", "3.8.2"],
    ["==3.8.2", "3.8.2"],
    ["3.8.*", "3.8.18"],
    ["=3.8.*", "3.8.18"],
    [">=3.8", "3.11.7"],
    [">=3.6,<3.9", "3.8.18"],
    ["3.6.*|3.8.*", "3.8.18"],
    ["~=3.8.3", "3.8.18"],
    ["!=3.11.7,>3.8", "3.10.13"],
    ["=3.1", undefined],
    ["=3", "3.11.7"],
    // The SDK asks for one patch, always.
    ["=3.8.13", "3.8.18", false],
    ["==3.8.13", "3.8.18", false],
    ["3.8", "3.8.18", false],
    ["=3.9.1", undefined],
    [">=3.12", undefined],
    [">=3.8.19,<3.9", undefined],
  ];
  for (const [constraint, version, exact = true] of rows)
    it(`${constraint} is ${version ?? "none of them"}${exact ? "" : ", another patch"}`, () => {
      assert.deepEqual(
        choosePython(constraint, HERE),
        version === undefined ? undefined : { version, exact },
      );
    });

  it("leaves builds and words to a solver", () => {
    for (const constraint of ["=3.8.13=h12", "3.8.13 h12", "[version='3.8']", "abc"])
      assert.equal(isPlainConstraint(constraint), false, constraint);
  });

  it("knows the minor to fetch where one is named", () => {
    assert.deepEqual(["=3.8.13", "3.8.*", "=3", ">=3.8", "=3.8,<3.9"].map(minorOf), [
      "3.8",
      "3.8",
      undefined,
      undefined,
      undefined,
    ]);
  });
});
