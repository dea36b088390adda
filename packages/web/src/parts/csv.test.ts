import assert from "node:assert/strict";
import { it } from "node:test";
import { csvLine } from "./csv.ts";

it("cells are quoted where they must be, and texts are never formulas", () => {
  assert.equal(
    csvLine([1, -2.5, "a,b", 'say "x"', null, undefined, true]),
    '1,-2.5,"a,b","say ""x""",,,true\r\n',
  );
  assert.equal(csvLine(["=1+1", "@x", "-x", "a\nb"]), "'=1+1,'@x,'-x,\"a\nb\"\r\n");
  assert.equal(csvLine([Number.NaN, Number.POSITIVE_INFINITY]), "NaN,Infinity\r\n");
});
