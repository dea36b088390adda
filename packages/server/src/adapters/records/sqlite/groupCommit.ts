// Many writes, one durable commit: what arrives while a commit is on its way shares the next one. Nothing is answered before
// its commit is on disk.
import { answered } from "../shared/workers/answered.ts";
import { errorText, type Question, type Told } from "../shared/workers/messages.ts";
import type { SqliteDatabase } from "./sqliteDatabase.ts";

/** What to do about what the file system or the database refused. */
export const ADVICE = "Check the space and the rights of the data folder.";

/** So many writes share a commit at most: the first of them must not wait for ever more. */
export const MOST_PER_COMMIT = 512;

/**
 * Runs the writes in order in one transaction and commits. Each has a savepoint of its own, so a refused one leaves nothing and
 * harms no other. If the commit fails, or the database gave up the transaction (disk full), none has happened.
 */
export async function commitTogether(
  db: SqliteDatabase,
  writes: readonly Question[],
): Promise<readonly Told[]> {
  try {
    db.exec("begin immediate");
    const told: Told[] = [];
    for (const write of writes) told.push(await oneWrite(db, write));
    db.exec("commit");
    return told;
  } catch (error) {
    if (db.inTransaction) rollBack(db);
    const failed = errorText(error, "The records could not be written", ADVICE);
    return writes.map(({ id }) => ({ id, error: failed }));
  }
}

async function oneWrite(db: SqliteDatabase, write: Question): Promise<Told> {
  db.exec("savepoint one");
  try {
    const told = await answered(db, write);
    db.exec("release one");
    return told;
  } catch (error) {
    // Without a transaction, the database has undone the writes before this one too.
    if (!db.inTransaction) throw error;
    db.exec("rollback to one");
    db.exec("release one");
    const doing = `The records could not be written (${write.name})`;
    return { id: write.id, error: errorText(error, doing, ADVICE) };
  }
}

function rollBack(db: SqliteDatabase): void {
  try {
    db.exec("rollback");
  } catch {
    // The database has rolled back by itself; the first error is the one to tell.
  }
}
