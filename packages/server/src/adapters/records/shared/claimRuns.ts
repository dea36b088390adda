// The line and the leases: who works on which run, and until when nobody else may.
import { randomBytes } from "node:crypto";
import { type LeasedRun, type Run, type Scope, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { chunks, runsByNo } from "./readRuns.ts";
import { scopeOf } from "./runRows.ts";
import { statement } from "./statement.ts";

/** A token is the claim's random half and the run's number, so one statement gives each run a token of its own. */
const tokenBase = (): string => randomBytes(16).toString("hex");

type Terms = { owner: string; base: string; until: number };

const takeQueued = statement<Terms & { pool: string; count: number }>()((q, p) =>
  q
    .updateTable("run_work")
    .set({
      stage: "claimed",
      lease_token: sql<string>`${p.base} || '.' || run_no`,
      lease_owner: p.owner,
      lease_until: p.until,
    })
    .where("run_no", "in", (eb) =>
      eb
        .selectFrom("run_work")
        .select("run_no")
        .where("stage", "=", "waiting")
        .where("pool", "=", p.pool)
        .orderBy("run_no")
        .limit(p.count),
    )
    .returning(["run_no", "lease_token"]),
);

const takeAbandoned = statement<Terms & { at: number; force: number; limit: number }>()((q, p) =>
  q
    .updateTable("run_work")
    .set({ lease_token: sql<string>`${p.base} || '.' || run_no`, lease_owner: p.owner, lease_until: p.until })
    .where("run_no", "in", (eb) =>
      eb
        .selectFrom("run_work")
        .select("run_no")
        .where("stage", "in", ["claimed", "working", "owed"])
        .where((or) =>
          or.or([
            or("lease_token", "is", null),
            or("lease_until", "<=", p.at),
            // By force from others, never from itself: so taking all in portions comes to an end.
            or.and([or(p.force, "=", 1), or("lease_owner", "!=", p.owner)]),
          ]),
        )
        .orderBy("run_no")
        .limit(p.limit),
    )
    .returning(["run_no", "lease_token"]),
);

const giveBack = statement<{ token: string }>()((q, p) =>
  q
    .updateTable("run_work")
    .set({
      stage: sql<"waiting">`case when stage = 'claimed' then 'waiting' else stage end`,
      lease_token: null,
      lease_owner: null,
      lease_until: null,
    })
    .where("lease_token", "=", p.token),
);

const atWork = statement<{ pool: string }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select(["r.id", "w.subscription_id", "w.resource_group", "w.name as workspace"])
    .where("k.stage", "in", ["claimed", "working"])
    .where("k.pool", "=", p.pool)
    .orderBy("k.run_no"),
);

const before = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .innerJoin("run_work as k", "k.run_no", "r.no")
    .select((eb) =>
      eb
        .selectFrom("run_work as o")
        .select((count) => count.fn.countAll<number>().as("n"))
        .where("o.stage", "=", "waiting")
        .whereRef("o.pool", "=", "k.pool")
        .whereRef("o.run_no", "<", "k.run_no")
        .as("count"),
    )
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id)
    .where("k.stage", "=", "waiting"),
);

const countWaiting = statement<{ pool: string }>()((q, p) =>
  q
    .selectFrom("run_work")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("stage", "=", "waiting")
    .where("pool", "=", p.pool),
);

/** See `RunStore.claimQueued`. */
export async function claimQueued(
  db: Executor,
  ask: { pool: string; count: number; owner: string; until: number },
): Promise<readonly LeasedRun[]> {
  if (!(ask.count > 0)) return [];
  const { pool, owner, until } = ask;
  return leased(
    db,
    await takeQueued(db, { pool, count: Math.trunc(ask.count), owner, until, base: tokenBase() }),
    ask,
  );
}

/** See `RunStore.claimAbandoned`. */
export async function claimAbandoned(
  db: Executor,
  ask: { owner: string; at: number; until: number; force: boolean; limit: number },
): Promise<readonly LeasedRun[]> {
  if (!(ask.limit > 0)) return [];
  const { owner, at, until } = ask;
  const terms = {
    owner,
    at,
    until,
    base: tokenBase(),
    force: ask.force ? 1 : 0,
    limit: Math.trunc(ask.limit),
  };
  return leased(db, await takeAbandoned(db, terms), ask);
}

async function leased(
  db: Executor,
  taken: readonly { readonly run_no: number; readonly lease_token: string | null }[],
  { owner, until }: { owner: string; until: number },
): Promise<readonly LeasedRun[]> {
  const inOrder = taken.toSorted((a, b) => a.run_no - b.run_no);
  const runs = await runsByNo(
    db,
    inOrder.map((row) => row.run_no),
  );
  return runs.map((run, i) => ({ run, lease: { owner, token: inOrder[i]?.lease_token ?? "", until } }));
}

/** See `RunStore.renew`: a lease is never made shorter. */
export async function renewLeases(
  db: Executor,
  tokens: readonly string[],
  until: number,
): Promise<readonly string[]> {
  const held: string[] = [];
  for (const some of chunks(tokens)) {
    const query = db.build
      .updateTable("run_work")
      .set({ lease_until: sql<number>`case when lease_until > ${until} then lease_until else ${until} end` })
      .where("lease_token", "in", some)
      .returning("lease_token");
    for (const row of await db.all(query.compile())) if (row.lease_token !== null) held.push(row.lease_token);
  }
  return held;
}

/** See `RunStore.letGo`. */
export const letGo = async (db: Executor, token: string): Promise<void> => {
  await giveBack(db, { token });
};

/** See `RunStore.holding`: also a run at work whose lease was given back or has run out, for its job may well be running. */
export async function holding(
  db: Executor,
  pool: string,
): Promise<readonly { scope: Scope; runId: string }[]> {
  return (await atWork(db, { pool })).map((row) => ({ scope: scopeOf(row), runId: row.id }));
}

/** See `RunStore.ahead`. */
export async function ahead(
  db: Executor,
  run: Pick<Run, "scope" | "id">,
): Promise<{ count: number } | undefined> {
  const [row] = await before(db, { key: workspaceKey(run.scope), id: run.id });
  return row && { count: row.count ?? 0 };
}

/** See `RunStore.waiting`. */
export const waiting = async (db: Executor, pool: string): Promise<number> =>
  (await countWaiting(db, { pool }))[0]?.count ?? 0;
