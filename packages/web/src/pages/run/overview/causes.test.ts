import assert from "node:assert/strict";
import { test } from "node:test";
import { causesOf } from "./causes.ts";

test("The causes of an error are its code and those of its inner errors, in order", () => {
  const { message, codes, details } = causesOf({
    error: {
      code: "UserError",
      message: "It failed.",
      innerError: { code: "Outer", innerError: { code: "Inner" } },
      details: [{ code: "X", message: "y", target: "z" }],
    },
  });
  assert.equal(message, "It failed.");
  assert.deepEqual(codes, ["UserError", "Outer", "Inner"]);
  assert.equal(details.length, 1);
  assert.deepEqual(causesOf(undefined), { message: "", codes: [], details: [] });
});
