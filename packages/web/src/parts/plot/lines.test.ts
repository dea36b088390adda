import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MetricSeries } from "@malachite/client";
import { columnsOf, countMarks, lineOf, nearest, tableOfColumns } from "./lines.ts";

const series = (x: number[], mean: (number | null)[], more: Partial<MetricSeries> = {}): MetricSeries => ({
  ...{ runId: "r", name: "loss", axis: "step", total: x.length, width: 1 },
  ...{ firstX: x[0] ?? 0, lastX: x.at(-1) ?? 0, x, mean, min: mean, max: mean, last: mean },
  ...{ count: x.map(() => 1), nonFinite: [] },
  ...more,
});
const look = { key: "r", label: "run", look: 0 };

describe("lines of a plot", () => {
  it("have a spread only where values differ", () => {
    assert.equal(lineOf(series([1, 2], [3, 4]), look).max, undefined);
    const wide = lineOf(series([1, 2], [3, 4], { max: [3, 9], count: [1, 5] }), look);
    assert.deepEqual(wide.max, [3, 9]);
    assert.deepEqual(
      columnsOf([wide]).map(({ part }) => part),
      ["max", "min", "y"],
    );
  });

  it("keep the raw line when smoothed, and leave out what a logarithmic axis lacks", () => {
    const line = lineOf(series([0, 1, 2, 3], [1, 0, -1, 4]), look, { smooth: 0.5, log: true });
    assert.deepEqual(line.raw, [1, null, null, 4]);
    assert.equal(line.notAboveZero, 2);
    assert.equal(line.y[1], null);
  });

  it("share places: gaps stay gaps, places of others are drawn through", () => {
    const a = lineOf(series([1, 2, 3], [1, null, 3]), { ...look, key: "a" });
    const b = lineOf(series([2, 4], [7, 8]), { ...look, key: "b" });
    assert.deepEqual(tableOfColumns(columnsOf([a, b])), [
      [1, 2, 3, 4],
      [1, null, 3, undefined],
      [undefined, 7, undefined, 8],
    ]);
    assert.equal(tableOfColumns(columnsOf([a]))[0], a.x);
  });

  it("are found near a place", () => {
    assert.equal(nearest([0, 10, 20], 11, 5), 1);
    assert.equal(nearest([0, 10, 20], 16, 5), 2);
    assert.equal(nearest([0, 10], 30, 5), undefined);
    assert.equal(nearest([], 1, 5), undefined);
    assert.equal(nearest([4], 1, 5), 0);
  });

  it("count what cannot be placed", () => {
    const marks = [
      { value: "NaN" as const, x: 1, count: 2 },
      { value: "NaN" as const, x: 2, count: 1 },
    ];
    assert.deepEqual(countMarks([lineOf(series([1, 2], [null, 1], { nonFinite: marks }), look)]), [
      { value: "NaN", count: 3 },
    ]);
  });
});
