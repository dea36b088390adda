// The audit log: in order, chained, whole after a kill, bounded, and read from its end.
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { AuditEntry } from "@malachite/core";
import { createAuditLog } from "./auditLog.ts";
import { FIRST, hashOf } from "./entries.ts";

const act = (i: number, more: Partial<Parameters<ReturnType<typeof createAuditLog>["add"]>[0]> = {}) => ({
  at: new Date(1_700_000_000_000 + i * 1000).toISOString(),
  operation: i % 2 === 0 ? "Runs_StartRun" : "Runs_Cancel",
  who: { name: `user-${i % 3}`, objectId: `id-${i % 3}`, tenantId: "t" },
  from: "127.0.0.1",
  of: { runId: `run-${i}` },
  status: 200,
  correlation: `c-${i}`,
  ...more,
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "malachite-audit-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function all(folder: string, ask = {}, limit = 7): Promise<AuditEntry[]> {
  await using log = createAuditLog({ folder, limitBytes: 1e9 });
  const found: AuditEntry[] = [];
  for (let after: string | undefined; ; ) {
    const page = await log.read({ ...ask, limit, ...(after === undefined ? {} : { after }) });
    found.push(...page.values);
    if (page.next === undefined) return found;
    after = page.next;
  }
}

function assertChained(newestFirst: readonly AuditEntry[], first = FIRST): void {
  let before = first;
  for (const { before: said, hash, ...entry } of newestFirst.toReversed()) {
    assert.equal(said, before, `entry ${entry.no}`);
    assert.equal(hash, hashOf(before, JSON.stringify(entry)), `entry ${entry.no}`);
    before = hash;
  }
}

describe("the audit log", () => {
  it("keeps entries in order, over restarts and files, each chained to the one before", () =>
    inFolder(async (folder) => {
      for (let life = 0; life < 3; life += 1) {
        await using log = createAuditLog({ folder, limitBytes: 1e9, fileBytes: 2000 });
        await Promise.all(Array.from({ length: 20 }, (_, i) => log.add(act(life * 20 + i))));
        for (let i = 0; i < 5; i += 1) await log.add(act(100 + life * 5 + i));
      }
      assert.ok((await readdir(folder)).length > 2);
      const found = await all(folder);
      assert.deepEqual(
        found.map(({ no }) => no),
        Array.from({ length: 75 }, (_, i) => 75 - i),
      );
      assertChained(found);
    }));

  it("is one chain, whichever of several servers adds to it", () =>
    inFolder(async (home) => {
      const folder = join(home, "audit");
      const shared = { folder, limitBytes: 1e9, fileBytes: 2000, turns: join(home, "lock.audit") };
      await using one = createAuditLog(shared);
      await using other = createAuditLog(shared);
      for (let i = 0; i < 10; i += 1)
        await Promise.all([one.add(act(i)), other.add(act(100 + i)), one.add(act(200 + i))]);
      const found = await all(folder);
      assert.deepEqual(
        found.map(({ no }) => no),
        Array.from({ length: 30 }, (_, i) => 30 - i),
      );
      assertChained(found);
    }));

  it("cuts off what a kill has left half written, and goes on", () =>
    inFolder(async (folder) => {
      {
        await using log = createAuditLog({ folder, limitBytes: 1e9 });
        await log.add(act(1));
      }
      const [name = ""] = await readdir(folder);
      await appendFile(join(folder, name), '{"no":2,"at":"2023-');
      {
        await using log = createAuditLog({ folder, limitBytes: 1e9 });
        await log.add(act(2));
      }
      const found = await all(folder);
      assert.deepEqual(
        found.map(({ of }) => of.runId),
        ["run-2", "run-1"],
      );
      assertChained(found);
    }));

  it("shows a change of an entry in the chain", () =>
    inFolder(async (folder) => {
      await using log = createAuditLog({ folder, limitBytes: 1e9 });
      for (let i = 0; i < 3; i += 1) await log.add(act(i));
      const [name = ""] = await readdir(folder);
      const text = await readFile(join(folder, name), "utf8");
      await writeFile(join(folder, name), text.replace("user-1", "user-9"));
      const found = await all(folder);
      assert.throws(() => assertChained(found), /entry 2/);
    }));

  it("finds by who, run, operation and time", () =>
    inFolder(async (folder) => {
      await using log = createAuditLog({ folder, limitBytes: 1e9 });
      for (let i = 0; i < 12; i += 1) await log.add(act(i));
      await log.add(act(12, { who: { name: "x", objectId: "y", tenantId: "t", run: "run-3" } }));
      const runs = async (ask: object) => (await all(folder, ask, 2)).map(({ of }) => of.runId);
      assert.deepEqual(await runs({ who: "id-1" }), ["run-10", "run-7", "run-4", "run-1"]);
      assert.deepEqual(await runs({ runId: "run-3" }), ["run-12", "run-3"]);
      assert.equal((await runs({ operation: "Runs_Cancel" })).length, 6);
      assert.deepEqual(await runs({ since: act(11).at }), ["run-12", "run-11"]);
      await assert.rejects(log.read({ limit: 1, after: "nonsense" }), { code: "BadContinuationToken" });
    }));

  it("lets the oldest go when all are too much", () =>
    inFolder(async (folder) => {
      await using log = createAuditLog({ folder, limitBytes: 8000, fileBytes: 2000 });
      for (let i = 0; i < 200; i += 1) await log.add(act(i));
      const found = await all(folder);
      assert.equal(found[0]?.no, 200);
      assert.ok(found.length < 60 && found.length > 5, String(found.length));
      assertChained(found, found.at(-1)?.before);
    }));
});
