import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { LaunchKey, LaunchPlan } from "../launch/launchPlan.ts";
import { advance, IllegalStep, type RunEvent } from "./advance.ts";
import { isTerminal, NEXT, type RunStatus } from "./next.ts";
import { nextStep } from "./nextStep.ts";
import type { CancelWish, Life } from "./run.ts";

const key = "k" as LaunchKey;
const plan: LaunchPlan = {
  key,
  target: { name: "local", kind: "process", pool: "machine", options: {} },
  argv: ["python3", "a.py"],
  environment: {},
  folders: [],
  nodes: 1,
};
const wish: CancelWish = { askedAt: 5, by: "ada", reason: "Canceled" };
const fresh: Life = { status: "NotStarted", attempt: 0 };
const now = { at: 10, actor: "test" };

const EVENTS: readonly RunEvent[] = [
  { name: "claimed", key },
  { name: "preparing" },
  { name: "environmentPrepared", how: "found" },
  { name: "dataBrought", references: 1, files: 2, bytes: 3 },
  { name: "prepared", plan },
  { name: "environmentReady" },
  { name: "launched", handle: { key, kind: "process", version: 1, state: "{}" } },
  { name: "started", startedAt: 3 },
  { name: "ended", exit: { code: 0, endedAt: 4 } },
  { name: "succeeded" },
  { name: "failed", reason: "ExitedNonZero", message: "exit code 1" },
  { name: "cancelAsked", wish },
  { name: "stopped" },
  { name: "dataSent", references: 1, files: 2, bytes: 3, faults: 0 },
  { name: "released" },
  { name: "letGo", by: "eve" },
];

const through = (names: readonly RunEvent["name"][], life: Life = fresh): Life =>
  names.reduce((at, name) => advance(at, EVENTS.find((e) => e.name === name) as RunEvent, now).life, life);

describe("advance", () => {
  it("brings a run from its queue to its end", () => {
    const life = through([
      "claimed",
      "preparing",
      "prepared",
      "launched",
      "started",
      "ended",
      "succeeded",
      "released",
    ]);
    assert.equal(life.status, "Completed");
    assert.equal(life.attempt, 1);
    assert.equal(life.startedAt, 3);
    assert.equal(life.endedAt, 10);
    assert.deepEqual(life.outcome?.reason, "ExitedZero");
    assert.equal(life.release, "paid");
  });

  it("ends a run that only makes its environment there", () => {
    const life = through(["claimed", "preparing", "environmentReady"]);
    assert.deepEqual(
      [life.status, life.outcome?.reason, life.release],
      ["Completed", "EnvironmentReady", undefined],
    );
  });

  it("owes a release from the plan on, so that a crash before the launch is cleaned up too", () => {
    assert.equal(through(["claimed", "preparing"]).release, undefined);
    assert.equal(through(["claimed", "preparing", "prepared"]).release, "owed");
  });

  it("keeps a handle that comes after the wish to cancel, so that the job can be stopped", () => {
    const life = through(["claimed", "preparing", "prepared", "cancelAsked", "launched"]);
    assert.equal(life.status, "CancelRequested");
    assert.equal(life.handle?.key, key);
  });

  it("ends a canceled run Canceled even if the script managed to exit 0", () => {
    const asked = through(["claimed", "preparing", "prepared", "launched", "started", "cancelAsked"]);
    const late = advance(asked, { name: "ended", exit: { code: 0, endedAt: 9 } }, now);
    assert.equal(late.changed, false);
    assert.equal(advance(late.life, { name: "stopped" }, now).life.status, "Canceled");
  });

  it("takes a cancel of a run that waits as its end", () => {
    assert.equal(through(["cancelAsked"]).status, "Canceled");
  });

  for (const [reason, status] of [
    ["EndedAsCompleted", "Completed"],
    ["EndedAsFailed", "Failed"],
    ["OverTime", "Canceled"],
  ] as const) {
    it(`ends as ${status} when the cancel said ${reason}`, () => {
      const asked = advance(
        through(["claimed"]),
        { name: "cancelAsked", wish: { ...wish, reason } },
        now,
      ).life;
      assert.equal(advance(asked, { name: "stopped" }, now).life.status, status);
    });
  }

  it("leaves a run that is being finished alone when a cancel comes late", () => {
    const life = through(["claimed", "preparing", "prepared", "launched", "started", "ended"]);
    assert.equal(advance(life, { name: "cancelAsked", wish }, now).changed, false);
  });

  it("tells people how far it has come without moving the run", () => {
    const preparing = through(["claimed", "preparing"]);
    const told = advance(preparing, { name: "environmentPrepared", how: "made" }, now);
    assert.equal(told.life, preparing);
    assert.deepEqual(
      [told.changed, told.entry.status, told.entry.detail],
      [true, "Preparing", { how: "made" }],
    );
    const asked = through(["claimed", "cancelAsked"]);
    assert.equal(
      advance(asked, { name: "dataBrought", references: 1, files: 0, bytes: 0 }, now).changed,
      false,
    );
    const started = advance(
      through(["claimed", "preparing", "prepared"]),
      { name: "started", startedAt: 3 },
      now,
    );
    assert.deepEqual(started.entry.detail, { attempt: 1, startedAt: "1970-01-01T00:00:00.0030000Z" });
    const never = { name: "ended", exit: { code: 0, endedAt: Number.NaN } } as const;
    assert.deepEqual(advance(started.life, never, now).entry.detail, { attempt: 1, endedAt: null });
  });

  for (const [status, names] of [
    ["Starting", ["claimed"]],
    ["Preparing", ["claimed", "preparing"]],
    ["Queued", ["claimed", "preparing", "prepared"]],
    ["Running", ["claimed", "preparing", "prepared", "launched", "started"]],
    ["Finalizing", ["claimed", "preparing", "prepared", "launched", "started", "ended"]],
    ["CancelRequested", ["claimed", "preparing", "prepared", "launched", "started", "cancelAsked"]],
  ] as const)
    it(`closes a run that is ${status} when it is let go of, whatever is owed`, () => {
      const before = through(names);
      assert.equal(before.status, status);
      const { life, entry } = advance(before, { name: "letGo", by: "eve", text: "Burnt." }, now);
      assert.deepEqual(
        [life.status, life.outcome?.reason, life.release, life.endedAt, entry.event, entry.status],
        ["Canceled", "LetGo", "letGo", 10, "letGo", "Canceled"],
      );
      assert.match(
        entry.cause ?? "",
        /^Let go by eve: the machine was not asked; what still runs there runs on\..* ?Burnt\.$/,
      );
      assert.equal(nextStep({ origin: "hosted", life }), "done");
      // News of a machine that came back change nothing; only the debt can be paid.
      for (const event of EVENTS.filter(({ name }) => name !== "released")) {
        const late = advance(life, event, now);
        assert.deepEqual([late.changed, late.life], [false, life], event.name);
      }
      assert.deepEqual(advance(life, { name: "released" }, now).life, { ...life, release: "paid" });
    });

  it("keeps the end of a run that only owes a release when it is let go of, and does nothing where nothing is owed", () => {
    const ended = through(["claimed", "preparing", "prepared", "launched", "started", "ended", "succeeded"]);
    const { life, changed } = advance(ended, { name: "letGo", by: "eve" }, now);
    assert.deepEqual([changed, life], [true, { ...ended, release: "letGo" }]);
    assert.equal(advance(life, { name: "letGo", by: "eve" }, now).changed, false);
    const paid = advance(ended, { name: "released" }, now).life;
    assert.equal(advance(paid, { name: "letGo", by: "eve" }, now).changed, false);
    assert.throws(() => advance(fresh, { name: "letGo", by: "eve" }, now), IllegalStep);
  });

  it("refuses a pair that cannot happen", () => {
    assert.throws(() => advance(fresh, { name: "environmentPrepared", how: "found" }, now), IllegalStep);
    assert.throws(() => advance(fresh, { name: "started", startedAt: 1 }, now), IllegalStep);
  });

  it("ends once and stays ended, whatever order events come in", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
        let life = fresh;
        let end: RunStatus | undefined;
        for (const event of events) {
          try {
            life = advance(life, event, now).life;
          } catch (error) {
            assert.ok(error instanceof IllegalStep);
          }
          if (end !== undefined) assert.equal(life.status, end);
          if (isTerminal(life.status)) {
            end = life.status;
            assert.ok(life.outcome, "an ended run has an outcome");
            assert.equal(life.outcome.status, life.status);
          }
        }
      }),
    );
  });

  it("has a step for every status, and nothing but release or nothing for an end", () => {
    for (const status of Object.keys(NEXT) as RunStatus[]) {
      const step = nextStep({ origin: "hosted", life: { status, attempt: 1, release: "owed" } });
      assert.equal(step === "release", isTerminal(status), status);
      assert.equal(nextStep({ origin: "external", life: { status, attempt: 0 } }), "done");
    }
  });
});
