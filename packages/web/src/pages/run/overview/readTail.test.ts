import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plainText } from "../../../parts/terminalText.ts";
import { addToTail, linesOf, NO_TAIL } from "./readTail.ts";

describe("The tail of a log", () => {
  test("holds the last lines, and the one that is not ended", () => {
    const tail = ["a\nb\n", "c", "d\ne"].reduce((tail, text) => addToTail(tail, text, 2), NO_TAIL);
    assert.deepEqual(linesOf(tail, 3), ["b", "cd", "e"]);
    assert.deepEqual(linesOf(tail, 2), ["cd", "e"]);
  });
  test("shows lines as a terminal would, without colours", () => {
    assert.equal(plainText("\x1b[31mred\x1b[0m and \x1b]0;title\x07plain"), "red and plain");
    assert.equal(plainText("10%\r50%\r100%"), "100%");
    assert.equal(plainText("10%\r50%\r"), "50%");
    assert.equal(plainText("<b>text</b>"), "<b>text</b>");
  });
});
