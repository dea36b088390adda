// Runs, experiments, workspaces and metrics in a PostgreSQL database, which several servers may share.
import type { Clock, Quotas } from "@malachite/core";
import { KINDS } from "../shared/kinds.ts";
import type { Arguments, Call, Name } from "../shared/operations.ts";
import { createStores, type RecordStores } from "../shared/stores.ts";
import { DatabaseWorker } from "../shared/workers/databaseWorker.ts";
import type { Role } from "../shared/workers/messages.ts";
import { parseAddress } from "./address.ts";
import type { PostgresWorkerSettings } from "./worker.ts";

export type PostgresRecordsSettings = {
  /** `postgres://USER@HOST/DATABASE`, see address.ts. */
  readonly url: string;
  /** Where the URL has none. */
  readonly password?: string;
  readonly clock?: Pick<Clock, "now">;
  /** What new runs are held to; nothing unless told. */
  readonly quotas?: Quotas;
  /** How long the database may be away when the service starts. */
  readonly startMs?: number;
  /** Takes what the operator should read: that the database is away, that it is back. */
  readonly note?: (text: string) => void;
  /** The built worker, where the program is a bundle and `worker.ts` does not lie beside this file. */
  readonly entry?: URL;
};

export type PostgresRecords = RecordStores & {
  /** The name that these records have had since they were made. */
  id(): Promise<string>;
  /** Where they are, without the password. */
  readonly shown: string;
  /** Finishes what is under way and closes the connections; later calls throw Stopping. May be repeated. */
  close(): Promise<void>;
};

const ENTRY = new URL("./worker.ts", import.meta.url);
const START_MS = 60_000;

/**
 * Connects, and brings the tables up to date. Throws InvalidRequest for a URL that is none, DatabaseUnavailable when the database does
 * not answer in time, StorageFailed when it was written by a newer program. One worker writes, one reads, one does what reads very
 * much, started by its first work. What a resolved write has changed, every later read sees.
 */
export async function openPostgresRecords({
  url,
  password,
  clock = Date,
  quotas,
  startMs = START_MS,
  note,
  entry = ENTRY,
}: PostgresRecordsSettings): Promise<PostgresRecords> {
  const address = parseAddress(url, password);
  const worker = (role: Role) =>
    new DatabaseWorker({ role, address, startMs } as PostgresWorkerSettings, entry, note);
  const write = worker("writer");
  const read = worker("reader");
  const walk = worker("reader");
  const workers = { write, lookup: read, list: read, series: walk, table: walk };
  const close = async (): Promise<void> => {
    await Promise.all([write, read, walk].map((one) => one.close()));
  };
  try {
    await write.open();
    read.start();
  } catch (error) {
    await close();
    throw error;
  }
  const call: Call = <N extends Name>(name: N, ...args: Arguments<N>) =>
    workers[KINDS[name]].call(name, args);
  return {
    ...createStores(call, clock, quotas, () => call("databaseTime")),
    id: () => call("recordsId"),
    shown: address.shown,
    close,
  };
}
