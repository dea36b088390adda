import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSpared, isTooMuch, isTooOld, policyFor, type RetentionPolicy } from "./policy.ts";

const policy = (more: Partial<RetentionPolicy> = {}): RetentionPolicy => ({
  workspace: "*",
  experiment: "*",
  unlessTag: [],
  onlyTag: [],
  remove: "files",
  ...more,
});
const scope = { subscriptionId: "Sub", resourceGroup: "rg", workspace: "Ws.1" };

describe("retention policies", () => {
  it("are chosen by patterns, the first that fits, without regard to case", () => {
    const policies = [
      policy({ workspace: "other" }),
      policy({ experiment: "scratch-*" }),
      policy({ workspace: "sub/*/ws.1" }),
      policy(),
    ];
    const of = (experimentName: string, workspace = scope.workspace) =>
      policyFor(policies, { scope: { ...scope, workspace }, experimentName });
    assert.deepEqual([of("scratch-a"), of("train"), of("train", "ws31"), of("x", "other")], [1, 2, 3, 0]);
    assert.equal(policyFor([policy({ workspace: "ws?1" })], { scope, experimentName: "x" }), -1);
  });

  it("spare by tags, with a value or without", () => {
    const keep = policy({ unlessTag: ["keep", "stage=prod"] });
    assert.ok(isSpared(keep, { tags: { keep: "" } }));
    assert.ok(isSpared(keep, { tags: { stage: "prod" } }));
    assert.ok(!isSpared(keep, { tags: { stage: "test" } }));
    assert.ok(isSpared(policy({ onlyTag: ["scratch"] }), { tags: {} }));
    assert.ok(!isSpared(policy({ onlyTag: ["scratch"] }), { tags: { scratch: "1" } }));
  });

  it("look at age and size", () => {
    const day = 24 * 3600_000;
    assert.ok(isTooOld(policy({ keepDays: 1 }), { endedAt: 0 }, day + 1));
    assert.ok(!isTooOld(policy({ keepDays: 1 }), { endedAt: 0 }, day));
    assert.ok(!isTooOld(policy(), { endedAt: 0 }, 1000 * day));
    assert.ok(isTooMuch(policy({ keepBytes: 10 }), 6, 5));
    assert.ok(!isTooMuch(policy({ keepBytes: 10 }), 5, 5));
  });
});
