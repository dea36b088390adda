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
    const lost = conclude(
      { code: null, lost: "/data/runs/x is not there any more.", endedAt: 1 },
      undefined,
      "",
    );
    assert.equal(reasonOf(lost), "FilesLost");
    assert.match(
      lost.name === "failed" ? lost.message : "",
      /was lost while it ran.*\/data\/runs\/x is not there/,
    );
  });

  it("tells that the engine took the run away, in its words", () => {
    const taken = conclude({ code: null, taken: "Evicted: no memory.", endedAt: 1 }, undefined, "");
    assert.equal(reasonOf(taken), "TakenAway");
    assert.match(
      taken.name === "failed" ? taken.message : "",
      /before its script had ended.*Evicted: no memory/,
    );
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

  describe("of several processes", () => {
    const rank = { name: "rank 2", others: 3, log: "user_logs/std_log_process_2.txt" };
    const said = (...given: Parameters<typeof conclude>) => {
      const event = conclude(...given);
      return event.name === "failed" ? [event.reason, event.message, event.detail] : [];
    };

    it("names the one that failed, how, and its last lines", () => {
      const tail = "step 1\nTraceback (most recent call last):\n  File x\nKeyError: 'k'\n";
      assert.deepEqual(said({ code: 1, endedAt: 1 }, undefined, tail, { ...rank, code: 1 }), [
        "ExitedNonZero",
        `Rank 2 ended with exit code 1; the other 3 processes were stopped. User program failed with KeyError: 'k'\nThe last lines of ${rank.log}:\n${tail.trimEnd()}`,
        { exitCode: 1, process: "rank 2", logTail: tail },
      ]);
      const [, message] = said({ code: null, signal: "SIGSEGV", endedAt: 1 }, undefined, "", {
        ...rank,
        others: 1,
        signal: "SIGSEGV",
      });
      assert.equal(message, "Rank 2 ended with signal SIGSEGV; the other process was stopped.");
    });

    it("says so when memory was the reason", () => {
      const exit = { code: null, signal: "SIGKILL", outOfMemory: true, endedAt: 1 };
      const [reason, message] = said(exit, undefined, "", { ...rank, signal: "SIGKILL", others: 0 });
      assert.equal(reason, "OutOfMemory");
      assert.match(String(message), /^Rank 2 ended with signal SIGKILL\. The script used more memory/);
    });

    it("which the engine took a node of, or ended for memory, ended by that", () => {
      const first = { name: "mpirun", others: 2, failure: "The connection to node 1 was lost." };
      const exit = { code: null, endedAt: 1 };
      assert.deepEqual(
        said({ ...exit, taken: "Evicted.", as: "Preempted" }, undefined, "", first)[0],
        "Preempted",
      );
      assert.deepEqual(said({ ...exit, outOfMemory: true }, undefined, "", first)[0], "OutOfMemory");
    });

    it("says why they could not be started", () => {
      const first = { name: "mpirun", others: 4, failure: "There is no mpirun." };
      assert.deepEqual(said({ code: 127, endedAt: 1 }, undefined, "", first).slice(0, 2), [
        "StartFailed",
        "The run could not be started: There is no mpirun.",
      ]);
    });
  });
});
