import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { report, statusWord, wishExternal } from "./external.ts";
import type { CancelWish, Life } from "./run.ts";
import { shownStatus } from "./showStatus.ts";

const fresh: Life = { status: "NotStarted", attempt: 0 };
const wish: CancelWish = { askedAt: 5, by: "ada", reason: "Canceled" };

describe("a run that others execute", () => {
  it("follows what its owner reports", () => {
    const running = report(fresh, { name: "status", status: "Running", at: 7 }, 8);
    assert.equal(running?.startedAt, 7);
    const ended = report(running as Life, { name: "status", status: "Failed", at: 9, message: "boom" }, 10);
    assert.equal(ended?.status, "Failed");
    assert.equal(ended?.endedAt, 9);
    assert.equal(ended?.outcome?.message, "boom");
  });

  it("refuses a second, different end and takes the same one again", () => {
    const ended = report(fresh, { name: "status", status: "Completed" }, 1) as Life;
    assert.equal(report(ended, { name: "status", status: "Failed" }, 2), undefined);
    assert.equal(report(ended, { name: "status", status: "Completed" }, 2), ended);
    assert.equal(report(ended, { name: "status", status: "Running" }, 2), ended);
  });

  it("shows NotResponding when heartbeats stay away, and recovers", () => {
    const life = report(
      { ...fresh, status: "Running" },
      { name: "heartbeat", timeToLiveMs: 100 },
      1000,
    ) as Life;
    assert.equal(shownStatus({ life }, 1100), "Running");
    assert.equal(shownStatus({ life }, 1101), "NotResponding");
    const again = report(life, { name: "heartbeat", timeToLiveMs: 100 }, 1200) as Life;
    assert.equal(shownStatus({ life: again }, 1250), "Running");
  });

  it("is canceled at once when nobody executes it, and asked when somebody does", () => {
    assert.equal(wishExternal(fresh, wish, 5).status, "Canceled");
    assert.equal(wishExternal({ ...fresh, status: "Running" }, wish, 5).status, "CancelRequested");
    const silent: Life = { ...fresh, status: "Running", heartbeat: { at: 0, timeToLiveMs: 1 } };
    assert.equal(wishExternal(silent, wish, 5).status, "Canceled");
  });

  it("stays CancelRequested when its owner says that it runs", () => {
    const asked = wishExternal({ ...fresh, status: "Running" }, wish, 5);
    assert.equal(report(asked, { name: "status", status: "Running" }, 6), asked);
  });

  it("reads the words of the wire in any case", () => {
    assert.equal(statusWord("completed"), "Completed");
    assert.equal(statusWord("Provisioning"), "Preparing");
    assert.equal(statusWord("NotResponding"), undefined);
    assert.equal(statusWord("Cancelled"), undefined);
  });
});
