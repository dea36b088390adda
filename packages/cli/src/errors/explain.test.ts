import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { UsageError } from "./usageError.ts";

const rest = (statusCode: number, code: string, message: string) =>
  Object.assign(new Error(message), { name: "RestError", statusCode, code });

test("each kind of error has its exit code", () => {
  assert.equal(explain(new UsageError("x")).exitCode, 2);
  assert.equal(explain(rest(400, "InvalidDefinition", "x")).exitCode, 1);
  assert.equal(explain(rest(401, "NotAuthenticated", "x")).exitCode, 4);
  assert.equal(explain(rest(403, "NotAllowed", "x")).exitCode, 4);
  assert.equal(explain(rest(404, "RunNotFound", "x")).exitCode, 5);
  assert.equal(explain(rest(500, "Unexpected", "x")).exitCode, 1);
});

test("a service that is not there is told with its address and the way out, however the library wraps it", () => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const several = Object.assign(new AggregateError([refused]), { code: "ECONNREFUSED" });
  for (const cause of [refused, several]) {
    const error = Object.assign(new Error("send", { cause }), {
      name: "RestError",
      code: "REQUEST_SEND_ERROR",
    });
    const { text, exitCode } = explain(error, "http://127.0.0.1:1");
    assert.equal(exitCode, 3);
    assert.match(text, /No service answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\).*malachite up/s);
  }
});

test("advice is added once", () => {
  const { text } = explain(rest(401, "NotAuthenticated", "No bearer token was sent."));
  assert.equal(text, "No bearer token was sent.\nSet MALACHITE_TOKEN to a token that the service accepts.");
});

test("a fault of the command keeps its stack, a fault of a file does not", () => {
  assert.match(explain(new RangeError("x")).text, /RangeError: x\n +at/);
  const missing = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT" });
  assert.equal(explain(missing).text, "ENOENT: no such file");
});
