// What the v1 SDK is told of how far a run is, beside what others are told.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Run, ShownRun } from "@malachite/core";
import { createSdkStatus } from "./sdkStatus.ts";
import { testClock } from "./testing/clock.ts";
import { testRun } from "./testing/flow.ts";

const sdk = (session = "1") =>
  ({ headers: { "user-agent": "azureml-sdk-core/1.61.0", "x-ms-client-session-id": session } }) as never;
const other = { headers: { "user-agent": "curl/8" } } as never;

function shownRun(status: ShownRun["status"], endedAt?: number, origin: Run["origin"] = "hosted"): ShownRun {
  const run = testRun("a", origin === "hosted" ? {} : { definition: undefined });
  return { status, run: { ...run, origin, life: { ...run.life, status: status as never, endedAt } } };
}
const make = () => {
  const clock = testClock();
  return { clock, told: createSdkStatus(clock), ended: shownRun("Completed", clock.now() - 50) };
};

describe("what the v1 SDK is told", () => {
  it("is Finalizing in the first details after an end, and the end in the next", () => {
    const { told, ended } = make();
    const first = told.ofDetails(ended, sdk());
    assert.deepEqual([first.status, first.run.life.endedAt], ["Finalizing", undefined]);
    assert.equal(told.ofDetails(ended, sdk()).status, "Completed");
  });
  it("is told to each client for itself", () => {
    const { told, ended } = make();
    assert.equal(told.ofDetails(ended, sdk("1")).status, "Finalizing");
    assert.equal(told.ofDetails(ended, sdk("2")).status, "Finalizing");
  });
  it("is the end at once for a client that knows it from the run, and for one that comes later", () => {
    const { told, ended, clock } = make();
    assert.equal(told.ofRun(ended, sdk()).status, "Completed");
    assert.equal(told.ofDetails(ended, sdk()).status, "Completed");
    clock.at += 10_000;
    assert.equal(told.ofDetails(ended, sdk("late")).status, "Completed");
  });
  it("is Finalizing in the answer to a change, until the end was told", () => {
    const { told, ended } = make();
    assert.equal(told.ofChange(ended, sdk()).status, "Finalizing");
    assert.equal(told.ofDetails(ended, sdk()).status, "Finalizing");
    assert.equal(told.ofChange(ended, sdk()).status, "Completed");
  });
  it("is Queued for a run that waits for its turn", () => {
    const { told } = make();
    const waiting = shownRun("NotStarted");
    assert.equal(told.ofRun(waiting, sdk()).status, "Queued");
    assert.equal(told.ofDetails(waiting, sdk()).status, "Queued");
    for (const part of ["sdk_run_script", "azureml._restclient/core.1.0.85"]) {
      const older = { headers: { "user-agent": `python/3.7.16 msrest/0.7.1 ${part}` } } as never;
      assert.equal(told.ofDetails(waiting, older).status, "Queued");
    }
  });
  it("is the same of a run that it started on its own machine", () => {
    const { told, clock } = make();
    const local = (status: ShownRun["status"], endedAt?: number) => {
      const shown = shownRun(status, endedAt, "external");
      return { ...shown, run: { ...shown.run, definition: testRun("a").definition } };
    };
    assert.equal(told.ofRun(local("NotStarted"), sdk()).status, "Queued");
    assert.equal(told.ofDetails(local("Completed", clock.now()), sdk()).status, "Finalizing");
  });
  it("is the plain truth of runs that others execute, and for other clients", () => {
    const { told, ended, clock } = make();
    assert.equal(told.ofDetails(shownRun("Completed", clock.now(), "external"), sdk()).status, "Completed");
    assert.equal(told.ofRun(shownRun("NotStarted", undefined, "external"), sdk()).status, "NotStarted");
    assert.equal(told.ofDetails(ended, other).status, "Completed");
    assert.equal(told.ofRun(shownRun("NotStarted"), other).status, "NotStarted");
  });
});
