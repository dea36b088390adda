// The line and the leases: who works on which run, and until when nobody else may.
import { randomBytes } from "node:crypto";
import type { Capacity, LeasedRun, Quotas, Run, RunStatus, RunStore } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { nextInLine, parseGpus } from "./line.ts";
import { chunks, runsByNo } from "./readRuns.ts";
import { statement } from "./statement.ts";

/** A token is the claim's random half and the run's number, so one statement gives each run a token of its own. */
const tokenBase = (): string => randomBytes(16).toString("hex");

type Terms = { owner: string; base: string; until: number };

/** What the settings are still needed for: a run that is on its way knows its target from its launch plan. */
const UNPLANNED: readonly RunStatus[] = ["NotStarted", "Starting", "Preparing"];

const takeQueued = statement<{
  no: number;
  token: string;
  owner: string;
  until: number;
  gpus: string | null;
  machine: string | null;
}>()((q, p) =>
  q
    .updateTable("run_work")
    .set({
      stage: "claimed",
      lease_token: p.token,
      lease_owner: p.owner,
      lease_until: p.until,
      gpu_ids: p.gpus,
      machine: p.machine,
    })
    .where("run_no", "=", p.no),
);

type Abandoned = Terms & {
  at: number;
  force: number;
  limit: number;
  machine: string;
  any: number;
  targets: string;
};

const takeAbandoned = statement<Abandoned>()((q, p, dialect) =>
  q
    .updateTable("run_work")
    .set({
      lease_token: sql<string>`${p.base} || '.' || run_no`,
      lease_owner: p.owner,
      lease_until: p.until,
    })
    .where("run_no", "in", (eb) =>
      eb
        .selectFrom("run_work")
        .select("run_no")
        .where("stage", "in", ["claimed", "working", "owed"])
        .where((or) => or.or([or("machine", "is", null), sql<boolean>`${p.machine} in ('', machine)`]))
        .where((or) =>
          or.or([
            or("lease_token", "is", null),
            or("lease_until", "<=", p.at),
            // By force from others, never from itself: so taking all in portions comes to an end.
            or.and([or(p.force, "=", 1), or("lease_owner", "!=", p.owner)]),
          ]),
        )
        // Asked last, for the few rows that are left.
        .where((or) =>
          or.or([
            or(p.any, "=", 1),
            or.not(
              or.exists(
                or
                  .selectFrom("runs")
                  .select("no")
                  .whereRef("no", "=", "run_no")
                  .where("status", "in", UNPLANNED)
                  .where(
                    sql<boolean>`target not in (select value from ${dialect.texts(p.targets)} as listed)`,
                  ),
              ),
            ),
          ]),
        )
        .orderBy("run_no")
        .limit(p.limit),
    )
    .returning(["run_no", "lease_token", "gpu_ids"]),
);

const giveBack = statement<{ token: string }>()((q, p) =>
  q
    .updateTable("run_work")
    .set({
      stage: sql<"waiting">`case when stage = 'claimed' then 'waiting' else stage end`,
      gpu_ids: sql<string | null>`case when stage = 'claimed' then null else gpu_ids end`,
      machine: sql<string | null>`case when stage = 'claimed' then null else machine end`,
      lease_token: null,
      lease_owner: null,
      lease_until: null,
    })
    .where("lease_token", "=", p.token),
);

const countWaiting = statement<{ pool: string }>()((q, p) =>
  q
    .selectFrom("run_work")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("stage", "=", "waiting")
    .where("pool", "=", p.pool),
);

export type Claim = {
  readonly pool: string;
  readonly targets?: readonly string[];
  readonly capacity: Capacity;
  readonly owner: string;
  readonly until: number;
};

/** See `RunStore.claimQueued`. */
export async function claimQueued(
  db: Executor,
  { pool, targets, capacity, owner, until }: Claim,
  quotas: Quotas = {},
): Promise<readonly LeasedRun[]> {
  const starting = await nextInLine(db, pool, capacity, quotas, targets);
  if (starting.length === 0) return [];
  const base = tokenBase();
  const taken = starting.map((row) => ({ ...row, lease_token: `${base}.${row.run_no}` }));
  const terms = { owner, until, machine: capacity.machine ?? null };
  await takeQueued.each(
    db,
    taken.map(({ run_no: no, lease_token: token, gpu_ids: gpus }) => ({ no, token, gpus, ...terms })),
  );
  return leased(db, taken, { owner, until });
}

/** See `RunStore.claimAbandoned`. */
export async function claimAbandoned(
  db: Executor,
  ask: Parameters<RunStore["claimAbandoned"]>[0],
): Promise<readonly LeasedRun[]> {
  if (!(ask.limit > 0)) return [];
  const { owner, at, until } = ask;
  const terms = {
    owner,
    at,
    until,
    base: tokenBase(),
    force: ask.force ? 1 : 0,
    machine: ask.machine ?? "",
    any: ask.targets === undefined ? 1 : 0,
    targets: JSON.stringify(ask.targets ?? []),
    limit: Math.trunc(ask.limit),
  };
  const taken = await takeAbandoned(db, terms);
  return leased(
    db,
    taken.toSorted((a, b) => a.run_no - b.run_no),
    ask,
  );
}

const leftBehind = statement<{ at: number; limit: number; machine: string }>()((q, p) =>
  q
    .selectFrom("run_work")
    .select("run_no")
    .where("stage", "=", "letGo")
    .where((or) => or.or([or("machine", "is", null), sql<boolean>`${p.machine} in ('', machine)`]))
    .where((or) => or.or([or("lease_token", "is", null), or("lease_until", "<=", p.at)]))
    .orderBy("run_no", "desc")
    .limit(p.limit),
);

/** See `RunStore.letGoOf`. */
export const letGoOf = async (
  db: Executor,
  { machine = "", at, limit }: { machine?: string; at: number; limit: number },
): Promise<readonly Run[]> =>
  runsByNo(
    db,
    (await leftBehind(db, { machine, at, limit })).map((row) => row.run_no),
  );

async function leased(
  db: Executor,
  taken: readonly {
    readonly run_no: number;
    readonly lease_token: string | null;
    readonly gpu_ids: string | null;
  }[],
  { owner, until }: { owner: string; until: number },
): Promise<readonly LeasedRun[]> {
  const runs = await runsByNo(
    db,
    taken.map((row) => row.run_no),
  );
  return runs.map((run, i) => {
    const gpus = parseGpus(taken[i]?.gpu_ids ?? null);
    const lease = { owner, token: taken[i]?.lease_token ?? "", until };
    return { run, lease, ...(gpus === undefined ? {} : { gpus }) };
  });
}

/** See `RunStore.renew`: a lease is never made shorter. */
export async function renewLeases(
  db: Executor,
  tokens: readonly string[],
  until: number,
): Promise<readonly (readonly [token: string, version: number])[]> {
  const held: [string, number][] = [];
  for (const some of chunks(tokens)) {
    const query = db.build
      .updateTable("run_work")
      .set({ lease_until: sql<number>`case when lease_until > ${until} then lease_until else ${until} end` })
      .where("lease_token", "in", some)
      .returning((eb) => [
        "lease_token",
        eb
          .selectFrom("runs")
          .select("life_version")
          .whereRef("runs.no", "=", "run_work.run_no")
          .as("version"),
      ]);
    for (const { lease_token: token, version } of await db.all(query.compile()))
      if (token !== null) held.push([token, Number(version)]);
  }
  return held;
}

/** See `RunStore.letGo`. */
export const letGo = async (db: Executor, token: string): Promise<void> => {
  await giveBack(db, { token });
};

/** See `RunStore.waiting`. */
export const waiting = async (db: Executor, pool: string): Promise<number> =>
  (await countWaiting(db, { pool }))[0]?.count ?? 0;
