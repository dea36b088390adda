// A log that grows in pieces cut anywhere shows the lines that it has, wherever one looks.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LogModel, type LogSource } from "./logModel.ts";

/** A source over a text, as the server answers it. */
const sourceOf = (file: { text: string }): LogSource => ({
  async lines({ line = 1, count = 200 } = {}) {
    const texts = file.text.split("\n");
    if (texts.at(-1) === "") texts.pop();
    const first = Math.max(1, line < 0 ? texts.length + line + 1 : line);
    let offset = 0;
    const all = texts.map((text) => {
      const at = offset;
      offset += text.length + 1;
      return { text, offset: at, sizeBytes: text.length };
    });
    return {
      path: "x",
      place: "p",
      sizeBytes: file.text.length,
      lines: texts.length,
      first,
      values: all.slice(first - 1, first - 1 + count),
    };
  },
});
const settled = () => new Promise((resolve) => setImmediate(resolve));
const encoder = new TextEncoder();

describe("a log that is looked at", () => {
  it("keeps what one looks at when its run ends", async () => {
    const text = Array.from({ length: 1000 }, (_, i) => `line ${i + 1}\n`).join("");
    const model = new LogModel(sourceOf({ text }), "r", "x");
    await model.open(true);
    model.look(1, 40);
    model.close();
    await model.open(false);
    await settled();
    assert.deepEqual([model.line(1)?.text, model.line(40)?.text], ["line 1", "line 40"]);
  });

  it("has every line, however its end comes", async () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "\n", "long word "), { maxLength: 60 })
      .map((all) => all.join(""));
    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { maxLength: 6 }), async (begin, pieces) => {
        const file = { text: begin };
        const model = new LogModel(sourceOf(file), "r", "x");
        await model.open(true);
        for (const piece of pieces) {
          const from = file.text.length;
          file.text += piece;
          model.take({
            kind: "log",
            runId: "r",
            path: "x",
            from,
            to: file.text.length,
            bytes: encoder.encode(piece),
            place: "",
          });
        }
        const expected = file.text.split("\n");
        if (expected.at(-1) === "") expected.pop();
        assert.equal(model.lines, expected.length);
        model.look(1, expected.length);
        await settled();
        for (const [i, line] of expected.entries()) assert.equal(model.line(i + 1)?.text, line);
      }),
      { numRuns: 200 },
    );
  });

  it("cuts a letter of several bytes nowhere", async () => {
    const model = new LogModel(sourceOf({ text: "" }), "r", "x");
    await model.open(true);
    const bytes = encoder.encode("Größe 😀\n");
    for (const byte of bytes)
      model.take({
        kind: "log",
        runId: "r",
        path: "x",
        from: 0,
        to: 1,
        bytes: new Uint8Array([byte]),
        place: "",
      });
    assert.equal(model.line(1)?.text, "Größe 😀");
  });

  it("begins anew when another log has its name", async () => {
    const file = { text: "old\n" };
    const model = new LogModel(sourceOf(file), "r", "x");
    await model.open(true);
    file.text = "new one\nof two lines\n";
    model.take({ kind: "restart", runId: "r", path: "x", reason: "replaced" });
    await settled();
    assert.equal(model.lines, 2);
    assert.equal(model.line(2)?.text, "of two lines");
  });
});
