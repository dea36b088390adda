// A page of the experiments, each with its runs by status and its last activity. There are few: all are looked at.
import type { ExperimentSummary, ExperimentTableAsk, Scope } from "@malachite/core";
import { type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { EXPERIMENT_COLUMNS, type ExperimentRow, experimentOf } from "./experiments.ts";
import { pageSize } from "./paging.ts";
import { findWorkspace } from "./workspaces.ts";

type Row = ExperimentRow & { readonly runs: number; readonly active_at: number | null };

const ORDER = {
  lastActivity: sql.ref("active_at"),
  name: sql.ref("e.name"),
  created: sql.ref("e.created_at"),
  runs: sql.ref("runs"),
} as const;

/** See `RunTables.experiments`. */
export async function experimentTable(
  db: Executor,
  scope: Scope,
  ask: ExperimentTableAsk,
): Promise<{ readonly values: readonly ExperimentSummary[]; readonly count: number }> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [], count: 0 };
  const words = (ask.search ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const text = sql<string>`lower(e.name || ' ' || coalesce(e.description, ''))`;
  const conditions = [
    sql<SqlBool>`e.workspace_no = ${workspace.no}`,
    ...(ask.view === "ActiveOnly" ? [sql<SqlBool>`e.archived_at is null`] : []),
    ...(ask.view === "ArchivedOnly" ? [sql<SqlBool>`e.archived_at is not null`] : []),
    ...words.slice(0, 8).map((word) => db.dialect.test("contains", text, word)),
  ];
  const direction = ask.descending ? sql`desc nulls last` : sql`asc nulls last`;
  const rows = await db.all(
    sql<Row>`with counted as materialized (
        select experiment_no, sum(runs) as runs, max(changed_at) as active_at from run_counts
        where workspace_no = ${workspace.no} group by experiment_no)
      select ${sql.join(EXPERIMENT_COLUMNS.map((name) => sql.raw(name)))}, coalesce(n.runs, 0) as runs, n.active_at as active_at
      from experiments as e left join counted as n on n.experiment_no = e.no
      where ${sql.join(conditions, sql` and `)}
      order by ${ORDER[ask.order]} ${direction}, e.no desc limit ${pageSize(ask.limit)} offset ${ask.offset}`.compile(
      db.build,
    ),
  );
  const counted = await db.all(
    sql<{ count: number }>`select count(*) as count from experiments as e
      where ${sql.join(conditions, sql` and `)}`.compile(db.build),
  );
  const byStatus = await statusesOf(
    db,
    workspace.no,
    rows.map(({ no }) => no),
  );
  const values = rows.map(
    (row): ExperimentSummary => ({
      experiment: experimentOf(row, workspace.scope),
      runs: row.runs,
      byStatus: Object.fromEntries(byStatus.get(row.no) ?? []),
      ...(row.active_at === null ? {} : { lastActivityAt: row.active_at }),
    }),
  );
  return { values, count: counted[0]?.count ?? 0 };
}

async function statusesOf(db: Executor, workspace: number, experiments: readonly number[]) {
  const found = new Map<number, [string, number][]>();
  if (experiments.length === 0) return found;
  const rows = await db.all(
    sql<{
      no: number;
      status: string;
      runs: number;
    }>`select experiment_no as no, status, sum(runs) as runs from run_counts
      where workspace_no = ${workspace} and experiment_no in (select value from ${db.dialect.numbers(sql`${JSON.stringify(experiments)}`)} as listed)
        and runs > 0 group by experiment_no, status order by status`.compile(db.build),
  );
  for (const { no, status, runs } of rows) found.set(no, [...(found.get(no) ?? []), [status, runs]]);
  return found;
}
