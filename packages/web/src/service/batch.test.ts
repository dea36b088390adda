import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { batched } from "./batch.ts";

describe("questions of one moment", () => {
  it("become one request for each key, and each gets its own answer", async () => {
    const asked: string[] = [];
    const ask = batched<string, string>(
      async (items, key) => {
        asked.push(`${key}: ${items.join()}`);
        return items.map((item) => item.toUpperCase());
      },
      2,
      1,
    );
    const answers = await Promise.all([ask("x", "a"), ask("y", "b"), ask("x", "c"), ask("x", "d")]);
    assert.deepEqual(answers, ["A", "B", "C", "D"]);
    assert.deepEqual(asked.sort(), ["x: a,c", "x: d", "y: b"]);
  });

  it("fail together", async () => {
    const ask = batched<string, string>(() => Promise.reject(new Error("away")), 9, 1);
    const both = await Promise.allSettled([ask("x", "a"), ask("x", "b")]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "rejected"],
    );
  });
});
