// The SQLite records against the suite of all record stores.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Quotas } from "@malachite/core";
import { openSqliteRecords } from "../src/adapters/records/sqlite/sqliteRecords.ts";
import { BUNDLED_THREADS } from "./bundledThreads.ts";
import { recordsOver } from "./recordsUnderTest.ts";
import { runStoreConformance } from "./runStore.ts";

runStoreConformance("the SQLite records", async () => {
  const folder = await mkdtemp(join(tmpdir(), "malachite-records-"));
  const file = join(folder, "records.sqlite");
  const open = (quotas?: Quotas) => openSqliteRecords({ file, quotas, entry: BUNDLED_THREADS.records });
  return await recordsOver(open, () => rm(folder, { recursive: true }));
});
