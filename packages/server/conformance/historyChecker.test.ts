import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkHistory, type HistoryEntry } from "./historyChecker.ts";

const GOOD: readonly HistoryEntry[] = [
  { event: "submitted", status: "NotStarted" },
  { event: "claimed", status: "Starting", detail: { key: "k1", attempt: 1 } },
  { event: "preparing", status: "Preparing" },
  { event: "environmentPrepared", status: "Preparing" },
  { event: "prepared", status: "Queued" },
  { event: "launched", status: "Queued" },
  { event: "started", status: "Running", detail: { attempt: 1 } },
  { event: "ended", status: "Finalizing", detail: { attempt: 1 } },
  { event: "succeeded", status: "Completed" },
  { event: "released", status: "Completed" },
];
const without = (event: string) => GOOD.filter((entry) => entry.event !== event);
const twice = (event: string) => GOOD.flatMap((entry) => (entry.event === event ? [entry, entry] : [entry]));

describe("the history checker", () => {
  it("finds nothing in a good story, nor in one of two attempts, nor in a cancel before the start", () => {
    assert.deepEqual(checkHistory(GOOD), []);
    const again: HistoryEntry[] = [
      ...GOOD.slice(0, 7),
      { event: "retried", status: "Running", detail: { attempt: 2, key: "k2" } },
      { event: "cleared", status: "Running" },
      { event: "launched", status: "Running" },
      { event: "started", status: "Running", detail: { attempt: 2 } },
      ...GOOD.slice(7),
    ];
    assert.deepEqual(checkHistory(again), []);
    assert.deepEqual(
      checkHistory([
        { event: "submitted", status: "NotStarted" },
        { event: "cancelAsked", status: "Canceled" },
      ]),
      [],
    );
  });

  it("takes a run that was let go of, at work or after its end, and freed later", () => {
    const letGo = (status: string) => ({ event: "letGo", status });
    const atWork = [...GOOD.slice(0, 7), letGo("Canceled")];
    assert.deepEqual(checkHistory(atWork), []);
    const freed = { event: "released", status: "Canceled" };
    assert.deepEqual(checkHistory([...atWork, freed]), []);
    assert.deepEqual(checkHistory([...without("released"), letGo("Completed")]), []);
    for (const story of [
      [...atWork, letGo("Canceled")],
      [...atWork, freed, letGo("Canceled")],
      [...atWork, { event: "stopped", status: "Canceled" }],
      [...GOOD.slice(0, 1), letGo("Canceled")],
      [...without("released"), letGo("Canceled")],
    ])
      assert.notDeepEqual(checkHistory(story), [], JSON.stringify(story.slice(-2)));
  });

  it("finds what is lost, doubled, or late", () => {
    const faulty: Record<string, readonly HistoryEntry[]> = {
      "no story": [],
      "no end": GOOD.slice(0, 7),
      "cannot follow Running": [...GOOD.slice(0, 7), { event: "succeeded", status: "Completed" }],
      "'launched' for the second time in attempt 1": twice("launched"),
      "'started' for the second time in attempt 1": twice("started"),
      "came after the end": [...without("released"), { event: "failed", status: "Failed" }],
      "came after the end (Completed)": twice("succeeded"),
      "a second time": twice("released"),
      "attempt 3 follows attempt 1": [
        ...GOOD.slice(0, 7),
        { event: "retried", status: "Running", detail: { attempt: 3, key: "k3" } },
      ],
      "its launch key was given before": [
        ...GOOD.slice(0, 7),
        { event: "retried", status: "Running", detail: { attempt: 2, key: "k1" } },
      ],
    };
    for (const [fault, story] of Object.entries(faulty))
      assert.ok(
        checkHistory(story).some((found) => found.includes(fault)),
        `${fault}: ${checkHistory(story)}`,
      );
  });
});
