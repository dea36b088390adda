// A run on the wire: what every client needs is always there, and the contract's schema reads what is written.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { history, readWire } from "@malachite/contract";
import type { Life } from "@malachite/core";
import { NOON } from "../testing/clock.ts";
import { SNAPSHOT, testRun, WORKSPACE } from "../testing/flow.ts";
import { dateText, durationText } from "./dates.ts";
import { runDto } from "./run.ts";
import { runDetailsDto } from "./runDetails.ts";

const base = "http://localhost:7464";
const show = (life: Partial<Life>, more = {}) =>
  runDto(
    {
      run: testRun("a", { life: { status: "Running", attempt: 1, ...life }, ...more }),
      status: life.status ?? "Running",
    },
    base,
  );

describe("a run", () => {
  it("has what every answer needs", () => {
    const shown = show({});
    for (const name of [
      "runId",
      "rootRunId",
      "runNumber",
      "status",
      "experimentId",
      "dataContainerId",
      "properties",
      "tags",
      "warnings",
    ] as const) {
      assert.notEqual(shown[name], undefined, name);
    }
    assert.equal(shown.cancelUri, `${base}/execution/v1.0${WORKSPACE}/experiments/exp/runId/a/cancel`);
  });
  it("is read by the contract's own schema without a fault", () => {
    const outcome = { reason: "ExitedNonZero", status: "Failed", message: "It failed." } as const;
    const shown = show({ status: "Failed", endedAt: NOON, startedAt: NOON, outcome });
    assert.deepEqual(readWire(history.Run, JSON.parse(JSON.stringify(shown))).faults, []);
    const details = runDetailsDto(
      { run: testRun("a"), status: "Running" },
      base,
      { configuration: {} },
      { "user_logs/x.txt": "http://x" },
    );
    assert.deepEqual(readWire(history.RunDetails, JSON.parse(JSON.stringify(details))).faults, []);
  });
  it("encodes what an URL cannot hold", () => {
    const uri = show({}, { experimentName: "a/b ü" }).cancelUri ?? "";
    assert.match(uri, /experiments\/a%2Fb%20%C3%BC\/runId\/a\/cancel$/);
  });
  it("has no address to cancel at when only its owner's process knows it", () => {
    assert.equal(show({}, { definition: undefined, origin: "external" }).cancelUri, undefined);
  });
  it("tells how it ended", () => {
    const failed = show({
      status: "Failed",
      startedAt: NOON,
      endedAt: NOON + 61_500,
      exit: { code: 3, endedAt: NOON },
      outcome: { reason: "ExitedNonZero", status: "Failed", message: "Exit code 3." },
    });
    assert.equal(failed.properties?.["malachite.exitCode"], "3");
    assert.equal(failed.properties?.["malachite.reason"], "ExitedNonZero");
    assert.equal(failed.error?.error?.code, "UserError");
    assert.equal(failed.error?.error?.innerError?.code, "ExitedNonZero");
    assert.equal(failed.duration, "00:01:01.5000000");
    const killed = show({ exit: { code: null, signal: "SIGKILL", endedAt: NOON } });
    assert.equal(killed.properties?.["malachite.exitCode"], undefined);
    assert.equal(killed.properties?.["malachite.signal"], "SIGKILL");
  });
  it("has an error only when it failed, and blames the service when it was the service", () => {
    const outcome = { reason: "Canceled", status: "Canceled", message: "x" } as const;
    assert.equal(show({ status: "Canceled", outcome }).error, undefined);
    const lost = { reason: "Vanished", status: "Failed", message: "x" } as const;
    assert.equal(show({ status: "Failed", outcome: lost }).error?.error?.code, "ServiceError");
  });
  it("shows the error that its owner posted", () => {
    const error = { error: { code: "UserError", message: "mine" } };
    const about = { tags: {}, properties: {}, warnings: [], error };
    assert.deepEqual(show({}, { about }).error, error);
    assert.deepEqual(show({}, { about: { ...about, error: error.error } }).error, error);
  });
  it("keeps its own properties beside the computed ones", () => {
    const about = { tags: { a: "b" }, properties: { ContentSnapshotId: SNAPSHOT }, warnings: [] };
    assert.equal(show({}, { about }).properties?.ContentSnapshotId, SNAPSHOT);
  });
  it("says what it waits for", () => {
    const shown = runDto({ run: testRun("a"), status: "NotStarted", waitsFor: "For b." }, base);
    assert.deepEqual(shown.queueingInfo, { message: "For b." });
  });
});

describe("dates", () => {
  it("have seven digits and are read by JavaScript to the millisecond", () => {
    assert.equal(dateText(NOON), "2026-01-02T03:04:05.1230000Z");
    assert.equal(Date.parse(dateText(NOON)), NOON);
  });
  it("are read by Python's datetime", { skip: hasPython() ? false : "no python3 of 3.11 or later" }, () => {
    const code = `import sys,datetime;print(datetime.datetime.fromisoformat(sys.argv[1]).timestamp())`;
    const out = execFileSync("python3", ["-c", code, dateText(NOON)], { encoding: "utf8" });
    assert.equal(Math.round(Number(out) * 1000), NOON);
  });
  it("durations are written as .NET writes them", () => {
    assert.equal(durationText(0), "00:00:00.0000000");
    assert.equal(durationText(90_061_001), "1.01:01:01.0010000");
    assert.equal(durationText(-5), "00:00:00.0000000");
  });
});

/** True when there is a python that knows fromisoformat in full. */
function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"], { stdio: "ignore" });
    return true;
  } catch {
    // None, or one that is too old.
    return false;
  }
}
