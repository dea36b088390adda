// Runs, experiments, workspaces and metrics in one SQLite file of this machine. For one server at a time: the data folder's lock sees to
// that.
import type { Clock, Quotas } from "@malachite/core";
import { KINDS } from "../shared/kinds.ts";
import type { Arguments, Call, Name } from "../shared/operations.ts";
import { createStores, type RecordStores } from "../shared/stores.ts";
import { DatabaseWorker } from "../shared/workers/databaseWorker.ts";
import type { Role, WorkerSettings } from "../shared/workers/messages.ts";

export type SqliteRecordsSettings = {
  /** The database file; made if there is none, in a folder that exists. */
  readonly file: string;
  readonly clock?: Pick<Clock, "now">;
  /** What new runs are held to; nothing unless told. */
  readonly quotas?: Quotas;
  /** The built worker, where the program is a bundle and `worker.ts` does not lie beside this file. */
  readonly entry?: URL;
};

export type SqliteRecords = RecordStores & {
  /** The name that these records have had since they were made. */
  id(): Promise<string>;
  /** Finishes what is under way and closes the file; later calls throw Stopping. May be repeated. */
  close(): Promise<void>;
};

const ENTRY = new URL("./worker.ts", import.meta.url);

/**
 * Opens the file and brings its tables up to date. Throws StorageFailed when it cannot be opened, is no database, or was written by
 * a newer program. One worker writes, one looks up, one lists, one reads metrics and one tables, the last three started by their first
 * work: none keeps another waiting. What a resolved write has changed, every later read sees.
 */
export async function openSqliteRecords({
  file,
  clock = Date,
  quotas,
  entry = ENTRY,
}: SqliteRecordsSettings): Promise<SqliteRecords> {
  const worker = (role: Role) => new DatabaseWorker({ file, role } as WorkerSettings, entry);
  const workers = {
    write: worker("writer"),
    lookup: worker("reader"),
    list: worker("reader"),
    series: worker("reader"),
    table: worker("reader"),
  };
  const close = async (): Promise<void> => {
    // The writer last: the last connection to close folds the log into the file.
    const { write: _, ...readers } = workers;
    await Promise.all(Object.values(readers).map((reader) => reader.close()));
    await workers.write.close();
  };
  try {
    await workers.write.open();
    // Not before: at a start every thread that loads its program slows the others down.
    workers.lookup.start();
  } catch (error) {
    await close();
    throw error;
  }
  const call: Call = <N extends Name>(name: N, ...args: Arguments<N>) =>
    workers[KINDS[name]].call(name, args);
  return { ...createStores(call, clock, quotas), id: () => call("recordsId"), close };
}
