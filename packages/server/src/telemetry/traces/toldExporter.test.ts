import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { toldExporter } from "./toldExporter.ts";

type Result = Parameters<Parameters<SpanExporter["export"]>[1]>[0];

describe("what becomes of spans", () => {
  it("is told when they are not taken, once, and when they are again", () => {
    const results: Result[] = [
      { code: 0 },
      { code: 1, error: new Error("socket hang up") },
      { code: 1, error: new Error("socket hang up") },
      { code: 0 },
      { code: 0 },
      { code: 1, error: new Error("Not Found") },
    ];
    const said: unknown[] = [];
    const told = toldExporter(
      { export: (_, done) => done(results.shift() as Result), shutdown: async () => {} },
      "http://there",
      {
        info: (event, fields) => said.push([event, fields]),
        warn: (event, fields) => said.push([event, fields]),
        error: assert.fail,
      },
    );
    const passed: number[] = [];
    const spans = [{}, {}, {}] as ReadableSpan[];
    while (results.length > 0) told.export(spans, ({ code }) => passed.push(code));
    assert.deepEqual(passed, [0, 1, 1, 0, 0, 1]);
    assert.deepEqual(said, [
      ["tracesNotSent", { endpoint: "http://there", reason: "socket hang up" }],
      ["tracesSentAgain", { endpoint: "http://there", lostSpans: 6 }],
      ["tracesNotSent", { endpoint: "http://there", reason: "Not Found" }],
    ]);
  });
});
