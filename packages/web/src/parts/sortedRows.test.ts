import assert from "node:assert/strict";
import { it } from "node:test";
import { sortedRows } from "./sortedRows.ts";

it("rows are sorted by one column, what is missing last", () => {
  assert.deepEqual(sortedRows([3, null, 1, Number.NaN, 2], false), [2, 4, 0, 1, 3]);
  assert.deepEqual(sortedRows([3, null, 1, Number.NaN, 2], true), [0, 4, 2, 1, 3]);
  assert.deepEqual(sortedRows(["b10", "b9", "a"], false), [2, 1, 0]);
  assert.deepEqual(sortedRows([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1], true), [0, 1, 2]);
});
