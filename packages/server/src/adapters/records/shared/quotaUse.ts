// What a workspace and its users have of their quotas now: by the rows of runs at work, which are few, and the sums of what is kept.
import type { QuotaUse, Scope, UserUse } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { findWorkspace } from "./workspaces.ts";

const MINUTE_MS = 60_000;
const NOTHING: QuotaUse = {
  ...{ unfinishedRuns: 0, runsPerMinute: 0, runningRuns: 0, nodes: 0, gpus: 0, keptBytes: 0 },
};

type Ask = { readonly user?: string; readonly after?: string; readonly limit: number };
type Answer = { readonly workspace: QuotaUse; readonly users: readonly UserUse[]; readonly next?: string };

/** See `KeptFiles.used`. Users are those who have anything now. */
export async function quotaUse(
  db: Executor,
  scope: Scope,
  { user, after, limit }: Ask,
  at: number,
): Promise<Answer> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { workspace: NOTHING, users: [] };
  const { no } = workspace;
  const ids = user === undefined ? await usersAfter(db, no, after ?? "", limit + 1) : [user];
  const shown = ids.slice(0, limit);
  const last = shown.at(-1);
  const names = shown.length === 0 ? new Map<string, string>() : await newestNames(db, no);
  const users: UserUse[] = [];
  for (const id of shown)
    users.push({ objectId: id, name: names.get(id) ?? "", used: await useOf(db, no, at, id) });
  return {
    workspace: await useOf(db, no, at),
    users,
    ...(ids.length > limit && last !== undefined ? { next: last } : {}),
  };
}

async function usersAfter(
  db: Executor,
  no: number,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const query = sql<{ id: string }>`select id from (
      select user_id as id from kept_sums where workspace_no = ${no} and user_id > ${after} and bytes <> 0
      union select user_id as id from run_work where workspace_no = ${no} and user_id > ${after} and stage not in ('owed', 'letGo')
    ) as users order by id limit ${limit}`;
  return (await db.all(query.compile(db.build))).map(({ id }) => id);
}

/** Names are looked for in so many of the newest runs: they are a kindness beside the ids. */
const NAMED_BY = 5_000;

async function newestNames(db: Executor, no: number): Promise<ReadonlyMap<string, string>> {
  const query = sql<{ id: string; name: string }>`select distinct user_id as id, created_by as name from (
    select user_id, created_by from runs where workspace_no = ${no} order by created_at desc, no desc limit ${NAMED_BY}) as newest`;
  return new Map((await db.all(query.compile(db.build))).map(({ id, name }) => [id, name]));
}

async function useOf(db: Executor, no: number, at: number, user?: string): Promise<QuotaUse> {
  const his = user === undefined ? sql`` : sql`and user_id = ${user}`;
  const work = sql<{ at_work: number; runs: number; nodes: number; gpus: number }>`
    select case when stage = 'waiting' then 0 else 1 end as at_work, count(*) as runs, sum(nodes) as nodes,
      sum(gpus + engine_gpus) as gpus
    from run_work where workspace_no = ${no} and stage not in ('owed', 'letGo') ${his} group by 1`;
  const recent = sql<{ runs: number }>`select count(*) as runs from runs
    where workspace_no = ${no} and created_at > ${Math.trunc(at) - MINUTE_MS} and origin = 'hosted' ${his}`;
  const kept = sql<{
    bytes: number | null;
  }>`select sum(bytes) as bytes from kept_sums where workspace_no = ${no} ${his}`;
  const rows = await db.all(work.compile(db.build));
  const atWork = rows.find((row) => Number(row.at_work) === 1);
  return {
    unfinishedRuns: rows.reduce((sum, { runs }) => sum + Number(runs), 0),
    runsPerMinute: Number((await db.all(recent.compile(db.build)))[0]?.runs ?? 0),
    runningRuns: Number(atWork?.runs ?? 0),
    nodes: Number(atWork?.nodes ?? 0),
    gpus: Number(atWork?.gpus ?? 0),
    keptBytes: Number((await db.all(kept.compile(db.build)))[0]?.bytes ?? 0),
  };
}
