// A backup on its way into these records, noted among the imports: whatever kills the restore, what is in already is known, and nobody
// takes a part of a service for the whole.
import { MalachiteError } from "@malachite/core";
import { CompiledQuery } from "kysely";
import type { Executor } from "../executor.ts";

/** No key of a workspace has a space in it. */
const RESTORE = "restore ";
const RESTORED = "restored ";

type Writer = { readonly db: Executor; transact<T>(work: () => Promise<T>): Promise<T> };

/** A restore: the time of its backup, and where its files go. */
export type Restore = { readonly of: string; readonly files: string };

/** The restore that was begun and not finished. */
async function restoreUnderWay(db: Executor): Promise<Restore | undefined> {
  const [row] = await db.lists(
    CompiledQuery.raw(`select archive from imports where workspace_key = '${RESTORE}'`),
  );
  return row === undefined ? undefined : (JSON.parse(String(row[0])) as Restore);
}

/** Throws ImportUnfinished while a backup is being restored into these records. */
export async function checkRestored(db: Executor): Promise<void> {
  const begun = await restoreUnderWay(db);
  if (begun === undefined) return;
  throw new MalachiteError(
    "ImportUnfinished",
    `The restore of the backup of ${begun.of} into this database, with files in ${begun.files}, was begun and not finished, so a part of the service is missing. Finish it with the same command (malachite restore), or begin anew with an empty database.`,
  );
}

/**
 * Notes that the restore of a backup has begun, or goes on with the one that has. Answers the archives that are in already. Throws Busy while
 * a server is at work on these records, ImportUnfinished for a restore of another backup or to another place, InvalidRequest where workspaces
 * are already.
 */
export function beginRestore(
  { db, transact }: Writer,
  restore: Restore,
  now: number,
): Promise<ReadonlySet<string>> {
  return transact(async () => {
    const [server] = await db.lists(
      CompiledQuery.raw(`select url from servers where seen_until > ${Math.trunc(now)} limit 1`),
    );
    if (server !== undefined)
      throw new MalachiteError(
        "Busy",
        `The server at ${String(server[0])} works on this database, or has until a moment ago. Stop it, wait 15 seconds, and restore again.`,
      );
    const begun = await restoreUnderWay(db);
    if (begun?.of === restore.of && begun.files === restore.files) return await archivesIn(db);
    await checkRestored(db);
    const [other] = await db.lists(CompiledQuery.raw("select name from workspaces limit 1"));
    if (other !== undefined)
      throw new MalachiteError(
        "InvalidRequest",
        `The database has the workspace '${String(other[0])}' already. A backup is restored into an empty one: name another database, or another schema of it (?schema=NAME).`,
      );
    await note(db, RESTORE, JSON.stringify(restore), now);
    return new Set();
  });
}

/** Notes that the workspace of the archive is in; part of the transaction that makes it visible. */
export const noteRestored = (db: Executor, key: string, archive: string, now: number): Promise<void> =>
  note(db, RESTORED + key, archive, now);

/** All of it is in. May be repeated. */
export async function endRestore({ db, transact }: Writer, of: string): Promise<void> {
  await transact(async () => {
    if ((await restoreUnderWay(db))?.of !== of) return;
    for (const key of [RESTORE, `${RESTORED}%`])
      await db.all(CompiledQuery.raw(`delete from imports where workspace_key like '${key}'`));
  });
}

async function note(db: Executor, key: string, archive: string, now: number): Promise<void> {
  const query = db.build
    .insertInto("imports")
    .values({ workspace_key: key, archive, workspace_no: 0, begun_at: Math.trunc(now) });
  await db.all(query.compile());
}

async function archivesIn(db: Executor): Promise<ReadonlySet<string>> {
  const rows = await db.lists(
    CompiledQuery.raw(`select archive from imports where workspace_key like '${RESTORED}%'`),
  );
  return new Set(rows.map(([archive]) => String(archive)));
}
