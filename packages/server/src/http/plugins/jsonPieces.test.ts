// However a body is cut into chunks and pieces, its elements come whole and in order; broken bodies are refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { jsonPieces, type PieceOptions } from "./jsonPieces.ts";

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

type Element = { name?: string; value?: unknown[] } | null | number;

async function read(text: string, size: number, options: Partial<PieceOptions> = {}) {
  const elements: { index: number; value: Element }[] = [];
  let rest: unknown;
  let pieces = 0;
  for await (const piece of jsonPieces(chunksOf(text, size), { limitBytes: 1e6, ...options })) {
    pieces += 1;
    if ("rest" in piece) rest = piece.rest;
    else elements.push(...(piece.elements as typeof elements));
  }
  return { elements, rest, pieces };
}

const BODY = {
  before: { values: [1, { value: [1, 2] }], list: [[]] },
  values: [
    {
      name: 'a "],}\\',
      value: [{ data: { x: "]}," } }, { data: { "é\u{1f600}": [1, [2]] } }, 3, "four", null],
    },
    { value: [1, 2, 3], name: "late", properties: { value: [7] } },
    7,
    null,
    [],
    { name: "empty", value: [], more: "x" },
    {
      name: "long",
      value: Array.from({ length: 200 }, (_, i) => ({ id: `${i}`, data: { a: i } })),
      properties: { p: 1 },
    },
  ],
  reportErrors: true,
};

describe("JSON in pieces", () => {
  for (const [shape, text] of [
    ["dense", JSON.stringify(BODY)],
    ["spaced", JSON.stringify(BODY, undefined, 3)],
  ] as const)
    it(`gives every element, whatever the chunks (${shape})`, async () => {
      for (const size of [1, 2, 3, 7, 64, 1000, 1e6])
        for (const pieceBytes of [1, 50, 500, 1e6]) {
          const { elements, rest } = await read(text, size, { pieceBytes, cutIn: "value", needs: "name" });
          assert.deepEqual(rest, { before: BODY.before, values: [], reportErrors: true });
          const whole: Element[] = [];
          for (const { index, value } of elements) {
            const there = whole[index];
            if (there === undefined) whole[index] = value;
            else {
              const [one, more] = [there, value] as { value: unknown[] }[];
              assert.ok(one && more);
              whole[index] = { ...one, ...more, value: [...one.value, ...more.value] };
            }
          }
          assert.deepEqual(whole, BODY.values, `${size} ${pieceBytes}`);
        }
    });

  it("cuts only what may be cut", async () => {
    const text = JSON.stringify(BODY);
    const uncut = await read(text, 1000, { pieceBytes: 1 });
    assert.equal(uncut.elements.length, BODY.values.length);
    const cut = await read(text, 1000, { pieceBytes: 1, cutIn: "value", needs: "name" });
    assert.equal(cut.elements.filter(({ index }) => index === 1).length, 1);
    assert.equal(cut.elements.filter(({ index }) => index === 6).length, 200);
  });

  it("takes NaN and the infinities as Python writes them", async () => {
    const { elements } = await read('{"VALUES":[{"name":"NaN","value":[NaN,-Infinity]}]}', 5);
    assert.deepEqual(elements[0]?.value, { name: "NaN", value: ["NaN", "-Infinity"] });
  });

  it("refuses what is broken or too large", async () => {
    const codeOf = (text: string, options: Partial<PieceOptions> = {}) =>
      read(text, 3, options).then(
        () => "none",
        (error) => (isMalachiteError(error) ? error.code : String(error)),
      );
    for (const text of [
      '{"values":[{"a":1}',
      '{"values":[{"a":1]}',
      '{"values":[1,2',
      '{"values":[1]',
      "{",
      "x",
      '{"values":[{"a":"',
    ])
      assert.equal(await codeOf(text), "BadJson", text);
    for (const text of ["[1]", "3"]) assert.equal(await codeOf(text), "InvalidRequest", text);
    assert.equal(await codeOf(JSON.stringify({ values: ["x".repeat(100)] }), { limitBytes: 50 }), "TooLarge");
    assert.equal(await codeOf(JSON.stringify({ other: "x".repeat(100) }), { limitBytes: 50 }), "TooLarge");
  });
});
