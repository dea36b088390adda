import assert from "node:assert/strict";
import { test } from "node:test";
import { conditions } from "./workers.ts";

test("a worker gets the import conditions of its process and no other argument", () => {
  assert.deepEqual(
    conditions([
      "--conditions=a",
      "--input-type=module",
      "-C",
      "b",
      "--test",
      "--conditions",
      "c",
      "-C=d",
      "-e",
    ]),
    ["--conditions=a", "-C", "b", "--conditions", "c", "-C=d"],
  );
});
