// Makes the schema and brings its tables up to date, one server at a time: others wait until it is done, and find nothing to do.
import { CompiledQuery } from "kysely";
import { MIGRATIONS, migrate } from "../shared/migrations/migrate.ts";
import type { Migration } from "../shared/migrations/migration.ts";
import type { Session } from "./session.ts";

/** "MLCM", beside the schema: another lock than that of writes. */
const LOCK = 0x4d_4c_43_4d;

/** Throws StorageFailed for the tables of a newer program, and what the database refuses; a migration that failed has changed nothing. */
export async function migrateAlone(
  session: Session,
  schema: string,
  at: number,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const lock = (what: string) =>
    session.all(CompiledQuery.raw(`select ${what}(${LOCK}, hashtext($1))`, [schema]));
  // However long another server's migrations take, and however long these take themselves.
  await session.simple("set lock_timeout = 0; set statement_timeout = 0");
  await lock("pg_advisory_lock");
  try {
    // Asked first: who may use a schema need not have the right to make one.
    const there = await session.all(
      CompiledQuery.raw("select 1 as one from information_schema.schemata where schema_name = $1", [schema]),
    );
    if (there.length === 0) await session.simple(`create schema ${schema}`);
    await migrate(session, (work) => transact(session, work), at, migrations);
  } finally {
    if (!session.isLost) await lock("pg_advisory_unlock");
  }
  await session.simple("reset lock_timeout; reset statement_timeout");
}

async function transact(session: Session, work: () => Promise<void>): Promise<void> {
  session.before("begin");
  try {
    await work();
  } catch (error) {
    if (!session.isLost) await session.command("rollback");
    throw error;
  }
  if (!(await session.command("commit"))) throw new Error("the database rolled the transaction back");
}
