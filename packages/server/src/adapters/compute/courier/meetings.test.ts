import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { createMeetings } from "./meetings.ts";

describe("meetings", () => {
  it("are looked at once for all who ask at once, and for each launch by itself", async () => {
    const looks: string[] = [];
    const meeting = createMeetings(async (key) => looks.push(key));
    const answers = await Promise.all(["a", "b", "a", "a", "b"].map((key) => meeting(key)));
    assert.deepEqual(looks, ["a", "b"]);
    assert.deepEqual(answers, [1, 2, 1, 1, 2]);
  });

  it("are looked at anew after ten times as long as a look takes", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      let at = 0;
      let looks = 0;
      mock.method(performance, "now", () => at);
      const meeting = createMeetings(async () => {
        at += 20;
        return ++looks;
      });
      assert.equal(await meeting("a"), 1);
      mock.timers.tick(199);
      assert.equal(await meeting("a"), 1);
      mock.timers.tick(1);
      assert.equal(await meeting("a"), 2);
    } finally {
      mock.restoreAll();
      mock.timers.reset();
    }
  });

  it("do not keep a look that failed", async () => {
    let looks = 0;
    const meeting = createMeetings(async () => {
      looks += 1;
      if (looks === 1) throw new Error("the disk is away");
      return looks;
    });
    await assert.rejects(meeting("a"), /away/);
    assert.equal(await meeting("a"), 2);
  });
});
