// Quotas as the settings write them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseQuotas } from "./quotas.ts";

describe("quotas", () => {
  it("are read from texts, the last of a name counting", () => {
    assert.deepEqual(parseQuotas([]), {});
    const texts = [
      "workspace.unfinishedRuns=9",
      "user.runsPerMinute=3",
      "user.unfinishedRuns=0",
      "user.runsPerMinute=4",
    ];
    assert.deepEqual(parseQuotas(texts), {
      workspace: { unfinishedRuns: 9 },
      user: { runsPerMinute: 4, unfinishedRuns: 0 },
    });
  });
  for (const text of [
    "user.unfinishedRuns",
    "user.disks=1",
    "team.unfinishedRuns=1",
    "user.unfinishedRuns=-1",
    "",
  ])
    it(`are not '${text}'`, () => assert.equal(parseQuotas([text]), undefined));
});
