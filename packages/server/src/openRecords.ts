// The records as the settings want them: the file of the data folder, or a database, whose adapter is only loaded then.
import { type Log, parseQuotas } from "@malachite/core";
import { openSqliteRecords } from "./adapters/records/sqlite/sqliteRecords.ts";
import { ENTRIES } from "./entries.ts";
import type { Settings } from "./settings.ts";

/** `file` is that of the data folder. */
export async function openRecords({ database, databasePassword, quota }: Settings, file: string, log: Log) {
  const quotas = parseQuotas(quota);
  if (database === undefined) return openSqliteRecords({ file, entry: ENTRIES.records, quotas });
  const { openPostgresRecords } = await import("./adapters/records/postgres/postgresRecords.ts");
  return openPostgresRecords({
    quotas,
    url: database,
    ...(databasePassword === undefined ? {} : { password: databasePassword }),
    entry: ENTRIES.postgres,
    note: (text) => log.warn("database", { says: text }),
  });
}
