// Lines come as they are in the file, by their numbers, also those that are too long to show.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LineIndex, linesOf, markBefore, NO_LINES } from "./lineIndex.ts";
import { byteOfUnit, clipBytes } from "./shownText.ts";
import { takeLines } from "./takeLines.ts";
import { anyLog, memorySource, noBeat, plainLines } from "./testing/anyLog.ts";

/** Asked as the scanner asks, with marks of small gaps. */
async function take(bytes: Buffer, ask: { line: number; count: number; clip: number }, pieceBytes = 7) {
  const index = new LineIndex({ ...NO_LINES, gapBytes: 16 });
  index.push(bytes);
  const state = index.state();
  const openLine = state.ended ? undefined : linesOf(state);
  const start = markBefore(state.marks, "lines", ask.line);
  const source = memorySource(bytes, pieceBytes);
  return await takeLines({ ...ask, start, marks: state.marks, openLine }, source, noBeat);
}

describe("lines by number", () => {
  it("are those of the file", async () => {
    const ask = fc.record({
      line: fc.integer({ min: 1, max: 35 }),
      count: fc.integer({ min: 1, max: 10 }),
      clip: fc.constantFrom(1, 5, 13, 4096),
    });
    await fc.assert(
      fc.asyncProperty(anyLog, ask, fc.integer({ min: 1, max: 40 }), async (bytes, ask, piece) => {
        const lines = plainLines(bytes).slice(ask.line - 1, ask.line - 1 + ask.count);
        const right = lines.map((line) => {
          const shown = clipBytes(line.bytes, ask.clip);
          return {
            offset: line.offset,
            sizeBytes: line.bytes.length,
            text: shown.toString("utf8"),
            ...(shown.length < line.bytes.length ? { clipped: true } : {}),
          };
        });
        assert.deepEqual(await take(bytes, ask, piece), right);
      }),
    );
  });

  it("that are very long are not read to their end where a mark tells it", async () => {
    const long = 200_000;
    const bytes = Buffer.concat([
      Buffer.from("first\n"),
      Buffer.alloc(long, "x"),
      Buffer.from("\r\nthird\n"),
      Buffer.alloc(long, "y"),
    ]);
    const index = new LineIndex();
    index.push(bytes);
    const { marks } = index.state();
    const source = memorySource(bytes, 1000);
    let read = 0;
    const counted = {
      ...source,
      async *pieces(from: number, to?: number) {
        for await (const piece of source.pieces(from, to)) {
          read += piece.length;
          yield piece;
        }
      },
    };
    const ask = { start: { line: 1, offset: 0 }, line: 1, count: 9, clip: 3, marks, openLine: 4 };
    const values = await takeLines(ask, counted, noBeat);
    assert.deepEqual(
      values.map(({ text, sizeBytes }) => [text, sizeBytes]),
      [
        ["fir", 5],
        ["xxx", long],
        ["thi", 5],
        ["yyy", long],
      ],
    );
    assert.ok(read < 10_000, `${read} bytes were read`);
  });
});

describe("shown text", () => {
  it("is cut between characters", () => {
    const text = Buffer.from("aä日\u{1f600}");
    const cuts = Array.from({ length: text.length + 1 }, (_, most) => clipBytes(text, most).toString());
    assert.deepEqual([...new Set(cuts)], ["", "a", "aä", "aä日", "aä日\u{1f600}"]);
  });
  it("knows the byte of each character, also among broken ones", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (all) => {
        const bytes = Buffer.from(all);
        const text = bytes.toString("utf8");
        for (let unit = 0; unit <= text.length; unit += 1) {
          const byte = byteOfUnit(bytes, unit);
          const before = bytes.toString("utf8", 0, byte);
          // A pair begins where its first half does.
          if (!/[\udc00-\udfff]/.test(text[unit] ?? "")) assert.equal(before, text.slice(0, unit));
        }
      }),
    );
  });
});
