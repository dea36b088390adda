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
  it("are read with sizes of bytes", () => {
    assert.deepEqual(parseQuotas(["workspace.keptBytes=2TB", "user.keptBytes=3MiB"]), {
      workspace: { keptBytes: 2e12 },
      user: { keptBytes: 3 * 1024 * 1024 },
    });
    assert.deepEqual(parseQuotas(["user.keptBytes=12345678901"]), { user: { keptBytes: 12_345_678_901 } });
  });
  for (const text of [
    "user.gpus=1GB",
    "user.keptBytes=1XB",
    "user.keptBytes=9999999TB",
    "user.gpus=9999999999",
    "user.unfinishedRuns",
    "user.disks=1",
    "team.unfinishedRuns=1",
    "user.unfinishedRuns=-1",
    "",
  ])
    it(`are not '${text}'`, () => assert.equal(parseQuotas([text]), undefined));
});
