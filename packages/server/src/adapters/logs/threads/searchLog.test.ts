// A search finds what looking at each line finds, in parts and in both directions.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { malachite } from "@malachite/contract";
import fc from "fast-check";
import { LineIndex, type Marks, NO_LINES } from "./lineIndex.ts";
import { PatternError } from "./matchers.ts";
import { type SearchAsk, searchLog } from "./searchLog.ts";
import { anyLog, memorySource, noBeat, plainLines } from "./testing/anyLog.ts";

function marksOf(bytes: Buffer): Marks {
  const index = new LineIndex({ ...NO_LINES, gapBytes: 16 });
  index.push(bytes);
  return index.state().marks;
}

const ASK = { regex: false, ignoreCase: false, backward: false, count: false, withinMs: 60_000 };

/** One search after the other, as its answers say. */
async function searchAll(
  bytes: Buffer,
  ask: Partial<SearchAsk> & { text: string },
  limit: number,
  piece = 7,
) {
  const marks = marksOf(bytes);
  const found: malachite.LogMatch[] = [];
  let from: number | undefined = ask.from ?? (ask.backward ? bytes.length : 0);
  for (let turns = 0; from !== undefined; turns += 1) {
    assert.ok(turns < 100, "the search comes to no end");
    const answer = await searchLog(
      { ...ASK, ...ask, from, limit, marks },
      memorySource(bytes, piece),
      noBeat,
    );
    assert.ok(answer.matches.length <= limit);
    found.push(...answer.matches);
    from = answer.next;
  }
  return found;
}

const anyPattern = fc.oneof(
  fc.record({
    text: fc.constantFrom("a", "ab", "b", "ä", "日", "A", "aba", " ", "abab"),
    regex: fc.constant(false),
    ignoreCase: fc.boolean(),
  }),
  fc.record({
    text: fc.constantFrom("a+b", "^a", "b$", ".", "[^a]", "a|\u{1f600}", "^$", "x*", "\\s", "(?<!b)a"),
    regex: fc.constant(true),
    ignoreCase: fc.boolean(),
  }),
);

describe("a search", () => {
  it("finds the first match of each line that has one", async () => {
    const limit = fc.integer({ min: 1, max: 40 });
    const piece = fc.integer({ min: 1, max: 50 });
    await fc.assert(
      fc.asyncProperty(
        anyLog,
        anyPattern,
        fc.boolean(),
        limit,
        piece,
        async (bytes, ask, backward, limit, piece) => {
          const source = ask.regex ? ask.text : ask.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
          const expression = new RegExp(source, ask.ignoreCase ? "iu" : "u");
          const right = plainLines(bytes).flatMap((line, i) => {
            // The regular expressions see a line as text, where what is broken is U+FFFD.
            const text = line.bytes.toString("utf8");
            const match = expression.exec(text);
            return match ? [{ line: i + 1, lineOffset: line.offset, text, at: match.index }] : [];
          });
          if (backward) right.reverse();
          const found = await searchAll(bytes, { ...ask, backward }, limit, piece);
          assert.deepEqual(
            found.map(({ line, lineOffset, text, at }) => ({ line, lineOffset, text, at })),
            right,
          );
          for (const { offset, lineOffset, text, at } of found)
            assert.equal(bytes.toString("utf8", lineOffset, offset), text.slice(0, at));
        },
      ),
      { numRuns: 300 },
    );
  });

  const numbered = Buffer.from(Array.from({ length: 100 }, (_, i) => `line ${i + 1}\n`).join(""));
  it("counts behind what it tells", async () => {
    const ask = { ...ASK, text: "line 1", count: true, from: 0, limit: 2, marks: marksOf(numbered) };
    const answer = await searchLog(ask, memorySource(numbered), noBeat);
    assert.deepEqual([answer.matches.length, answer.count, answer.next], [2, 12, undefined]);
  });
  it("begins with the line that the place is in, and backward with the one before it", async () => {
    const at = numbered.indexOf("line 50") + 3;
    const [forward] = await searchAll(numbered, { text: "line", from: at }, 1000);
    const [backward] = await searchAll(numbered, { text: "line", from: at - 3, backward: true }, 1000);
    assert.deepEqual([forward?.line, backward?.line], [50, 49]);
  });
  it("says where to go on when its time is over", async () => {
    const marks = marksOf(numbered);
    const late = { ...ASK, text: "nothing", withinMs: -1, limit: 10, marks };
    const forward = await searchLog({ ...late, from: 0 }, memorySource(numbered), noBeat);
    assert.ok(forward.next !== undefined && forward.next > 0 && forward.next < numbered.length);
    const from = numbered.length;
    const backward = await searchLog({ ...late, from, backward: true }, memorySource(numbered), noBeat);
    assert.ok(backward.next !== undefined && backward.next > 0 && backward.next < numbered.length);
  });
  it("finds a text across the parts of a line of megabytes, and tells the line once", async () => {
    const size = 3 * 1024 * 1024;
    const bytes = Buffer.concat([Buffer.from("one\n"), Buffer.alloc(size, "x"), Buffer.from("\nneedle\n")]);
    for (const at of [1024 * 1024 - 3, 1024 * 1024 + 1, size - 10]) bytes.write("needle", 4 + at);
    for (const backward of [false, true])
      for (const ask of [
        { text: "needle" },
        { text: "NEEDLE", ignoreCase: true },
        { text: "nee+dle", regex: true },
      ]) {
        const found = await searchAll(bytes, { ...ask, backward }, 10, 256 * 1024);
        const lines = found.map(({ line, lineOffset }) => [line, lineOffset]);
        if (backward) lines.reverse();
        assert.deepEqual(lines, [
          [2, 4],
          [3, 4 + size + 1],
        ]);
        for (const { text, at, length } of found) assert.equal(text.slice(at, at + length), "needle");
        assert.ok(found.every(({ text }) => text.length < 1000));
      }
  });
  it("refuses a broken expression in words", async () => {
    const ask = { ...ASK, text: "(", regex: true, from: 0, limit: 1, marks: marksOf(numbered) };
    await assert.rejects(searchLog(ask, memorySource(numbered), noBeat), PatternError);
  });
});
