// The place of a fault in JSON: right for faults that are known, and found for exactly the texts that are not JSON.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonFault } from "./jsonFault.ts";

describe("jsonFault", () => {
  const cases: readonly [string, string][] = [
    ['{"filter": }', "line 1, column 12"],
    ["{", "line 1, column 2"],
    ['{"a":1,}', "line 1, column 8"],
    ['{"a":1\n "b":2}', "line 2, column 2"],
    ["[1 2]", "line 1, column 4"],
    ["[1}", "line 1, column 3"],
    ["{'a':1}", "line 1, column 2"],
    ["NaN", "line 1, column 1"],
    ["01", "line 1, column 1"],
    ["1 2", "line 1, column 3"],
    ['"a\nb"', "line 1, column 1"],
    ['["\\x"]', "line 1, column 2"],
    ["", "line 1, column 1"],
    ["truex", "line 1, column 1"],
  ];
  for (const [text, place] of cases) it(JSON.stringify(text), () => assert.equal(jsonFault(text), place));

  it("finds a fault exactly where the engine refuses the text", () => {
    const isJson = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"\\n"',
      "1",
      "-0.5e3",
      "true",
      "null",
      " ",
      "x",
      '"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        assert.equal(jsonFault(text) === undefined, isJson(text), text);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.json(), (text) => assert.equal(jsonFault(text), undefined)));
  });
  it("does not search texts that are very long", () =>
    assert.equal(jsonFault(" ".repeat(2 ** 20 + 1)), undefined));
});
