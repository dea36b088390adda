// Lines are counted and marked right, however the bytes come.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { countLineFeeds } from "./countLineFeeds.ts";
import { LineIndex, linesOf, MOST_MARKS, markBefore, NO_LINES } from "./lineIndex.ts";
import { anyLog, plainLines } from "./testing/anyLog.ts";

describe("line feeds", () => {
  it("are counted as by looking at each byte, wherever the bytes lie", () => {
    const bytes = fc
      .uint8Array({ maxLength: 3000 })
      .map((all) => all.map((byte) => (byte < 100 ? 10 : byte)));
    fc.assert(
      fc.property(bytes, fc.nat(8), fc.nat(3000), fc.nat(3000), (all, shift, from, to) => {
        const part = all.subarray(shift);
        const [first, last] = [Math.min(from, part.length), Math.min(to, part.length)];
        const right = part.subarray(first, last).filter((byte) => byte === 10).length;
        assert.equal(countLineFeeds(part, first, Math.max(first, last)), last < first ? 0 : right);
      }),
    );
  });
  it("are not confused with their neighbours", () => {
    for (const byte of [0x09, 0x0b, 0x8a, 0x00, 0xff, 0x1a, 0x2a])
      assert.equal(countLineFeeds(Buffer.alloc(1024, byte)), 0, String(byte));
    assert.equal(countLineFeeds(Buffer.alloc(100_000, 10)), 100_000);
  });
});

describe("the index of a log", () => {
  const indexed = (bytes: Buffer, cuts: readonly number[], gapBytes: number) => {
    let index = new LineIndex({ ...NO_LINES, gapBytes });
    const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
    let from = 0;
    for (const to of [...places, bytes.length]) {
      index.push(bytes.subarray(from, to));
      // As one that goes on later.
      index = new LineIndex(structuredClone(index.state()));
      from = to;
    }
    return index.state();
  };

  it("is the same however the bytes come, and its marks are where lines begin", () => {
    fc.assert(
      fc.property(anyLog, fc.array(fc.nat()), fc.integer({ min: 1, max: 64 }), (bytes, cuts, gapBytes) => {
        const state = indexed(bytes, cuts, gapBytes);
        assert.deepEqual(state, indexed(bytes, [], gapBytes));
        const lines = plainLines(bytes);
        assert.equal(linesOf(state), lines.length);
        assert.equal(state.ended, bytes.length === 0 || bytes.at(-1) === 10);
        const begins = [...lines.map((line) => line.offset), bytes.length];
        const { lines: numbers, offsets } = state.marks;
        numbers.forEach((line, i) => void assert.equal(offsets[i], begins[line - 1]));
        // One in each stretch in which a line begins.
        const stretches = new Set(offsets.map((offset) => Math.floor(offset / gapBytes)));
        assert.equal(stretches.size, offsets.length);
        for (const begin of begins.slice(0, lines.length))
          assert.ok(stretches.has(Math.floor(begin / gapBytes)), `a line at ${begin}`);
      }),
    );
  });

  it("has a bounded number of marks, and widens the gap for it", () => {
    const bytes = Buffer.from("x\n".repeat(50_000));
    const state = indexed(bytes, [12_345, 77_777], 2);
    assert.ok(state.marks.lines.length <= MOST_MARKS);
    assert.ok(state.marks.lines.length > MOST_MARKS / 4);
    assert.deepEqual(state, indexed(bytes, [1], 2));
    state.marks.lines.forEach((line, i) => void assert.equal(state.marks.offsets[i], (line - 1) * 2));
  });

  it("finds the mark before a line and before an offset", () => {
    const marks = { lines: [1, 5, 9], offsets: [0, 50, 90] };
    assert.deepEqual(markBefore(marks, "lines", 1), { index: 0, line: 1, offset: 0 });
    assert.deepEqual(markBefore(marks, "lines", 8), { index: 1, line: 5, offset: 50 });
    assert.deepEqual(markBefore(marks, "offsets", 1000), { index: 2, line: 9, offset: 90 });
    assert.deepEqual(markBefore(marks, "offsets", 49), { index: 0, line: 1, offset: 0 });
  });
});
