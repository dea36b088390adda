// The golden requests of the contract, replayed against the edge.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { DEV, testEdge } from "./testing/edge.ts";
import { testRun, WORKSPACE } from "./testing/flow.ts";

type Body = {
  readonly json?: unknown;
  readonly text?: string;
  readonly zip?: Readonly<Record<string, string>>;
};
type Golden = {
  readonly about: string;
  readonly request: Body & {
    readonly method: "GET";
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly multipart?: readonly (Body & { readonly headers: Readonly<Record<string, string>> })[];
  };
  readonly asked?: { readonly name: string };
  readonly answer: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly json?: unknown;
    readonly bytes?: true;
  };
};

const FOLDER = new URL("../../../contract/golden/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

/** The edge does not look into zips, so any text stands for one. */
const bytesOf = ({ json, text, zip }: Body): string =>
  json !== undefined ? JSON.stringify(json) : (text ?? JSON.stringify(zip));

function payloadOf({ multipart, ...body }: Golden["request"]): { type?: string; payload?: string } {
  if (multipart === undefined)
    return body.json === undefined && body.text === undefined ? {} : { payload: bytesOf(body) };
  const parts = multipart.map((part) => {
    const head = Object.entries(part.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `--golden\r\n${head.join("")}\r\n${bytesOf(part)}\r\n`;
  });
  return { type: "multipart/form-data; boundary=golden", payload: `${parts.join("")}--golden--\r\n` };
}

/** Everything wanted is found; a text between slashes is a pattern. */
function contains(found: unknown, wanted: unknown, at: string): void {
  if (typeof wanted === "string" && /^\/.*\/$/s.test(wanted) && typeof found === "string") {
    assert.match(found, new RegExp(wanted.slice(1, -1)), at);
  } else if (typeof wanted !== "object" || wanted === null) {
    assert.deepEqual(found, wanted, at);
  } else if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(found) && found.length === wanted.length, at);
    for (const [index, one] of wanted.entries()) contains(found[index], one, `${at}[${index}]`);
  } else {
    assert.ok(typeof found === "object" && found !== null, at);
    for (const [name, one] of Object.entries(wanted)) {
      contains((found as Record<string, unknown>)[name], one, `${at}.${name}`);
    }
  }
}

describe("golden requests", () => {
  it("are there", () => assert.ok(FILES.length > 10));
  for (const file of FILES) {
    const golden = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Golden;
    it(`${file}: ${golden.about}`, async () => {
      await using edge = await testEdge();
      edge.flow.runs.set("known_run", {
        run: testRun("known_run", { experimentName: "demo" }),
        status: "Running",
      });
      const { type, payload } = payloadOf(golden.request);
      const answer = await edge.app.inject({
        method: golden.request.method,
        url: golden.request.path.replace("{ws}", WORKSPACE),
        headers: {
          ...DEV,
          ...golden.request.headers,
          ...(type === undefined ? {} : { "content-type": type }),
        },
        ...(payload === undefined ? {} : { payload }),
      });
      const { status, headers = {}, json, bytes } = golden.answer;
      assert.equal(answer.statusCode, status, answer.body);
      contains(answer.headers, headers, "headers");
      if (json !== undefined) contains(answer.json(), json, "answer");
      if (bytes) assert.ok(answer.rawPayload.length > 0);
      if (golden.asked) {
        const { name, ...wanted } = golden.asked;
        const call = edge.flow.calls.find((one) => one.name === name) ?? assert.fail(`${name} was not asked`);
        contains({ ...(call.args[0] as object), body: call.args[1] }, wanted, name);
      }
    });
  }
});
