// The records as the settings want them: the file of the data folder, or a database, whose adapter is only loaded then.
import { type Log, parseQuotas } from "@malachite/core";
import { openSqliteRecords } from "./adapters/records/sqlite/sqliteRecords.ts";
import { ENTRIES } from "./entries.ts";
import { bindRecords, checkNotElsewhere } from "./folderRecords.ts";
import type { Settings } from "./settings.ts";

/** `file` is that of the data folder. Throws StorageFailed, also where the files of the folder are of other records; DatabaseUnavailable. */
export async function openRecords(settings: Settings, file: string, log: Log) {
  if (settings.database === undefined) checkNotElsewhere(file);
  const records = await open(settings, file, log);
  try {
    await bindRecords(file, await records.id(), records.shown);
    return records;
  } catch (error) {
    await records.close();
    throw error;
  }
}

async function open({ database, databasePassword, quota }: Settings, file: string, log: Log) {
  const quotas = parseQuotas(quota);
  if (database === undefined)
    return { ...(await openSqliteRecords({ file, entry: ENTRIES.records, quotas })), shown: undefined };
  const { openPostgresRecords } = await import("./adapters/records/postgres/postgresRecords.ts");
  return await openPostgresRecords({
    quotas,
    url: database,
    ...(databasePassword === undefined ? {} : { password: databasePassword }),
    entry: ENTRIES.postgres,
    note: (text) => log.warn("database", { says: text }),
  });
}
