// New runs are held to quotas, whoever submits them at the same time.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isMalachiteError, type NewRun, type Quotas, type Run } from "@malachite/core";
import { BUNDLED_THREADS } from "../../../../conformance/bundledThreads.ts";
import { entryOf, freshScope, newRun } from "../../../../conformance/recordsUnderTest.ts";
import { openSqliteRecords, type SqliteRecords } from "./sqliteRecords.ts";

async function withRecords(quotas: Quotas, work: (records: SqliteRecords) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "malachite-quotas-"));
  const records = await openSqliteRecords({
    file: join(folder, "records.sqlite"),
    quotas,
    entry: BUNDLED_THREADS.records,
  });
  try {
    await work(records);
  } finally {
    await records.close();
    await rm(folder, { recursive: true });
  }
}

const ofUser = (objectId: string): Partial<NewRun> => ({
  createdBy: { name: objectId, objectId, tenantId: "t" },
});
/** The runs that were taken in; all others were refused for the quota. */
async function taken(records: SqliteRecords, runs: readonly NewRun[]): Promise<Run[]> {
  const done = await Promise.allSettled(runs.map((run) => records.runs.create(run, entryOf("submitted"))));
  for (const one of done)
    if (one.status === "rejected")
      assert.ok(isMalachiteError(one.reason) && one.reason.code === "QuotaExceeded", String(one.reason));
  return done.flatMap((one) => (one.status === "fulfilled" ? [one.value.run] : []));
}

describe("quotas", { timeout: 60_000 }, () => {
  it("let no more in than they say, of all that come at once, and more when one has ended", () =>
    withRecords({ workspace: { unfinishedRuns: 5 }, user: { unfinishedRuns: 3 } }, async (records) => {
      const scope = freshScope();
      const many = (who: string, from = 0) =>
        Array.from({ length: 10 }, (_, i) => newRun(scope, `${who}-${from + i}`, ofUser(who)));
      const first = await taken(records, many("ann"));
      assert.equal(first.length, 3);
      assert.equal((await taken(records, many("bob"))).length, 2, "what the workspace has left");
      assert.equal((await taken(records, [newRun(freshScope(), "elsewhere", ofUser("ann"))])).length, 1);
      const [ended] = first;
      assert.ok(ended);
      await records.runs.apply(ended, { ...ended.life, status: "Canceled" }, [], undefined);
      assert.equal((await taken(records, many("ann", 100))).length, 1);
      const again = await records.runs.create(newRun(scope, ended.id, ofUser("ann")), entryOf("submitted"));
      assert.equal(again.created, false, "the same once more is no submission");
    }));

  it("count a minute back", () =>
    withRecords({ user: { runsPerMinute: 2 } }, async (records) => {
      const scope = freshScope();
      const at = (id: string, createdAt: number, who = "ann") =>
        newRun(scope, id, { ...ofUser(who), createdAt });
      const found = await taken(records, [at("a", 1000), at("b", 2000), at("c", 3000), at("d", 3000, "bob")]);
      assert.deepEqual(
        found.map(({ id }) => id),
        ["a", "b", "d"],
      );
      assert.equal((await taken(records, [at("e", 60_999)])).length, 0);
      assert.equal((await taken(records, [at("f", 61_001)])).length, 1);
    }));

  it("say which it was", () =>
    withRecords({ user: { unfinishedRuns: 0 } }, async (records) => {
      const run = newRun(freshScope(), "one", ofUser("ann"));
      await assert.rejects(records.runs.create(run, entryOf("submitted")), {
        code: "QuotaExceeded",
        message: /^'ann' in the workspace '.+' may have 0 runs .*quota user\.unfinishedRuns/,
      });
    }));
});
