// Side by side where it may be, one after the other where it must.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inWaves } from "./inWaves.ts";

describe("in waves", () => {
  it("works side by side, and answers in order", async () => {
    let most = 0;
    let now = 0;
    const answers = await inWaves(
      [3, 1, 2],
      (n) => [String(n)],
      async (n, index) => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, n));
        now -= 1;
        return [n, index];
      },
    );
    assert.deepEqual(answers, [
      [3, 0],
      [1, 1],
      [2, 2],
    ]);
    assert.equal(most, 3);
  });
  it("lets a child wait for its parent, and a change for the one before it", async () => {
    const story: string[] = [];
    await inWaves(
      [
        { id: "parent", parent: undefined },
        { id: "child", parent: "parent" },
        { id: "other", parent: "parent" },
        { id: "child", parent: undefined },
      ],
      ({ id, parent }) => (parent === undefined ? [id] : [id, parent]),
      async ({ id }) => {
        story.push(`+${id}`);
        await new Promise((resolve) => setImmediate(resolve));
        story.push(`-${id}`);
      },
    );
    assert.deepEqual(story, [
      "+parent",
      "-parent",
      "+child",
      "+other",
      "-child",
      "-other",
      "+child",
      "-child",
    ]);
  });
  it("answers nothing for nothing", async () => {
    const answers = await inWaves(
      [],
      () => [],
      async () => 1,
    );
    assert.deepEqual(answers, []);
  });
});
