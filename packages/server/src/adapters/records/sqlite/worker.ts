// The entry of a database worker: opens the file, answers asks until it is told to close. All waiting for the disk is here.
import { parentPort, workerData } from "node:worker_threads";
import { giveBackAtRest } from "../../../files/atRest.ts";
import { migrate } from "../shared/migrations/migrate.ts";
import { answered } from "../shared/workers/answered.ts";
import {
  type Ask,
  errorText,
  type News,
  type Question,
  type Told,
  type WorkerSettings,
} from "../shared/workers/messages.ts";
import { ADVICE, commitTogether, MOST_PER_COMMIT } from "./groupCommit.ts";
import { SqliteDatabase } from "./sqliteDatabase.ts";

const port = parentPort;
if (!port) throw new Error("This file is the entry of a worker thread and does nothing by itself.");
const { file, role } = workerData as WorkerSettings & { readonly file: string };
const tell = (news: News): void => port.postMessage(news);

const queue: Question[] = [];
let opened: SqliteDatabase | undefined;
let busy = false;
let closing = false;

/** The connection. A reader opens it at its first ask: by then the writer has made the file. */
const database = (): SqliteDatabase => (opened ??= new SqliteDatabase(file, role));

async function start(): Promise<boolean> {
  try {
    if (role === "writer") {
      const db = database();
      await migrate(db, (work) => transact(db, work), Date.now());
    }
    tell({ ready: true });
    return true;
  } catch (error) {
    opened?.close();
    tell({ failed: errorText(error, `The records in '${file}' cannot be opened`, ADVICE) });
    return false;
  }
}

async function transact(db: SqliteDatabase, work: () => Promise<void>): Promise<void> {
  db.exec("begin immediate");
  try {
    await work();
    db.exec("commit");
  } catch (error) {
    if (db.inTransaction) db.exec("rollback");
    throw error;
  }
}

async function read(ask: Question): Promise<Told> {
  try {
    return await answered(database(), ask);
  } catch (error) {
    return { id: ask.id, error: errorText(error, `The records could not be read (${ask.name})`, ADVICE) };
  }
}

/** Works off what has arrived; asks that arrive meanwhile are the next round, after the event loop has taken them in. */
async function work(): Promise<void> {
  const asks = queue.splice(0, MOST_PER_COMMIT);
  if (role === "writer") tell({ told: await commitTogether(database(), asks) });
  else for (const ask of asks) tell({ told: [await read(ask)] });
  busy = queue.length > 0;
  if (busy) setImmediate(() => void work());
  else if (closing) close();
}

function close(): void {
  opened?.close();
  tell({ closed: true });
  port?.close();
}

if (await start()) {
  giveBackAtRest();
  port.on("message", (ask: Ask) => {
    if ("close" in ask) {
      closing = true;
      if (!busy) close();
      return;
    }
    queue.push(ask);
    if (busy) return;
    busy = true;
    setImmediate(() => void work());
  });
} else port.close();
