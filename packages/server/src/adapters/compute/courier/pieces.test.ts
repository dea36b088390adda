import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import fc from "fast-check";
import { readPieces } from "./pieces.ts";

/** The stream in chunks of that size. */
async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function all(stream: AsyncIterable<Uint8Array>) {
  const found: { path: string; from: number; bytes: string }[] = [];
  for await (const { head, bytes } of readPieces(stream)) {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part.slice());
    found.push({ path: head.path, from: head.from, bytes: Buffer.concat(parts).toString("hex") });
  }
  return found;
}

describe("pieces of files", () => {
  it("are read as they were written, wherever the stream is cut", async () => {
    const piece = fc.record({
      path: fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
      from: fc.nat(),
      data: fc.uint8Array({ maxLength: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        fc.integer({ min: 1, max: 64 }),
        async (pieces, size) => {
          const bytes = Buffer.concat(
            pieces.flatMap(({ path, from, data }) => [
              Buffer.from(`${JSON.stringify({ path, from, bytes: data.byteLength })}\n`),
              data,
            ]),
          );
          const expected = pieces.map(({ path, from, data }) => ({
            path,
            from,
            bytes: Buffer.from(data).toString("hex"),
          }));
          assert.deepEqual(await all(cut(bytes, size)), expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("passes over bytes that nobody reads", async () => {
    const stream = Buffer.from('{"path":"a","bytes":3}\nabc{"path":"b","bytes":1}\nx');
    const paths: string[] = [];
    for await (const { head } of readPieces(cut(stream, 2))) paths.push(head.path);
    assert.deepEqual(paths, ["a", "b"]);
  });

  it("refuses, in words, what is none", async () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ["no json\n", /begins with a line of JSON/],
      ["null\n", /needs a path/],
      ['{"path":1}\n', /needs a path/],
      ['{"path":"a","from":-1}\n', /`from` is/],
      ['{"path":"a","from":1.5}\n', /`from` is/],
      ['{"path":"a","bytes":1e300}\n', /has 0 to/],
      ['{"path":"a","from":9007199254740991,"bytes":1}\nx', /No file is so large/],
      ['{"path":"a","anew":"yes"}\n', /true or false/],
      ['{"path":"a","from":1,"anew":true}\n', /begins at its first byte/],
      ['{"path":"a","bytes":1,"gone":true}\nx', /there are no bytes/],
      ['{"path":"a","bytes":5}\nabc', /ends 2 bytes before/],
      ['{"path":"a"', /ends in a line/],
      [`${"x".repeat(50_000)}\n`, /longer than/],
      ['{"path":"a"}\n'.repeat(5_001), /at most 5000/],
    ];
    for (const [text, message] of refused)
      await assert.rejects(all(cut(Buffer.from(text), 1000)), (error) => {
        assert.ok(isMalachiteError(error), String(error));
        assert.equal(error.code, "InvalidRequest");
        assert.match(error.message, message);
        return true;
      });
  });
});
