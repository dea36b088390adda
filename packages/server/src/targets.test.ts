import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ComputeDriver, TargetHealth } from "@malachite/core";
import { createTargets } from "./targets.ts";

describe("a target that gives no answer", () => {
  const silent = Promise.withResolvers<TargetHealth>().promise;
  const driver = { kind: "slurm", check: () => silent } as unknown as ComputeDriver;
  const targets = createTargets({ lab: { kind: "slurm", options: {} } }, { runsAtOnce: 1 }, [driver]);
  const lab = targets.find("lab") ?? assert.fail("not there");

  it("is not usable once its time is over, and says why", async () => {
    const time = new AbortController();
    const health = targets.driver("slurm").check(lab, time.signal);
    time.abort(new DOMException("over", "TimeoutError"));
    const { usable, reason } = (await health) as Extract<TargetHealth, { usable: false }>;
    assert.equal(usable, false);
    assert.match(reason, /has not answered in time/);
  });

  it("is not judged by who leaves for another reason", async () => {
    const leaving = new AbortController();
    const health = targets.driver("slurm").check(lab, leaving.signal);
    leaving.abort(new Error("the service ends"));
    await assert.rejects(health, /the service ends/);
  });
});
