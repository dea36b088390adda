import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runTimeline } from "@malachite/client";
import { stepsOf, stepsToCome } from "./steps.ts";

const entry = (seconds: number, event: string, status: string, reason?: string) => ({
  at: new Date(seconds * 1000).toISOString(),
  event,
  status,
  actor: "service",
  ...(reason === undefined ? {} : { detail: { reason }, cause: "It failed." }),
});
const begun = [
  entry(0, "submitted", "NotStarted"),
  entry(4, "claimed", "Starting"),
  entry(6, "prepared", "Queued"),
  entry(7, "launched", "Queued"),
  entry(9, "started", "Running"),
];
const short = (story: typeof begun, now = 100_000) =>
  stepsOf(runTimeline(story), now).map(({ name, lengthMs, state }) => `${name} ${lengthMs / 1000} ${state}`);

describe("The steps of a run", () => {
  test("go on while it runs, and say what is to come", () => {
    assert.deepEqual(short(begun, 12_000), [
      "queued 4 done",
      "environment 2 done",
      "launch 1 done",
      "engine 2 done",
      "running 3 now",
    ]);
    assert.deepEqual(stepsToCome(stepsOf(runTimeline(begun), 12_000)), ["collecting"]);
    assert.deepEqual(stepsToCome(stepsOf(runTimeline(begun.slice(0, 1)), 1000)), [
      "environment",
      "running",
      "collecting",
    ]);
  });
  test("are broken where the script failed, not where that was found", () => {
    const story = [
      ...begun,
      entry(20, "ended", "Finalizing"),
      entry(21, "failed", "Failed", "ExitedNonZero"),
    ];
    assert.deepEqual(short(story).slice(-2), ["running 11 broken", "collecting 1 done"]);
    assert.deepEqual(stepsToCome(stepsOf(runTimeline(story), 0)), []);
  });
  test("are broken where the run stopped for another reason", () => {
    const story = [...begun.slice(0, 2), entry(5, "failed", "Failed", "EnvironmentFailed")];
    assert.deepEqual(short(story).slice(-1), ["environment 1 broken"]);
  });
  test("of an attempt that came to nothing say so", () => {
    const story = [...begun, entry(12, "retried", "Running", "Vanished"), entry(13, "cleared", "Running")];
    assert.deepEqual(short(story, 14_000).slice(4), ["running 3 broken", "clearing 1 done", "launch 1 now"]);
  });
});
