// The records in PostgreSQL beside those in SQLite, on the same machine: durable creates, claims, and lists among 100,000 runs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillPostgres } from "../packages/server/conformance/fillPostgres.ts";
import { startPostgres, withoutPostgres } from "../packages/server/conformance/postgresServer.ts";
import { create, freshScope, newRun, type Records } from "../packages/server/conformance/recordsUnderTest.ts";
import { openPostgresRecords } from "../packages/server/src/adapters/records/postgres/postgresRecords.ts";
import { openSqliteRecords } from "../packages/server/src/adapters/records/sqlite/sqliteRecords.ts";
import { median, print, quantile, timed } from "./figures.ts";

const CREATES = 2_000;
const LISTED = 100_000;

/** Prints the figures; of SQLite alone where there is no PostgreSQL. */
export async function postgres(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    const records = await openSqliteRecords({ file: join(folder, "records.sqlite") });
    await writes("sqlite", records);
    await records.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
  const missing = withoutPostgres();
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    return;
  }
  await using server = await startPostgres();
  const records = await openPostgresRecords({ url: server.freshUrl() });
  await writes("postgres", records);
  await records.close();
  const url = server.freshUrl();
  const many = await openPostgresRecords({ url });
  const scope = await fillPostgres(many, url, LISTED);
  const lists = {
    newest: () => many.runs.list({ scope, limit: 100 }),
    ofExperiment: () => many.runs.list({ scope, experimentName: "experiment", limit: 100 }),
    byStatus: () =>
      many.runs.list({
        scope,
        limit: 100,
        filter: { op: "eq", field: { of: "field", name: "status" }, literal: { value: "Failed" } },
      }),
    search: () => many.tables.page({ scope, search: "r4711", limit: 100 }),
  };
  for (const [list, read] of Object.entries(lists)) {
    const times: number[] = [];
    for (let i = 0; i < 50; i += 1) times.push(await timed(read));
    const p95 = quantile(times, 0.95);
    print({ figure: `postgres: list ${list} of ${LISTED} runs`, value: median(times), unit: "ms", p95 });
  }
  await many.close();
}

async function writes(store: string, records: Records): Promise<void> {
  for (const sideBySide of [1, 64]) {
    const scope = freshScope();
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < CREATES) await create(records.runs, newRun(scope, `r${next++}`));
    };
    const ms = await timed(() => Promise.all(Array.from({ length: sideBySide }, one)));
    const figure = `${store}: durable creates, ${sideBySide} side by side`;
    print({ figure, value: (CREATES * 1000) / ms, unit: "per second" });
    const times: number[] = [];
    for (let i = 0; i < 50; i += 1) {
      const places = 10 * (i + 1);
      const ask = { pool: scope.workspace, capacity: { places }, owner: "bench", at: 0, until: 1_000 };
      times.push(await timed(() => records.runs.claimQueued(ask)));
    }
    const p95 = quantile(times, 0.95);
    print({ figure: `${store}: claim of 10 runs`, value: median(times), unit: "ms", p95 });
  }
}
