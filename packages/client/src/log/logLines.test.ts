import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LogChunk, LogEnd } from "./followLog.ts";
import { logLines } from "./logLines.ts";

async function* chunks(
  parts: readonly Uint8Array[],
  onReturn = () => {},
): AsyncGenerator<LogChunk, LogEnd, undefined> {
  let from = 0;
  try {
    for (const bytes of parts) {
      yield { from, to: from + bytes.length, bytes };
      from += bytes.length;
    }
    return { status: "Completed", to: from };
  } finally {
    onReturn();
  }
}

async function linesOf(parts: readonly Uint8Array[], maxLineLength?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of logLines(chunks(parts), { maxLineLength })) lines.push(line);
  return lines;
}

test("lines end in LF or CR LF; a last line without an end is a line; an empty one is one too", async () => {
  assert.deepEqual(await linesOf([Buffer.from("a\nb\r\n\nlast")]), ["a", "b", "", "last"]);
  assert.deepEqual(await linesOf([Buffer.from("a\n")]), ["a"]);
  assert.deepEqual(await linesOf([]), []);
  assert.deepEqual(await linesOf([Buffer.from("10%\r20%\rdone\n")]), ["10%\r20%\rdone"]);
});

test("however the bytes are cut, the lines are the same", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", "ä", "€", "😀", "\n", "\r\n", " "), maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(200), { maxLength: 6 }), async (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const borders = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
        bytes.length,
      ];
      const parts = borders.slice(1).map((to, i) => bytes.subarray(borders[i], to));
      const expected = whole.split("\n").map((line) => line.replace(/\r$/, ""));
      if (expected.at(-1) === "") expected.pop();
      assert.deepEqual(await linesOf(parts), expected);
    }),
  );
});

test("broken UTF-8 is shown as such, and an unfinished character at the end too", async () => {
  assert.deepEqual(await linesOf([Buffer.from([0x61, 0xff, 0x0a, 0xe2, 0x82])]), ["a\ufffd", "\ufffd"]);
});

test("a line that is too long comes in pieces, and nothing of it is lost", async () => {
  const lines = await linesOf([Buffer.from("x".repeat(25)), Buffer.from("y\nz\n")], 10);
  assert.deepEqual(lines, ["x".repeat(10), "x".repeat(10), "xxxxxy", "z"]);
});

test("leaving the loop ends the stream behind it, and the end is what the stream returned", async () => {
  let ended = false;
  for await (const line of logLines(
    chunks([Buffer.from("a\nb\n")], () => {
      ended = true;
    }),
    {},
  )) {
    assert.equal(line, "a");
    break;
  }
  assert.equal(ended, true);
  const whole = logLines(chunks([Buffer.from("a")]), {});
  await whole.next();
  assert.deepEqual(await whole.next(), { done: true, value: { status: "Completed", to: 1 } });
});
