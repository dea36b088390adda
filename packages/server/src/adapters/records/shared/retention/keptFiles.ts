// What containers of files hold, and the sums per user: each change of a row and of its sum is one transaction.

import type { Quotas } from "@malachite/core";
import {
  type FileWrite,
  isTerminal,
  type KeptRoom,
  type RunStatus,
  type Scope,
  type Uncounted,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { type ScopeRow, scopeOf } from "../runRows.ts";
import { statement } from "../statement.ts";
import { ensureWorkspace, findWorkspace } from "../workspaces.ts";
import { keptRoom } from "./keptRoom.ts";
import { CONTAINER } from "./namedFiles.ts";

/** Blocks that nobody made a file of are gone after so long: then a container into which they were sent is counted anew. */
const STAGED_KEPT_MS = 8 * 24 * 3600_000;

type Of = { workspace: number; container: string };

const writeBegins = statement<Of & { id: string; owner: string }>()((q, p) =>
  q
    .insertInto("kept_writes")
    .values({ id: p.id, owner: p.owner, workspace_no: p.workspace, container_id: p.container })
    .onConflict((oc) => oc.doNothing()),
);
const writeEnds = statement<{ id: string }>()((q, p) => q.deleteFrom("kept_writes").where("id", "=", p.id));

const change = statement<Of & { user: string; bytes: number; due: number }>()((q, p) =>
  q
    .insertInto("kept_files")
    .values({
      workspace_no: p.workspace,
      container_id: p.container,
      user_id: p.user,
      bytes: 0,
      pending: p.bytes,
      touched: 1,
      due_at: p.due,
    })
    .onConflict((oc) =>
      oc.columns(["workspace_no", "container_id"]).doUpdateSet({
        pending: sql<number>`kept_files.pending + ${p.bytes}`,
        touched: sql<number>`kept_files.touched + 1`,
        due_at: sql<number>`case when kept_files.due_at < ${p.due} then kept_files.due_at else ${p.due} end`,
      }),
    )
    .returning("user_id"),
);

const addToSum = statement<{ workspace: number; user: string; bytes: number }>()((q, p) =>
  q
    .insertInto("kept_sums")
    .values({ workspace_no: p.workspace, user_id: p.user, bytes: p.bytes })
    .onConflict((oc) =>
      oc
        .columns(["workspace_no", "user_id"])
        .doUpdateSet({ bytes: sql<number>`kept_sums.bytes + ${p.bytes}` }),
    ),
);

const rowOf = statement<Of>()((q, p) =>
  q
    .selectFrom("kept_files")
    .select(["user_id", "bytes", "pending", "touched"])
    .where("workspace_no", "=", p.workspace)
    .where("container_id", "=", p.container),
);
const isWritten = statement<Of>()((q, p) =>
  q
    .selectFrom("kept_writes")
    .select("id")
    .where("workspace_no", "=", p.workspace)
    .where("container_id", "=", p.container)
    .limit(1),
);
const settle = statement<Of & { bytes: number }>()((q, p) =>
  q
    .updateTable("kept_files")
    // Counts that are still going on are of what was there before.
    .set({ bytes: p.bytes, pending: 0, due_at: null, touched: sql<number>`kept_files.touched + 1` })
    .where("workspace_no", "=", p.workspace)
    .where("container_id", "=", p.container),
);
const forget = statement<Of>()((q, p) =>
  q.deleteFrom("kept_files").where("workspace_no", "=", p.workspace).where("container_id", "=", p.container),
);
const runOf = statement<{ workspace: number; id: string }>()((q, p) =>
  q
    .selectFrom("runs")
    .select(["user_id", "created_by", "status"])
    .where("workspace_no", "=", p.workspace)
    .where("id", "=", p.id),
);

async function runOfContainer(db: Executor, { workspace, container }: Of) {
  if (!container.startsWith(CONTAINER)) return undefined;
  return (await runOf(db, { workspace, id: container.slice(CONTAINER.length) }))[0];
}

/** See `KeptFiles.begins`. */
export async function keptBegins(
  db: Executor,
  scope: Scope,
  container: string,
  { id, owner }: FileWrite,
  quotas: Quotas = {},
): Promise<KeptRoom | null> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return null;
  const of = { workspace: workspace.no, container };
  await writeBegins(db, { ...of, id, owner });
  const run = await runOfContainer(db, of);
  if (run && !isTerminal(run.status as RunStatus)) return null;
  const user = run && { id: run.user_id, name: run.created_by };
  return (await keptRoom(db, { no: workspace.no, name: scope.workspace }, user, quotas)) ?? null;
}

/** See `KeptFiles.ends`. */
export async function keptEnds(
  db: Executor,
  scope: Scope,
  container: string,
  { id, bytes, staged, at }: { id: string; bytes: number; staged: boolean; at: number },
): Promise<void> {
  await writeEnds(db, { id });
  const found = await findWorkspace(db, scope);
  if (!found && bytes === 0) return;
  const workspace = found?.no ?? (await ensureWorkspace(db, scope, at));
  const of = { workspace, container };
  const user = (await runOfContainer(db, of))?.user_id ?? "";
  await touchKept(db, { ...of, user, bytes, due: Math.trunc(at) + (staged ? STAGED_KEPT_MS : 0) });
}

/** The container is to be counted from then on; until then it holds so many bytes more. */
export async function touchKept(
  db: Executor,
  of: Of & { readonly user: string; readonly bytes: number; readonly due: number },
): Promise<void> {
  const [row] = await change(db, of);
  if (of.bytes > 0)
    await addToSum(db, { workspace: of.workspace, user: row?.user_id ?? of.user, bytes: of.bytes });
}

/** See `KeptFiles.uncounted`. */
export async function keptUncounted(db: Executor, at: number, limit: number): Promise<readonly Uncounted[]> {
  const query = sql<ScopeRow & { container_id: string; touched: number }>`
    select w.subscription_id, w.resource_group, w.name as workspace, k.container_id, k.touched
    from kept_files as k join workspaces as w on w.no = k.workspace_no
    where k.due_at is not null and k.due_at <= ${db.dialect.constant(Math.trunc(at))} and not exists (
      select 1 from kept_writes as i where i.workspace_no = k.workspace_no and i.container_id = k.container_id)
    order by k.due_at limit ${limit}`;
  return (await db.all(query.compile(db.build))).map((row) => ({
    scope: scopeOf(row),
    container: row.container_id,
    touched: row.touched,
  }));
}

/** See `KeptFiles.counted`. */
export async function keptCounted(db: Executor, { scope, container, touched }: Uncounted, bytes: number) {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return;
  const of = { workspace: workspace.no, container };
  const [row] = await rowOf(db, of);
  if (!row || row.touched !== touched || (await isWritten(db, of)).length > 0) return;
  await settleKept(db, of, row, bytes);
}

/** The files of the container are gone; with `forgotten` it will never have any again. */
export async function emptyKept(db: Executor, of: Of, forgotten: boolean): Promise<void> {
  const [row] = await rowOf(db, of);
  if (!row) return;
  await settleKept(db, of, row, 0);
  if (forgotten) await forget(db, of);
}

async function settleKept(
  db: Executor,
  of: Of,
  row: { readonly user_id: string; readonly bytes: number; readonly pending: number },
  bytes: number,
): Promise<void> {
  await settle(db, { ...of, bytes });
  const more = bytes - row.bytes - row.pending;
  if (more !== 0) await addToSum(db, { workspace: of.workspace, user: row.user_id, bytes: more });
}

type Lost = {
  readonly id: string;
  readonly workspace_no: number;
  readonly container_id: string;
  readonly user_id: string | null;
};
type LostAsk = { readonly owner: string; readonly open: readonly string[]; readonly at: number };

/** Writes that nobody is about any more: of its own, the server knows which are under way. */
export async function lostWrites(db: Executor, { owner, open, at }: LostAsk): Promise<readonly Lost[]> {
  const query = sql<Lost>`select i.id, i.workspace_no, i.container_id, r.user_id from kept_writes as i
    left join runs as r on r.workspace_no = i.workspace_no and r.id = substr(i.container_id, ${CONTAINER.length + 1})
      and r.container_id = i.container_id
    where i.owner <> ${owner} and i.owner not in (select owner from servers where seen_until > ${Math.trunc(at)})
      or i.owner = ${owner} and i.id not in (select value from ${db.dialect.texts(sql`${JSON.stringify(open)}`)} as listed)`;
  return await db.all(query.compile(db.build));
}

/** See `KeptFiles.endLost`. */
export async function endLostWrites(db: Executor, ask: LostAsk): Promise<void> {
  for (const row of await lostWrites(db, ask)) {
    await writeEnds(db, { id: row.id });
    const of = { workspace: row.workspace_no, container: row.container_id };
    await touchKept(db, { ...of, user: row.user_id ?? "", bytes: 0, due: Math.trunc(ask.at) });
  }
}
