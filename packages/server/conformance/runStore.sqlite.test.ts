// The SQLite records against the suite of all record stores.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteRecords, type SqliteRecords } from "../src/adapters/records/sqlite/sqliteRecords.ts";
import { type RecordsUnderTest, runStoreConformance } from "./runStore.ts";

async function make(): Promise<RecordsUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "malachite-records-"));
  const open = () => openSqliteRecords({ file: join(folder, "records.sqlite") });
  let records = await open();
  const others: SqliteRecords[] = [];
  return {
    get records() {
      return records;
    },
    async another() {
      const other = await open();
      others.push(other);
      return other;
    },
    async reopen() {
      await records.close();
      records = await open();
      return records;
    },
    async [Symbol.asyncDispose]() {
      for (const one of [...others, records]) await one.close();
      await rm(folder, { recursive: true });
    },
  };
}

runStoreConformance("the SQLite records", make);
