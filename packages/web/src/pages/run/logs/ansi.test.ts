// Lines as a terminal would show them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { plainText } from "../../../parts/terminalText.ts";
import { segmentsOf } from "./ansi.ts";

const ESC = "\u001b";

describe("a line with escapes", () => {
  it("is cut where its style changes", () => {
    assert.deepEqual(segmentsOf(`a ${ESC}[1;31mbad${ESC}[0m end`), [
      { text: "a ", style: "" },
      { text: "bad", style: "fg-red is-bold" },
      { text: " end", style: "" },
    ]);
  });

  it("loses titles, links and movements, and keeps their words", () => {
    const line = `${ESC}]0;title\u0007${ESC}[2K${ESC}[1Gdone ${ESC}]8;;https://evil.example${ESC}\\link${ESC}]8;;${ESC}\\`;
    assert.equal(plainText(line), "done link");
    assert.deepEqual(segmentsOf(line), [{ text: "done link", style: "" }]);
  });

  it("shows of a bar of progress its last state", () => {
    assert.equal(plainText("10%\r50%\r100%\r"), "100%");
    assert.equal(plainText("plain\r"), "plain");
  });

  it("never makes markup, and loses no letter of plain text", () => {
    assert.equal(segmentsOf("<script>alert(1)</script> & <b>")[0]?.text, "<script>alert(1)</script> & <b>");
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("<", "&", "a", "é", `${ESC}[32m`, `${ESC}[0m`) }),
        (line) => {
          const shown = segmentsOf(line)
            .map(({ text }) => text)
            .join("");
          assert.equal(shown, plainText(line));
        },
      ),
    );
  });
});
