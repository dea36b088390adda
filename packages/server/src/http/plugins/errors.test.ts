// Kinds become statuses and the six codes, ours is the deepest, and nothing of a foreign error leaks.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ERROR_CODES } from "@malachite/contract";
import { CATALOGUE, type Code, MalachiteError } from "@malachite/core";
import { codeOf, DEV, testEdge } from "../testing/edge.ts";
import { WORKSPACE } from "../testing/flow.ts";
import { httpError } from "./errors.ts";

const correlation = { operation: "o", request: "r" };
const show = (error: unknown) => httpError(error, correlation, 0);

describe("httpError", () => {
  const expected: readonly [Code, number, string][] = [
    ["InvalidDefinition", 400, "ValidationError"],
    ["UnsupportedMediaType", 415, "ValidationError"],
    ["TooLarge", 413, "ValidationError"],
    ["BadRange", 416, "ValidationError"],
    ["RunNotFound", 404, "UserError"],
    ["RunIdTaken", 409, "UserError"],
    ["NotAuthenticated", 401, "UserError"],
    ["NotAllowed", 403, "UserError"],
    ["Throttled", 429, "RequestThrottled"],
    ["EngineUnavailable", 503, "TransientError"],
    ["StorageFailed", 500, "AzureStorageError"],
    ["Unexpected", 500, "ServiceError"],
  ];
  for (const [code, status, outer] of expected) {
    it(`${code} is ${status} ${outer}`, () => {
      const answer = show(new MalachiteError(code, "text", { target: "t" }));
      assert.equal(answer.status, status);
      assert.equal(answer.body.error?.code, outer);
      assert.equal(codeOf(JSON.stringify(answer.body)), code);
      assert.equal("retry-after" in answer.headers, status === 429 || status === 503);
      assert.equal("www-authenticate" in answer.headers, status === 401);
    });
  }

  it("uses all six codes of the contract and no other", () => {
    const codes = Object.keys(CATALOGUE).map(
      (code) => show(new MalachiteError(code as Code, "")).body.error?.code,
    );
    assert.deepEqual([...new Set(codes)].sort(), [...ERROR_CODES].sort());
  });

  it("names every detail with its path", () => {
    const details = [
      { target: "configuration.script", message: "one" },
      { target: "configuration.nodeCount", message: "two", code: "OutOfRange" },
    ];
    const answer = show(new MalachiteError("InvalidDefinition", "m", { details }));
    assert.deepEqual(answer.body.error?.details, [
      { code: "InvalidDefinition", target: "configuration.script", message: "one" },
      { code: "OutOfRange", target: "configuration.nodeCount", message: "two" },
    ]);
  });

  it("tells nothing of an error it does not know", () => {
    for (const error of [
      new Error("secret /data/path"),
      "secret",
      undefined,
      null,
      { code: 5 },
      Object.assign(new Error("secret"), { code: "ENOENT" }),
    ]) {
      const answer = show(error);
      assert.equal(answer.status, 500);
      assert.doesNotMatch(JSON.stringify(answer.body), /secret/);
    }
  });
});

describe("a fault in a route", () => {
  it("is logged once with its cause, and answered with the same correlation ids as the headers", async () => {
    await using edge = await testEdge();
    const fault = new Error("secret");
    edge.flow.on("getRun", () => Promise.reject(fault));
    const answer = await edge.app.inject({ url: `/history/v1.0${WORKSPACE}/runs/a`, headers: DEV });
    assert.equal(answer.statusCode, 500);
    assert.deepEqual(edge.errors, [fault]);
    assert.equal(answer.json().correlation.request, answer.headers["x-ms-request-id"]);
    assert.doesNotMatch(answer.body, /secret/);
  });
});
