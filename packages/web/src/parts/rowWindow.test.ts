// Rows of very long lists: all can be reached, and those that are drawn cover what is seen.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { rowAt, rowWindow, scrollTo, scrollToShow } from "./rowWindow.ts";

const space = fc.record({
  count: fc.integer({ min: 0, max: 5_000_000 }),
  rowPx: fc.constantFrom(32, 56),
  viewPx: fc.integer({ min: 100, max: 2000 }),
});

describe("a window of rows", () => {
  it("covers the view, wherever it is scrolled", () => {
    fc.assert(
      fc.property(space, fc.double({ min: 0, max: 1, noNaN: true }), (rows, share) => {
        const { heightPx } = rowWindow(rows, 0);
        const scrollPx = share * Math.max(0, heightPx - rows.viewPx);
        const { from, to, topPx } = rowWindow(rows, scrollPx);
        assert.ok(from >= 0 && to <= rows.count);
        assert.ok(topPx <= scrollPx + 1e-6);
        const bottomPx = topPx + (to - from) * rows.rowPx;
        assert.ok(to === rows.count || bottomPx >= scrollPx + rows.viewPx - 1e-6);
        assert.ok(to - from <= rows.viewPx / rows.rowPx + 14);
      }),
    );
  });

  it("reaches the first and the last row", () => {
    const rows = { count: 1_000_000, rowPx: 36, viewPx: 700 };
    assert.equal(rowWindow(rows, 0).from, 0);
    const { heightPx } = rowWindow(rows, 0);
    assert.equal(rowWindow(rows, heightPx - rows.viewPx).to, rows.count);
    assert.equal(heightPx, 8_000_000);
  });

  it("goes to a row and knows that it is there", () => {
    fc.assert(
      fc.property(space, fc.double({ min: 0, max: 1, noNaN: true }), (rows, share) => {
        const row = Math.floor(share * Math.max(0, rows.count - rows.viewPx / rows.rowPx - 1));
        if (rows.count * rows.rowPx <= rows.viewPx) return;
        assert.ok(Math.abs(rowAt(rows, scrollTo(rows, row)) - row) < 0.01);
      }),
    );
  });

  it("moves no further than it must to show a row", () => {
    const rows = { count: 100, rowPx: 10, viewPx: 100 };
    assert.equal(scrollToShow(rows, 5, 0), 0);
    assert.equal(scrollToShow(rows, 10, 0), 10);
    assert.equal(scrollToShow(rows, 3, 200), 30);
  });
});
