// Points that were acknowledged are there after kill -9, once, also when a client posts them again.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteRecords, type SqliteRecords } from "./sqliteRecords.ts";
import { HAMMERED, postOf } from "./testing/metricPosts.ts";

const HAMMER = fileURLToPath(new URL("testing/metricHammer.ts", import.meta.url));

/** Posts until so many posts were acknowledged, then dies. Answers how many each caller was told of. */
async function hammer(file: string, enough: number): Promise<ReadonlyMap<number, number>> {
  const child = spawn(process.execPath, ["--conditions=malachite-src", HAMMER, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  const closed = once(child, "close");
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    text += chunk;
    if (text.split("\n").length > enough) child.kill("SIGKILL");
  }
  await closed;
  assert.equal(child.signalCode, "SIGKILL", text.slice(-200));
  const kept = new Map<number, number>();
  for (const [, caller, n] of text.matchAll(/^kept (\d+) (\d+)$/gm)) kept.set(Number(caller), Number(n) + 1);
  return kept;
}

async function stepsOf({ metrics }: SqliteRecords, name: string): Promise<readonly number[]> {
  const steps: number[] = [];
  let after: string | undefined;
  do {
    const page = await metrics.rows(
      HAMMERED,
      "run",
      { name },
      { limit: 10_000, ...(after ? { after } : {}) },
    );
    steps.push(...page.values.map((row) => row.step ?? -1));
    after = page.next;
  } while (after !== undefined);
  return steps;
}

describe("durability of metrics", { timeout: 600_000 }, () => {
  it("keeps what it acknowledged, once, whenever it is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "malachite-metrics-"));
    const file = join(folder, "records.sqlite");
    try {
      for (const enough of [20, 150, 400]) {
        await rm(file, { force: true });
        for (const end of ["-wal", "-shm"]) await rm(`${file}${end}`, { force: true });
        const kept = await hammer(file, enough);
        const records = await openSqliteRecords({ file });
        try {
          for (const [caller, posts] of kept) {
            const name = `m${caller}`;
            const expected = Array.from({ length: posts }, (_, n) =>
              postOf(caller, n).rows.map((row) => row.step ?? -1),
            ).flat();
            const found = new Set(await stepsOf(records, name));
            assert.deepEqual(
              expected.filter((step) => !found.has(step)),
              [],
              name,
            );
            // The client never heard of the last post, and was told nothing of the one before: it posts both again.
            for (const n of [posts - 1, posts])
              await Promise.all([1, 2].map(() => records.metrics.add(HAMMERED, "run", [postOf(caller, n)])));
            const all = [...expected, ...postOf(caller, posts).rows.map((row) => row.step ?? -1)];
            assert.deepEqual(
              [...(await stepsOf(records, name))].sort((a, b) => a - b),
              all,
              name,
            );
            assert.equal((await records.metrics.get(HAMMERED, "run", { name }))?.rows, all.length);
          }
        } finally {
          await records.close();
        }
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
