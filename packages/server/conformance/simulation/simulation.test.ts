// Worlds that went wrong once, and a few more: whoever dies, sleeps or is cut off, no run is lost, doubled or left behind.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { simulate } from "./simulate.ts";

describe("a simulated site", () => {
  it("runs all that is submitted when nothing goes wrong", async () => {
    const report = await simulate({ seed: 1, runs: 300, faultEveryMs: 0 });
    assert.deepEqual(report.faults, []);
    assert.equal(report.attempts + (report.ends.Canceled ?? 0) >= 300, true);
    assert.equal(report.takeovers, 0);
  });

  for (const seed of [2, 3, 4, 5])
    it(`loses and doubles nothing whoever dies, sleeps or is cut off (seed ${seed})`, async () => {
      const report = await simulate({ seed, runs: 1500, nodes: 2000, faultEveryMs: 6000 });
      assert.deepEqual(report.faults, []);
      assert.equal(report.runs, 1500);
      assert.ok((report.ends.LetGo ?? 0) > 0, JSON.stringify(report.ends));
      assert.ok(report.kills + report.sleeps > 5 && report.takeovers > 0, JSON.stringify(report));
    });

  it("is the same world for the same seed", async () => {
    const one = await simulate({ seed: 6, runs: 200, nodes: 500, faultEveryMs: 5000 });
    assert.deepEqual(await simulate({ seed: 6, runs: 200, nodes: 500, faultEveryMs: 5000 }), one);
  });
});
