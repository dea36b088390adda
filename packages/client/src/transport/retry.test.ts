import assert from "node:assert/strict";
import { test } from "node:test";
import type { PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import { mayPass, type RetryMode, retryAfterInMs, retryDelay } from "./retry.ts";

const answer = (status: number, headers: Record<string, string> = {}): PipelineResponse =>
  ({ status, headers: new Map(Object.entries(headers)) }) as unknown as PipelineResponse;
const fault = (code: string): RestError =>
  Object.assign(new Error(code), { name: "RestError", code }) as unknown as RestError;
const at = (mode: RetryMode, response?: PipelineResponse, responseError?: RestError, retryCount = 0) =>
  retryDelay(mode, { response, responseError, retryCount }, {}, () => 1);

test("which answers are tried again", () => {
  const tried = (mode: RetryMode) =>
    [200, 400, 401, 404, 408, 409, 429, 500, 501, 502, 503, 504, 505].filter(
      (status) => at(mode, answer(status)) !== undefined,
    );
  assert.deepEqual(tried("always"), [408, 429, 500, 502, 503, 504]);
  assert.deepEqual(tried("unprocessed"), [429]);
  assert.deepEqual(tried("never"), []);
});

test("a 503 that says when to come back did nothing, so even what must not be doubled is tried again", () => {
  assert.equal(at("unprocessed", answer(503, { "retry-after": "2" })), 2000);
  assert.equal(at("never", answer(503, { "retry-after": "2" })), undefined);
});

test("which faults of the connection are tried again", () => {
  const codes = [
    "ECONNREFUSED",
    "ECONNRESET",
    "EPIPE",
    "ETIMEDOUT",
    "ENOTFOUND",
    "EAI_AGAIN",
    "PARSE_ERROR",
    "CERT",
  ];
  const tried = (mode: RetryMode) => codes.filter((code) => at(mode, undefined, fault(code)) !== undefined);
  assert.deepEqual(tried("always"), [
    "ECONNREFUSED",
    "ECONNRESET",
    "EPIPE",
    "ETIMEDOUT",
    "EAI_AGAIN",
    "PARSE_ERROR",
  ]);
  assert.deepEqual(tried("unprocessed"), ["ECONNREFUSED", "EAI_AGAIN"]);
});

test("the wait doubles, half of it by chance, up to the longest", () => {
  const waits = (random: number) =>
    [0, 1, 2, 20].map((retryCount) =>
      retryDelay("always", { response: answer(500), retryCount }, { maxRetryDelayInMs: 4000 }, () => random),
    );
  assert.deepEqual(waits(1), [250, 500, 1000, 4000]);
  assert.deepEqual(waits(0), [125, 250, 500, 2000]);
});

test("a server that asks for more patience than there is gets none", () => {
  assert.equal(at("always", answer(429, { "retry-after": "64" })), 64_000);
  assert.equal(at("always", answer(429, { "retry-after": "65" })), undefined);
});

test("Retry-After is read in seconds, as a date, and in Azure's milliseconds", () => {
  const now = () => Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfterInMs(answer(429, { "retry-after": "3" })), 3000);
  assert.equal(retryAfterInMs(answer(429, { "retry-after": "Thu, 01 Jan 2026 00:00:10 GMT" }), now), 10_000);
  assert.equal(retryAfterInMs(answer(429, { "retry-after": "Thu, 01 Jan 2025 00:00:10 GMT" }), now), 0);
  assert.equal(retryAfterInMs(answer(429, { "x-ms-retry-after-ms": "7", "retry-after": "3" })), 7);
  for (const bad of ["", " ", "soon", "-1"])
    assert.equal(retryAfterInMs(answer(429, { "retry-after": bad })), undefined, bad);
});

test("a passing error is told from one that stays", () => {
  assert.equal(mayPass(fault("ECONNREFUSED")), true);
  assert.equal(mayPass(Object.assign(fault("X"), { statusCode: 503 })), true);
  assert.equal(mayPass(Object.assign(fault("X"), { statusCode: 404 })), false);
  assert.equal(mayPass(new Error("ECONNREFUSED")), false);
});
