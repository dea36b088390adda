import assert from "node:assert/strict";
import { it } from "node:test";
import { mostConfused, sharesOf } from "./confusion.ts";

it("a confusion matrix has shares by true class, and pairs that are mixed up", () => {
  const matrix = {
    type: "confusion_matrix" as const,
    labels: ["a", "b"],
    matrix: [
      [3, 1],
      [0, 0],
    ],
  };
  assert.deepEqual(sharesOf(matrix), [
    [0.75, 0.25],
    [0, 0],
  ]);
  assert.deepEqual(mostConfused(matrix), [{ truth: "a", predicted: "b", count: 1 }]);
});
