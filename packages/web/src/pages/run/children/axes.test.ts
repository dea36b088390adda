import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunPoint } from "@malachite/client";
import { axisOf, brushed, columnsOf, evenTicks, firstColumns, shortNumber } from "./axes.ts";

const point = (
  at: number,
  params: Record<string, string>,
  metrics: Record<string, number | string>,
  tags: Record<string, string> = {},
): RunPoint => ({
  runId: `r${at}`,
  experimentName: "e",
  runNumber: at,
  status: "Completed",
  createdUtc: "2026-01-01T00:00:00Z",
  params,
  metrics,
  tags,
  properties: {},
});
const points = [
  point(0, { lr: "0.0001", opt: "sgd", same: "1" }, { loss: 3 }),
  point(1, { lr: "0.1", opt: "adam", same: "1" }, { loss: 1 }),
  point(2, { lr: "0.01", same: "1" }, { loss: "NaN" }),
];
const axis = (name: string) => {
  const column = columnsOf(points).find((one) => one.name === name);
  assert.ok(column);
  return axisOf(points, column);
};

describe("Axes of runs", () => {
  test("are the columns that any run has; those that differ come first", () => {
    assert.deepEqual(
      columnsOf(points).map(({ id }) => id),
      ["params/lr", "params/opt", "params/same", "metrics/loss"],
    );
    assert.deepEqual(
      firstColumns(points, columnsOf(points)).map(({ name }) => name),
      ["lr", "opt", "loss"],
    );
  });
  test("place numbers between the least and the greatest, by their powers where they span many", () => {
    const lr = axis("lr");
    assert.equal(lr.kind, "log");
    assert.deepEqual(
      [...lr.places].map((n) => Number(n.toFixed(3))),
      [0, 1, 0.667],
    );
    assert.deepEqual([...axis("loss").places], [1, 0, Number.NaN]);
    assert.equal(axis("loss").valueAt(0.5), 2);
    assert.ok(Math.abs(Number(lr.valueAt(2 / 3)) - 0.01) < 1e-9);
  });
  test("place words in their order, and runs without a value nowhere", () => {
    const opt = axis("opt");
    assert.equal(opt.kind, "words");
    assert.deepEqual([...opt.places], [1, 0, Number.NaN]);
    assert.deepEqual(
      opt.ticks.map(({ text }) => text),
      ["adam", "sgd"],
    );
  });
  test("use tags where runs have no parameters", () => {
    const tagged = [point(0, {}, {}, { lr: "1" }), point(1, {}, {}, { lr: "2" })];
    assert.deepEqual(
      firstColumns(tagged, columnsOf(tagged)).map(({ id }) => id),
      ["tags/lr"],
    );
  });
  test("are brushed: a run is in where it is in all", () => {
    const axes = [axis("lr"), axis("loss")];
    assert.deepEqual([...brushed(axes, { "params/lr": { from: 0.5, to: 1 } }, 3)], [0, 1, 1]);
    assert.deepEqual(
      [...brushed(axes, { "params/lr": { from: 0.5, to: 1 }, "metrics/loss": { from: 0, to: 1 } }, 3)],
      [0, 1, 0],
    );
  });
  test("have round ticks", () => {
    assert.deepEqual(evenTicks(0, 1).map(shortNumber), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    assert.deepEqual(evenTicks(3, 3), [3]);
    assert.equal(shortNumber(1e-5), "1e-5");
    assert.equal(shortNumber(123456789), "1.2e+8");
  });
});
