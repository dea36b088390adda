import assert from "node:assert/strict";
import { test } from "node:test";
import { type Lines, nearestLine } from "./linePainter.ts";

const lines: Lines = {
  places: [Float64Array.of(0, 1, Number.NaN), Float64Array.of(1, 0, 0.5)],
  xs: [0, 100],
  top: 0,
  bottom: 100,
  missing: 120,
};
const all = new Uint8Array(3).fill(1);

test("The line under the pointer is the nearest of those that are in", () => {
  assert.equal(nearestLine(lines, all, 0, 98), 0);
  assert.equal(nearestLine(lines, all, 25, 27), 1);
  assert.equal(nearestLine(lines, all, 2, 118), 2);
  assert.equal(nearestLine(lines, all, 50, 10), undefined);
  assert.equal(nearestLine(lines, Uint8Array.of(0, 1, 1), 0, 98), undefined);
});
