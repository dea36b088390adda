import assert from "node:assert/strict";
import { test } from "node:test";
import { LogGapError, readLogEvent } from "./logEvent.ts";

const log = (value: unknown, at: number) => readLogEvent({ event: "log", data: JSON.stringify(value) }, at);
const text = (event: ReturnType<typeof log>) =>
  event.kind === "log" ? [event.chunk.from, event.chunk.to, Buffer.from(event.chunk.bytes).toString()] : [];

test("text and base64 give bytes; offsets are bytes too", () => {
  assert.deepEqual(text(log({ from: 0, to: 5, text: "äöx" }, 0)), [0, 5, "äöx"]);
  assert.deepEqual(text(log({ from: 3, to: 5, base64: "aGk=" }, 3)), [3, 5, "hi"]);
});

test("what was seen is cut off", () => {
  assert.deepEqual(text(log({ from: 0, to: 6, text: "abcdef" }, 4)), [4, 6, "ef"]);
  assert.deepEqual(text(log({ from: 0, to: 6, text: "abcdef" }, 6)), [6, 6, ""]);
  assert.deepEqual(text(log({ from: 0, to: 3, text: "abc" }, 6)), [6, 6, ""]);
});

test("a gap is an error, and so is a piece whose offsets do not fit", () => {
  assert.throws(() => log({ from: 5, to: 6, text: "a" }, 4), LogGapError);
  for (const bad of [
    { from: 0, to: 2, text: "a" },
    { from: 0, to: 1 },
    { text: "a" },
    { from: "0", to: 1, text: "a" },
  ]) {
    assert.throws(() => log(bad, 0), /do not fit/);
  }
  assert.throws(() => readLogEvent({ event: "log", data: "{" }, 0), /not JSON/);
  assert.throws(() => readLogEvent({ event: "end", data: "null" }, 0), /no object/);
});

test("events of later versions are passed over", () => {
  assert.deepEqual(readLogEvent({ event: "metric", data: "?" }, 0), { kind: "other" });
});
