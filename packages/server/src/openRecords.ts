// The records as the settings want them: the file of the data folder, or a database, whose adapter is only loaded then.
import { rm } from "node:fs/promises";
import { type Log, parseQuotas } from "@malachite/core";
import { openSqliteRecords } from "./adapters/records/sqlite/sqliteRecords.ts";
import { ENTRIES } from "./entries.ts";
import { writeFileAtomic } from "./files/index.ts";
import type { Settings } from "./settings.ts";

/** Beside the file: the database that has the records instead, without its password. A backup of the folder asks for it. */
export const elsewhereOf = (file: string): string => `${file}.elsewhere`;

/** `file` is that of the data folder. */
export async function openRecords({ database, databasePassword, quota }: Settings, file: string, log: Log) {
  const quotas = parseQuotas(quota);
  if (database === undefined) {
    const records = await openSqliteRecords({ file, entry: ENTRIES.records, quotas });
    await rm(elsewhereOf(file), { force: true });
    return records;
  }
  const { openPostgresRecords } = await import("./adapters/records/postgres/postgresRecords.ts");
  const records = await openPostgresRecords({
    quotas,
    url: database,
    ...(databasePassword === undefined ? {} : { password: databasePassword }),
    entry: ENTRIES.postgres,
    note: (text) => log.warn("database", { says: text }),
  });
  await writeFileAtomic(elsewhereOf(file), `${records.shown}\n`, 0o600);
  return records;
}
