import assert from "node:assert/strict";
import { it } from "node:test";
import { marksOf } from "./marks.ts";

it("marks are round and within the axis", () => {
  assert.deepEqual(marksOf([0, 1], 5).values, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(marksOf([-100, 100], 4).values, [-100, -50, 0, 50, 100]);
  assert.deepEqual(marksOf([3, 3], 4).values, [3]);
  assert.deepEqual(marksOf([Number.NEGATIVE_INFINITY, 1], 4).values, [Number.NEGATIVE_INFINITY]);
});
