// Which servers share these records: each says again and again that it is there. Leases do not depend on it.
import type { KnownServer } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { checkRestored } from "./moving/restoreMark.ts";
import { statement } from "./statement.ts";

/** Those that were not heard of for so long are forgotten. */
const FORGOTTEN_AFTER_MS = 3600_000;

const forget = statement<{ owner: string; before: number }>()((q, p) =>
  q.deleteFrom("servers").where((or) => or.or([or("owner", "=", p.owner), or("seen_until", "<", p.before)])),
);

const insert = statement<{
  owner: string;
  machine: string;
  sight: string;
  url: string;
  startedAt: number;
  seenUntil: number;
}>()((q, p) =>
  q.insertInto("servers").values({
    owner: p.owner,
    machine: p.machine,
    sight: p.sight,
    url: p.url,
    started_at: p.startedAt,
    seen_until: p.seenUntil,
  }),
);

const alive = statement<{ at: number }>()((q, p) =>
  q.selectFrom("servers").selectAll().where("seen_until", ">", p.at).orderBy("started_at").orderBy("owner"),
);

/** Says that the server is there, and answers all that are, itself too. Throws ImportUnfinished while a backup is being restored. */
export async function serverSeen(
  db: Executor,
  server: KnownServer,
  at: number,
): Promise<readonly KnownServer[]> {
  await checkRestored(db);
  await forget(db, { owner: server.owner, before: Math.trunc(at) - FORGOTTEN_AFTER_MS });
  await insert(db, {
    ...server,
    startedAt: Math.trunc(server.startedAt),
    seenUntil: Math.trunc(server.seenUntil),
  });
  return (await alive(db, { at: Math.trunc(at) })).map((row) => ({
    owner: row.owner,
    machine: row.machine,
    sight: row.sight,
    url: row.url,
    startedAt: row.started_at,
    seenUntil: row.seen_until,
  }));
}

/** See `RunStore.now`, of a database that has a clock of its own. */
export async function databaseTime(db: Executor): Promise<number> {
  const query = sql<{
    at: number;
  }>`select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as at`;
  return Number((await db.all(query.compile(db.build)))[0]?.at);
}

/** The server has ended in peace. */
export async function serverGone(db: Executor, owner: string): Promise<void> {
  await forget(db, { owner, before: 0 });
}
