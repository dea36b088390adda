// The line where quotas say how much of an owner is at work at once: who is at its quota is not read at all, however many wait.
import { type ClosedOwner, hasShares, type Quotas, type Shares, Shares as SharesOf } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

/** A run in the line, with whose it is. */
export type OwnedRow = {
  readonly run_no: number;
  readonly priority: number;
  readonly nodes: number;
  readonly gpus: number;
  readonly engine_gpus: number;
  readonly workspace_no: number | null;
  readonly user_id: string | null;
};

const usedByAll = statement<Record<never, never>>()((q) =>
  q
    .selectFrom("run_work")
    .select(["workspace_no", "user_id"])
    .select((eb) => eb.fn.countAll<number>().as("runs"))
    .select(sql<number>`sum(nodes)`.as("nodes"))
    .select(sql<number>`sum(gpus + engine_gpus)`.as("gpus"))
    .where("stage", "in", ["claimed", "working"])
    .where("workspace_no", "is not", null)
    .groupBy(["workspace_no", "user_id"]),
);

/** What the runs at work have, on all targets together; undefined where no quota asks for it. */
export async function openShares(db: Executor, quotas: Quotas): Promise<Shares | undefined> {
  if (!hasShares(quotas)) return undefined;
  const rows = await usedByAll(db, {});
  return new SharesOf(
    quotas,
    rows.map((row) => ({
      ...ownerOf(row),
      runningRuns: Number(row.runs),
      nodes: Number(row.nodes),
      gpus: Number(row.gpus),
    })),
  );
}

export const ownerOf = (row: { readonly workspace_no: number | null; readonly user_id: string | null }) => ({
  workspace: row.workspace_no ?? 0,
  user: row.user_id ?? "",
});

export const needsOfRow = ({ priority, nodes, gpus, engine_gpus: engineGpus }: OwnedRow) => ({
  priority,
  nodes,
  gpus,
  engineGpus,
});

type Half = {
  readonly pool: string;
  readonly nodes: number;
  readonly gpus: number;
  /** By quota, with those of the engine. */
  readonly allGpus: number;
  readonly wants: number;
};

/** The next rows of a half of the line behind `after`, without those of owners who are at their quotas. */
export async function ownedRows(
  db: Executor,
  { pool, nodes, gpus, allGpus, wants }: Half,
  closed: readonly ClosedOwner[],
  after: OwnedRow | undefined,
  limit: number,
): Promise<readonly OwnedRow[]> {
  const behind =
    after === undefined
      ? sql``
      : sql`and (priority < ${after.priority} or (priority = ${after.priority} and run_no > ${after.run_no}))`;
  const query = sql<OwnedRow>`select run_no, priority, nodes, gpus, engine_gpus, workspace_no, user_id from run_work
    where stage = 'waiting' and pool = ${pool} and wants_gpus = ${wants} and nodes <= ${nodes} and gpus <= ${gpus}
      and gpus + engine_gpus <= ${allGpus} ${behind}
      ${without(db, closed, false)} ${without(db, closed, true)}
    order by priority desc, run_no limit ${limit}`;
  return await db.all(query.compile(db.build));
}

function without(db: Executor, closed: readonly ClosedOwner[], onlyGpus: boolean) {
  const some = closed.filter((owner) => owner.onlyGpus === onlyGpus);
  const all = some.flatMap(({ workspace, user }) => (user === undefined ? [workspace] : []));
  const users = some.flatMap(({ workspace, user }) => (user === undefined ? [] : [`${workspace} ${user}`]));
  const spared = onlyGpus ? sql`gpus + engine_gpus = 0 or` : sql``;
  const numbers = db.dialect.numbers(sql`${JSON.stringify(all)}`);
  const texts = db.dialect.texts(sql`${JSON.stringify(users)}`);
  const workspaces =
    all.length === 0
      ? sql``
      : sql`and (${spared} workspace_no is null or workspace_no not in (select value from ${numbers} as listed))`;
  const rest =
    users.length === 0
      ? sql``
      : sql`and (${spared} workspace_no is null or workspace_no || ' ' || user_id not in (select value from ${texts} as listed))`;
  return sql`${workspaces} ${rest}`;
}
