import assert from "node:assert/strict";
import { test } from "node:test";
import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { accountOf, deepestCode, RunFailedError } from "./errors.ts";

const answer = (status: number, body: unknown, type = "application/json"): PipelineResponse =>
  ({
    status,
    bodyAsText: typeof body === "string" ? body : JSON.stringify(body),
    headers: new Map([["content-type", type]]),
    request: { method: "POST", url: "http://h/a/b?token=secret" },
  }) as unknown as PipelineResponse;

test("the message has one line for each property at fault, and the code is the finest one", () => {
  const error = {
    code: "ValidationError",
    message: "The run definition has 2 faults.",
    innerError: { code: "BadArgument", innerError: { code: "InvalidDefinition" } },
    details: [
      { target: "configuration.nodeCount", message: "Must be a whole number." },
      { target: "configuration.framework", message: "'Rust' is not one of Python." },
    ],
  };
  const account = accountOf(answer(400, { error, correlation: { Operation: "x" } }));
  assert.equal(account.code, "InvalidDefinition");
  assert.equal(
    account.message,
    "The run definition has 2 faults.\n  configuration.nodeCount: Must be a whole number.\n  configuration.framework: 'Rust' is not one of Python.",
  );
  assert.deepEqual(account.details, { error, correlation: { Operation: "x" } });
});

test("an envelope in PascalCase with nulls is the same envelope", () => {
  const account = accountOf(
    answer(404, { Error: { Code: "UserError", Message: "No.", Target: null, Details: null } }),
  );
  assert.equal(account.code, "UserError");
  assert.equal(account.message, "No.");
});

test("a page of a proxy is told as its text, without markup, scripts or the query of the request", () => {
  const page =
    "<html><head><style>b{}</style><script>alert(1)</script></head><body><h1>502</h1>\n<p>Bad&nbsp;Gateway</p>";
  const account = accountOf(answer(502, page, "text/html; charset=utf-8"));
  assert.equal(account.message, "POST /a/b was answered with 502 (text/html): 502 Bad&nbsp;Gateway");
  assert.equal(account.details, undefined);
});

test("whatever comes instead of an envelope is survived", () => {
  const odd = [
    "",
    "null",
    "[]",
    "{",
    '{"error":"text"}',
    '{"error":[1]}',
    '{"error":{"message":5,"details":"x"}}',
    "\u0000\u0001",
  ];
  for (const body of odd) {
    const account = accountOf(answer(500, body));
    assert.match(account.message, /^POST \/a\/b was answered with 500/, body);
  }
  const deep = `{"error":{"message":"m","innerError":${'{"innerError":'.repeat(5000)}{}${"}".repeat(5000)}}}`;
  assert.equal(accountOf(answer(500, deep)).message, "m");
});

test("the finest code ends at the deepest level that has one", () => {
  assert.equal(
    deepestCode({ code: "A", innerError: { code: "B", innerError: { innerError: { code: "C" } } } }),
    "C",
  );
  assert.equal(deepestCode({ code: "A", innerError: {} }), "A");
  assert.equal(deepestCode(undefined), undefined);
});

test("a run that failed tells why", () => {
  const error = new RunFailedError("r1", "Failed", { error: { code: "UserError", message: "exit code 3" } });
  assert.equal(error.message, "Run r1 ended as Failed: exit code 3");
  assert.equal(error.code, "UserError");
});
