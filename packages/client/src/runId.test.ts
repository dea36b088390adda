import assert from "node:assert/strict";
import { test } from "node:test";
import { RUN_ID_PATTERN } from "@malachite/contract";
import fc from "fast-check";
import { newRunId } from "./runId.ts";

test("a run id names its experiment and its time", () => {
  assert.match(newRunId("train", 1234), /^train_1234_[0-9a-f]{8}$/);
});

test("whatever an experiment is called, its run ids are run ids, and no two are the same", () => {
  const pattern = new RegExp(RUN_ID_PATTERN);
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.string({ minLength: 250, maxLength: 600 })),
      (name) => {
        const id = newRunId(name);
        return pattern.test(id) && id !== newRunId(name);
      },
    ),
  );
});
