import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { phasesOf, stepsToCome } from "./phases.ts";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const entry = (seconds: number, event: string, status: string, cause?: string) => ({
  at: at(seconds),
  event,
  status,
  actor: "service",
  ...(cause === undefined ? {} : { cause }),
});
const begun = [
  entry(0, "submitted", "NotStarted"),
  entry(4, "claimed", "Starting"),
  entry(4, "preparing", "Preparing"),
  entry(6, "prepared", "Queued"),
  entry(7, "launched", "Queued"),
  entry(9, "started", "Running"),
];
const short = (phases: ReturnType<typeof phasesOf>) =>
  phases.map(
    ({ step, from, to, state }) => `${step} ${from / 1000}-${to === undefined ? "" : to / 1000} ${state}`,
  );

describe("The phases of a run", () => {
  test("are the steps between its events", () => {
    const story = [
      ...begun,
      entry(20, "ended", "Finalizing", "exit code 0"),
      entry(21, "succeeded", "Completed"),
      entry(22, "released", "Completed"),
    ];
    assert.deepEqual(short(phasesOf(story)), [
      "queued 0-4 done",
      "preparing 4-6 done",
      "starting 6-9 done",
      "running 9-20 done",
      "collecting 20-21 done",
    ]);
    assert.deepEqual(stepsToCome(phasesOf(story)), []);
  });

  test("go on while it runs, and say what is to come", () => {
    const phases = phasesOf(begun);
    assert.deepEqual(short(phases).at(-1), "running 9- now");
    assert.deepEqual(stepsToCome(phases), ["collecting"]);
    assert.deepEqual(stepsToCome(phasesOf(begun.slice(0, 1))), [
      "preparing",
      "starting",
      "running",
      "collecting",
    ]);
  });

  test("of one that failed end where it failed, with the cause", () => {
    const phases = phasesOf([...begun.slice(0, 3), entry(5, "failed", "Failed", "no such package")]);
    assert.deepEqual(short(phases), ["queued 0-4 done", "preparing 4-5 broken"]);
    assert.equal(phases.at(-1)?.cause, "no such package");
  });

  test("of a later attempt begin anew", () => {
    const phases = phasesOf([
      ...begun,
      entry(12, "retried", "Running", "The process is gone."),
      entry(13, "cleared", "Running"),
      entry(14, "launched", "Running"),
      entry(15, "started", "Running"),
    ]);
    assert.deepEqual(short(phases).slice(3), [
      "running 9-12 broken",
      "starting 12-15 done",
      "running 15- now",
    ]);
    assert.deepEqual(
      phases.map(({ attempt }) => attempt),
      [1, 1, 1, 1, 2, 2],
    );
  });

  test("of a canceled one have the time that stopping took", () => {
    const story = [...begun, entry(11, "cancelAsked", "CancelRequested"), entry(13, "stopped", "Canceled")];
    assert.deepEqual(short(phasesOf(story)).slice(3), ["running 9-11 done", "stopping 11-13 broken"]);
  });

  test("of a run that others report are what they report", () => {
    const story = [
      entry(0, "created", "NotStarted"),
      entry(1, "reported", "Running"),
      entry(3, "reported", "Completed"),
    ];
    assert.deepEqual(short(phasesOf(story)), ["queued 0-1 done", "running 1-3 done"]);
  });
});
