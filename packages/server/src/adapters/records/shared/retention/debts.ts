// What is owed of removals, and whose turn it is.
import type { Removal, Scope } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { type ScopeRow, scopeOf } from "../runRows.ts";
import { findWorkspace } from "../workspaces.ts";
import { FILES } from "./endedRuns.ts";
import { emptyKept } from "./keptFiles.ts";

type Row = ScopeRow & { readonly id: string; readonly container_id: string };

/** See `Retention.referred`. */
export async function referredSnapshots(
  db: Executor,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly string[]> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace || ids.length === 0) return [];
  const query = sql<{ id: string }>`select distinct lower(snapshot_id) as id from runs
    where workspace_no = ${workspace.no} and snapshot_id is not null
      and lower(snapshot_id) in (${sql.join(ids.map((id) => sql`${id.toLowerCase()}`))})`;
  return (await db.all(query.compile(db.build))).map(({ id }) => id);
}

/** See `Retention.owed`. */
export async function owedRemovals(db: Executor, limit: number): Promise<readonly Removal[]> {
  const gone = sql<Row>`select w.subscription_id, w.resource_group, w.name as workspace, d.id, d.container_id
    from removed_runs as d join workspaces as w on w.no = d.workspace_no where d.owed = 1 limit ${limit}`;
  const going = sql<Row>`select w.subscription_id, w.resource_group, w.name as workspace, r.id, r.container_id
    from run_files as f join runs as r on r.no = f.run_no join workspaces as w on w.no = r.workspace_no
    where f.state = ${FILES.going} limit ${limit}`;
  const removals = (what: Removal["what"]) => (row: Row) => ({
    scope: scopeOf(row),
    runId: row.id,
    container: row.container_id,
    what,
  });
  return [
    ...(await db.all(gone.compile(db.build))).map(removals("run")),
    ...(await db.all(going.compile(db.build))).map(removals("files")),
  ].slice(0, limit);
}

/** See `Retention.paid`. */
export async function removalPaid(db: Executor, { scope, runId, what }: Removal): Promise<void> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return;
  const container = await containerOf(db, workspace.no, runId, what);
  if (container !== undefined) await emptyKept(db, { workspace: workspace.no, container }, what === "run");
  const query =
    what === "run"
      ? sql`update removed_runs set owed = 0 where workspace_no = ${workspace.no} and id = ${runId}`
      : sql`update run_files set state = ${FILES.gone}, bytes = 0 where state = ${FILES.going}
          and run_no = (select no from runs where workspace_no = ${workspace.no} and id = ${runId})`;
  await db.all(query.compile(db.build));
}

/** Of a removal that is still owed: what came back since then, by whatever way, counts. */
async function containerOf(
  db: Executor,
  workspace: number,
  id: string,
  what: Removal["what"],
): Promise<string | undefined> {
  const query =
    what === "run"
      ? sql<{ container_id: string }>`select container_id from removed_runs
          where workspace_no = ${workspace} and id = ${id} and owed = 1`
      : sql<{
          container_id: string;
        }>`select r.container_id from runs as r join run_files as f on f.run_no = r.no
          where r.workspace_no = ${workspace} and r.id = ${id} and f.state = ${FILES.going}`;
  return (await db.all(query.compile(db.build)))[0]?.container_id;
}

/** See `Retention.takeTurn`. */
export async function takeTurn(
  db: Executor,
  name: string,
  { owner, everyMs, leaseMs, at }: { owner: string; everyMs: number; leaseMs: number; at: number },
): Promise<boolean> {
  const query = sql<{ owner: string }>`insert into turns (name, owner, held_until, done_at)
    values (${name}, ${owner}, ${at + leaseMs}, 0)
    on conflict (name) do update set owner = ${owner}, held_until = ${at + leaseMs}
      where turns.held_until <= ${at} and turns.done_at <= ${at - everyMs}
    returning owner`;
  return (await db.all(query.compile(db.build))).length > 0;
}

/** See `Retention.keepTurn`. */
export async function keepTurn(
  db: Executor,
  name: string,
  { owner, leaseMs, more, at }: { owner: string; leaseMs: number; more: boolean; at: number },
): Promise<boolean> {
  const query = more
    ? sql`update turns set held_until = ${at + leaseMs} where name = ${name} and owner = ${owner} returning owner`
    : sql`update turns set held_until = 0, done_at = ${at} where name = ${name} and owner = ${owner} returning owner`;
  return (await db.all(query.compile(db.build))).length > 0;
}
