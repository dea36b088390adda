import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readable, writable } from "./texts.ts";

const odd = fc.array(
  fc.oneof(
    fc.constantFrom(
      "\0",
      "\\",
      "\\u0000",
      "\\\\u0000",
      "\uE000",
      "\uE001",
      "\uE003",
      "\uE004",
      "d83d",
      "\\ud83d",
      "u0000",
    ),
    fc.string({ unit: "grapheme", maxLength: 3 }),
  ),
  { maxLength: 12 },
);

describe("texts for PostgreSQL", () => {
  it("come back as they were, and hold no NUL meanwhile", () => {
    fc.assert(
      fc.property(odd, (parts) => {
        const text = parts.join("");
        assert.equal(readable(writable(text)), text);
        assert.ok(!writable(text).includes("\0"));
        const json = JSON.stringify({ [text]: text });
        assert.equal(readable(writable(json)), json);
        // What the database reads of it is JSON without the escapes that it refuses.
        const read = JSON.parse(writable(json)) as Record<string, string>;
        for (const value of Object.values(read)) assert.ok(!value.includes("\0") && value.isWellFormed());
      }),
      { numRuns: 2_000 },
    );
  });

  it("stay as they are where nothing is odd", () => {
    for (const text of ["", "plain", "é 💡", "a\\u0041", '{"a":"\\\\u0000"}', "\\\\ud83d"])
      assert.equal(writable(text), text);
  });

  it("come back when both halves of a pair are escaped", () => {
    for (const half of ["\ud83d", "\udca1"]) {
      const json = JSON.stringify(`x${half}y`);
      assert.notEqual(writable(json), json);
      assert.equal(readable(writable(json)), json);
    }
  });
});
