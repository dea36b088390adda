// Two logs part at the first line that differs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compareLogs } from "./compareLogs.ts";
import { anyLog, memorySource, noBeat, plainLines } from "./testing/anyLog.ts";

const compare = (
  left: string | Buffer,
  right: string | Buffer,
  ignore: ("times" | "numbers")[] = [],
  piece = 7,
) =>
  compareLogs(
    { ignore },
    memorySource(Buffer.from(left), piece),
    memorySource(Buffer.from(right), piece + 1),
    noBeat,
  );

describe("two logs", () => {
  it("part where looking at each line finds it", async () => {
    const two = fc.oneof(
      fc.tuple(anyLog, anyLog),
      anyLog.map((log): [Buffer, Buffer] => [log, Buffer.from(log)]),
      fc
        .tuple(anyLog, anyLog, anyLog)
        .map(([start, a, b]): [Buffer, Buffer] => [Buffer.concat([start, a]), Buffer.concat([start, b])]),
    );
    await fc.assert(
      fc.asyncProperty(two, fc.boolean(), async ([left, right], byLine) => {
        const [a, b] = [plainLines(left), plainLines(right)];
        // Without anything ignored the kind of a line's end counts as well.
        const textOf = (all: Buffer, lines: typeof a, i: number) =>
          byLine
            ? lines[i]?.bytes
            : all.subarray(lines[i]?.offset, all.indexOf(10, lines[i]?.offset) + 1 || undefined);
        let line = 0;
        for (; line < Math.min(a.length, b.length); line += 1) {
          const [one, other] = [textOf(left, a, line), textOf(right, b, line)] as [Buffer, Buffer];
          const last = line === Math.min(a.length, b.length) - 1 && !byLine;
          const same = last
            ? a[line]?.bytes.equals(b[line]?.bytes as Buffer) && hasOneEnd(one, other)
            : one.equals(other);
          if (!same) break;
        }
        const found = await compare(left, right, byLine ? ["times"] : []);
        assert.deepEqual(found, {
          same: line === a.length && line === b.length,
          line: line + 1,
          left: a[line]?.offset ?? left.length,
          right: b[line]?.offset ?? right.length,
        });
      }),
      { numRuns: 300 },
    );
  });
  it("may differ in times and numbers", async () => {
    const a = "2026-11-27 04:00:00,123 INFO pid 12 start\n04:00:01 step 1 took 12 ms at 0x7f00\nend\n";
    const b = "2026-11-28T05:00:01.5Z INFO pid 13 start\n05:00:01 step 1 took 15 ms at 0x7f01\nend\n";
    assert.equal((await compare(a, b)).line, 1);
    assert.equal((await compare(a, b, ["times"])).line, 1);
    assert.equal((await compare(a, b, ["times", "numbers"])).same, true);
    assert.equal((await compare("12:00:00 a\n", "13:00:00 a\n", ["times"])).same, true);
    assert.equal((await compare("12:00:00 a\n", "13:00:00 b\n", ["times"])).same, false);
  });
});

/** What one has and the other lacks at its end is at most the line's end. */
function hasOneEnd(one: Buffer, other: Buffer): boolean {
  const [shorter, longer] = one.length < other.length ? [one, other] : [other, one];
  return (
    shorter.equals(longer.subarray(0, shorter.length)) &&
    (one.length === other.length || shorter.at(-1) !== 10)
  );
}
