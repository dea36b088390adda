// JSON bodies: what is taken, what is refused, and where.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MalachiteError } from "@malachite/core";
import fc from "fast-check";
import { codeOf, DEV, testEdge } from "../testing/edge.ts";
import { chunks, WORKSPACE } from "../testing/flow.ts";
import { DEEPEST, parseJson, readJson } from "./jsonBody.ts";

const read = async (body: string | Uint8Array, type: string | undefined = "application/json") => {
  const found = await readJson(chunks(body), type, 1000);
  return found.given ? found.value : undefined;
};
const code = (wanted: string) => (error: MalachiteError) => error.code === wanted;

describe("readJson", () => {
  for (const type of [
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"; x=y',
    "application/json-patch+json; charset=utf-8",
    "application/merge-patch+json",
    "application/problem+json",
    "text/json",
    "text/x-json",
  ]) {
    it(`takes ${type}`, async () => assert.deepEqual(await read('{"a":1}', type), { a: 1 }));
  }
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonx",
    "json",
    "multipart/form-data",
  ]) {
    it(`refuses ${type}`, () => assert.rejects(read("{}", type), code("UnsupportedMediaType")));
  }
  it("refuses a body without a type, naming the header", async () => {
    await assert.rejects(
      readJson(chunks("{}"), undefined, 10),
      (error: MalachiteError) => error.target === "Content-Type",
    );
  });
  it("refuses an unknown charset", () =>
    assert.rejects(read("{}", "application/json; charset=klingon"), code("UnsupportedMediaType")));
  it("reads the charset that is named", async () => {
    assert.deepEqual(await read(Buffer.from('{"é":1}', "utf16le"), "application/json; charset=utf-16le"), {
      é: 1,
    });
    assert.deepEqual(await read(Buffer.from('"é"', "latin1"), "application/json; charset=iso-8859-1"), "é");
  });
  it("takes an empty body as none, whatever its type", async () => {
    assert.deepEqual(await readJson(chunks(), "text/plain", 10), { given: false });
    assert.deepEqual(await readJson(chunks("", ""), undefined, 10), { given: false });
  });
  it("tolerates a byte order mark", async () => assert.deepEqual(await read("\ufeff[1]"), [1]));
  it("tolerates lone surrogates in escapes", async () => assert.equal(await read('"\\ud800"'), "\ud800"));
  it("takes the last of two properties of one name", async () =>
    assert.deepEqual(await read('{"a":1,"a":2}'), { a: 2 }));
  it("refuses what is larger than the limit as soon as it is", async () => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent++;
        yield Buffer.alloc(100, 0x20);
      }
    }
    await assert.rejects(readJson(endless(), "application/json", 1000), code("TooLarge"));
    assert.equal(sent, 11);
  });
  it("refuses bytes that are not in the charset", () =>
    assert.rejects(read(Buffer.from([0x22, 0xff, 0x22])), code("BadJson")));
  for (const text of ["{", "{'a':1}", "NaN", "[1,]", "1e999x", '{"a":1} x', "\u0000", '"a\nb"']) {
    it(`refuses ${JSON.stringify(text)} with the place`, () =>
      assert.rejects(
        read(text),
        (error: MalachiteError) => error.code === "BadJson" && /line 1, column/.test(error.message),
      ));
  }
});

describe("parseJson", () => {
  const nested = (depth: number) => Buffer.from("[".repeat(depth) + "]".repeat(depth));
  it(`takes ${DEEPEST} levels and refuses one more`, () => {
    assert.ok(parseJson(nested(DEEPEST)));
    assert.throws(() => parseJson(nested(DEEPEST + 1)), code("TooLarge"));
  });
  it("refuses 100,000 levels, open or closed, without harm", () => {
    assert.throws(() => parseJson(nested(100_000)), code("TooLarge"));
    assert.throws(() => parseJson(Buffer.from('{"a":'.repeat(100_000))), code("TooLarge"));
  });
  it("does not count brackets inside strings", () => {
    assert.equal(parseJson(Buffer.from(JSON.stringify("[".repeat(1000)))), "[".repeat(1000));
    assert.equal(parseJson(Buffer.from(JSON.stringify('\\"['.repeat(1000)))), '\\"['.repeat(1000));
  });
  it("refuses a property named __proto__, also one that is written with escapes", () => {
    for (const text of ['{"__proto__":{"x":1}}', '{"a":[{"\\u005f_proto__":1}]}', '{"__\\u0070roto__":1}']) {
      assert.throws(() => parseJson(Buffer.from(text)), code("BadJson"), text);
    }
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });
  it("takes __proto__ as a value and constructor as a key", () => {
    assert.deepEqual(parseJson(Buffer.from('{"a":"__proto__","constructor":{"prototype":1}}')), {
      a: "__proto__",
      constructor: { prototype: 1 },
    });
  });
  it("reads what JSON.stringify writes, for any value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('"__proto__":'));
        assert.deepEqual(parseJson(Buffer.from(text)), JSON.parse(text));
      }),
    );
  });
});

describe("bodies over HTTP", () => {
  const url = `/history/v1.0${WORKSPACE}/runs:query`;
  const post = async (payload: string | undefined, headers: Record<string, string>) => {
    await using edge = await testEdge({ jsonLimitBytes: 100 });
    return await edge.app.inject({
      method: "POST",
      url,
      headers: { ...DEV, ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
  };
  it("answers 415 to a body without a JSON content type", async () => {
    const answer = await post("{}", { "content-type": "text/plain" });
    assert.equal(answer.statusCode, 415);
    assert.equal(codeOf(answer.body), "UnsupportedMediaType");
  });
  it("answers 415 to a content type that cannot be read", async () => {
    assert.equal((await post("{}", { "content-type": "?? ;;" })).statusCode, 415);
  });
  it("answers 413 to a body over the limit", async () => {
    const answer = await post(JSON.stringify("x".repeat(200)), { "content-type": "application/json" });
    assert.equal(answer.statusCode, 413);
    assert.equal(codeOf(answer.body), "TooLarge");
  });
  it("answers 400 with the place to broken JSON", async () => {
    const answer = await post('{"filter": }', { "content-type": "application/json" });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().error.message, /line 1, column 12/);
  });
  it("takes no body at all, null, and an empty one of any type, where none is needed", async () => {
    assert.equal((await post(undefined, {})).statusCode, 200);
    assert.equal((await post("", { "content-type": "text/plain" })).statusCode, 200);
    assert.equal((await post("", { "content-type": "not a type" })).statusCode, 200);
    assert.equal((await post("null", { "content-type": "application/json" })).statusCode, 200);
  });
  it("names every fault of a body at once", async () => {
    const answer = await post('{"filter":1,"TOP":0,"orderby":[]}', { "content-type": "application/json" });
    assert.deepEqual(
      answer.json().error.details.map((d: { target: string }) => d.target),
      ["filter", "top", "orderBy"],
    );
  });
});
