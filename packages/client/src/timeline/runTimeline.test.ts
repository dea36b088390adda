import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StoryEntry } from "../models.ts";
import { runTimeline } from "./runTimeline.ts";

const NOON = Date.parse("2026-01-02T12:00:00Z");
const text = (second: number) => new Date(NOON + second * 1000).toISOString();

/** One entry: when, what, the status after it, and what it tells. */
const entry = (
  second: number,
  event: string,
  status: string,
  detail?: Record<string, unknown>,
): StoryEntry => ({
  at: text(second),
  event,
  status,
  actor: "test",
  ...(detail === undefined ? {} : { detail }),
});

const seconds = (date: Date | undefined) => (date === undefined ? undefined : (date.getTime() - NOON) / 1000);
const phasesOf = (story: readonly StoryEntry[]) =>
  runTimeline(story).phases.map(({ name, start, end, attempt }) => [
    name,
    seconds(start),
    seconds(end),
    attempt,
  ]);

const UP_TO_LAUNCH = [
  entry(0, "submitted", "NotStarted"),
  entry(5, "claimed", "Starting", { attempt: 1, key: "k" }),
  entry(6, "preparing", "Preparing"),
];
const END = entry(60, "succeeded", "Completed", { reason: "ExitedZero" });

describe("the timeline of a run", () => {
  it("has every phase with its time, data and sending among them", () => {
    const story = [
      ...UP_TO_LAUNCH,
      entry(10, "environmentPrepared", "Preparing", { how: "made" }),
      entry(20, "dataBrought", "Preparing", { references: 1, files: 2, bytes: 3 }),
      entry(20, "prepared", "Queued"),
      entry(21, "launched", "Queued"),
      entry(26, "started", "Running", { attempt: 1, startedAt: text(25) }),
      entry(51, "ended", "Finalizing", { attempt: 1, endedAt: text(50) }),
      entry(55, "dataSent", "Finalizing", { references: 1, files: 1, bytes: 1, faults: 0 }),
      END,
      entry(61, "released", "Completed"),
    ];
    assert.deepEqual(phasesOf(story), [
      ["queued", 0, 5, 0],
      ["environment", 5, 10, 1],
      ["data", 10, 20, 1],
      ["launch", 20, 21, 1],
      ["engine", 21, 25, 1],
      ["running", 25, 50, 1],
      ["sending", 50, 55, 1],
      ["collecting", 55, 60, 1],
    ]);
    const { phases, end, attempts } = runTimeline(story);
    assert.deepEqual(
      phases.map((phase) => phase.entries.map(({ event }) => event)),
      [
        ["submitted"],
        ["claimed", "preparing", "environmentPrepared"],
        ["dataBrought"],
        ["prepared"],
        ["launched"],
        ["started", "ended"],
        ["dataSent"],
        ["succeeded", "released"],
      ],
    );
    assert.equal(attempts, 1);
    assert.deepEqual(end, {
      at: new Date(text(60)),
      status: "Completed",
      reason: "ExitedZero",
      message: undefined,
    });
  });

  it("goes on to now while the run is in a phase", () => {
    assert.deepEqual(phasesOf(UP_TO_LAUNCH), [
      ["queued", 0, 5, 0],
      ["environment", 5, undefined, 1],
    ]);
    assert.equal(runTimeline(UP_TO_LAUNCH).end, undefined);
    assert.deepEqual(runTimeline([]), { phases: [], attempts: 0, end: undefined });
  });

  it("has no data where there was none, also after a crash in the middle", () => {
    const story = [
      ...UP_TO_LAUNCH,
      entry(10, "environmentPrepared", "Preparing", { how: "found" }),
      entry(10, "prepared", "Queued"),
    ];
    assert.deepEqual(phasesOf(story).slice(1), [
      ["environment", 5, 10, 1],
      ["launch", 10, undefined, 1],
    ]);
    const again = [...story.slice(0, -1), entry(30, "environmentPrepared", "Preparing", { how: "found" })];
    assert.deepEqual(phasesOf(again).at(-1), ["data", 10, undefined, 1]);
  });

  it("counts attempts, and what one left is cleared before the next", () => {
    const story = [
      ...UP_TO_LAUNCH,
      entry(10, "environmentPrepared", "Preparing", { how: "found" }),
      entry(10, "prepared", "Queued"),
      entry(11, "launched", "Queued"),
      entry(12, "started", "Running", { attempt: 1, startedAt: text(12) }),
      entry(20, "retried", "Running", { attempt: 2, reason: "Vanished" }),
      entry(22, "cleared", "Running", { attempt: 1 }),
      entry(23, "launched", "Running"),
      entry(24, "started", "Running", { attempt: 2, startedAt: text(24) }),
    ];
    assert.deepEqual(phasesOf(story).slice(4), [
      ["running", 12, 20, 1],
      ["clearing", 20, 22, 1],
      ["launch", 22, 23, 2],
      ["engine", 23, 24, 2],
      ["running", 24, undefined, 2],
    ]);
    assert.equal(runTimeline(story).attempts, 2);
  });

  it("shows how long a stop takes, and that one in the line takes no time", () => {
    const running = [
      ...UP_TO_LAUNCH,
      entry(10, "prepared", "Queued"),
      entry(11, "launched", "Queued"),
      entry(12, "started", "Running"),
      entry(20, "cancelAsked", "CancelRequested"),
      entry(21, "dataSent", "CancelRequested", { faults: 0 }),
      entry(25, "stopped", "Canceled", { reason: "OverTime" }),
    ];
    assert.deepEqual(phasesOf(running).slice(-2), [
      ["running", 12, 20, 1],
      ["stopping", 20, 25, 1],
    ]);
    assert.equal(runTimeline(running).end?.reason, "OverTime");
    const waiting = [entry(0, "submitted", "NotStarted"), entry(9, "cancelAsked", "Canceled")];
    assert.deepEqual(phasesOf(waiting), [["queued", 0, 9, 0]]);
  });

  it("ends in whatever phase it failed, also before it was handed over", () => {
    const story = [...UP_TO_LAUNCH, entry(8, "failed", "Failed", { reason: "EnvironmentFailed" })];
    assert.deepEqual(phasesOf(story).at(-1), ["environment", 5, 8, 1]);
    assert.equal(runTimeline(story).end?.reason, "EnvironmentFailed");
  });

  it("believes no clock of another machine more than what was known when", () => {
    const story = [
      ...UP_TO_LAUNCH,
      entry(10, "prepared", "Queued"),
      entry(11, "launched", "Queued"),
      entry(12, "started", "Running", { startedAt: text(-500) }),
      entry(13, "ended", "Finalizing", { endedAt: text(900) }),
    ];
    assert.deepEqual(phasesOf(story).slice(-3), [
      ["engine", 11, 11, 1],
      ["running", 11, 13, 1],
      ["collecting", 13, undefined, 1],
    ]);
  });

  it("of runs that others execute goes by their status", () => {
    const story = [
      entry(0, "created", "NotStarted"),
      entry(3, "reported", "Running"),
      entry(5, "reported", "Running"),
      entry(9, "reported", "Completed"),
    ];
    assert.deepEqual(phasesOf(story), [
      ["queued", 0, 3, 0],
      ["running", 3, 9, 0],
    ]);
    assert.equal(runTimeline(story).end?.status, "Completed");
  });
});
