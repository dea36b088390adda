import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fits } from "./globs.ts";

describe("patterns of outputs", () => {
  for (const [pattern, yes, no] of [
    ["*.csv", ["a.csv", "deep/er/b.csv"], ["a.csv.gz", "acsv"]],
    ["**/*.csv", ["a.csv", "x/b.csv"], ["a.txt"]],
    ["x/?.txt", ["x/a.txt"], ["x/ab.txt", "y/a.txt"]],
    ["[ab]*", ["a1", "b"], ["c"]],
    ["[!ab]1", ["c1"], ["a1"]],
    ["a+b(c).txt", ["a+b(c).txt"], ["aab(c).txt"]],
    ["[]]x", ["]x"], ["x"]],
    ["[", ["["], ["a"]],
    ["[a-c-]x", ["bx", "-x"], ["dx"]],
    ["*a*b", ["xaybb"], ["ba"]],
  ] as const)
    it(pattern, () => {
      for (const path of yes) assert.ok(fits(path, [pattern]), path);
      for (const path of no) assert.ok(!fits(path, [pattern]), path);
    });

  it("are all files when there are none, and never take for ever", () => {
    assert.ok(fits("x", []));
    const begun = performance.now();
    assert.ok(!fits("a".repeat(4000), [`${"*a".repeat(1000)}b`]));
    assert.ok(performance.now() - begun < 5000);
  });
});
