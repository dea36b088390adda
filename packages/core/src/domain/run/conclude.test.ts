import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conclude } from "./conclude.ts";

const reasonOf = (event: ReturnType<typeof conclude>) =>
  event.name === "failed" ? event.reason : "succeeded";

describe("conclude", () => {
  it("tells the ways a process can end apart", () => {
    assert.equal(reasonOf(conclude({ code: 0, endedAt: 1 }, undefined, "")), "succeeded");
    assert.equal(reasonOf(conclude({ code: 137, endedAt: 1 }, undefined, "")), "ExitedNonZero");
    assert.equal(
      reasonOf(conclude({ code: null, signal: "SIGKILL", endedAt: 1 }, undefined, "")),
      "KilledBySignal",
    );
    assert.equal(
      reasonOf(conclude({ code: null, signal: "SIGKILL", outOfMemory: true, endedAt: 1 }, undefined, "")),
      "OutOfMemory",
    );
    assert.equal(reasonOf(conclude({ code: 127, endedAt: 1 }, "python: not found", "")), "StartFailed");
    assert.equal(reasonOf(conclude(undefined, undefined, "")), "Vanished");
  });

  it("says the error of a Python traceback", () => {
    const tail =
      'epoch 3\nTraceback (most recent call last):\n  File "train.py", line 3, in <module>\n    main()\nValueError: bad rate: -1\n';
    const event = conclude({ code: 1, endedAt: 1 }, undefined, tail);
    assert.equal(
      event.name === "failed" && event.message,
      "User program failed with ValueError: bad rate: -1",
    );
  });

  it("says the exit code when the log ends in no traceback", () => {
    const event = conclude({ code: 3, endedAt: 1 }, undefined, "bye\n");
    assert.equal(event.name === "failed" && event.message, "The script ended with exit code 3.");
  });
});
