// Searches of runs in MLflow's language. What an index can answer is walked in order; else all runs of the experiments are looked at.
import {
  type Page,
  type Run,
  type Scope,
  type SearchOrder,
  type TrackingStore,
  workspaceKey,
} from "@malachite/core";
import { type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import {
  listName,
  orderBy,
  pageOf,
  pageSize,
  parseToken,
  positionColumns,
  type Term,
  withNumber,
} from "../paging.ts";
import { LIGHT, type LightRow, lightRun } from "../runRows.ts";
import { findWorkspace } from "../workspaces.ts";
import { isStart, isStartDescending, pick } from "./pickRuns.ts";
import { runPlaces } from "./runPlaces.ts";
import { clauseSql, orderTerms } from "./searchSql.ts";

type Ask = Parameters<TrackingStore["searchRuns"]>[1];

const NEWEST_START: Term = { value: sql.ref("r.started_at"), nullable: false, descending: true };

/** See `TrackingStore.searchRuns`. */
export async function searchTrackedRuns(db: Executor, scope: Scope, ask: Ask): Promise<Page<Run>> {
  const { clauses, order, after, view } = ask;
  const limit = pageSize(ask.limit);
  const places = runPlaces(db.dialect);
  const terms = termsOf(order, places);
  const experimentIds = [...new Set(ask.experimentIds)].sort();
  const list = listName("tracked runs", workspaceKey(scope), experimentIds, clauses, order, view);
  const position = after === undefined ? undefined : parseToken(list, after, terms.length);
  const conditions = [
    ...clauses.map((clause) => ({ clause, holds: clauseSql(clause, places, db.dialect) })),
    ...(view === "all" ? [] : [{ holds: sql<SqlBool>`r.hidden = ${view === "deleted" ? 1 : 0}` }]),
  ];
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [] };
  const experiments = await experimentNumbers(db, workspace.no, experimentIds);
  if (experiments.length === 0) return { values: [] };

  const query = { workspace: workspace.no, experiments, conditions, terms, position, limit: limit + 1 };
  const known = terms.map((term, i) => ({ ...term, value: sql.ref<string | number | null>(`picked.s${i}`) }));
  const rows: LightRow[] = [];
  for await (const picked of pick(db, query, { clauses, order })) {
    const left = limit + 1 - rows.length;
    const found = await db.all(
      sql<LightRow>`with picked as materialized (${picked})
        select ${sql.join(LIGHT.map((name) => sql.raw(name)))}, ${positionColumns(known)}
        from picked cross join runs as r cross join experiments as e
        where r.no = picked.no and e.no = r.experiment_no order by ${orderBy(known)} limit ${left}`.compile(
        db.build,
      ),
    );
    rows.push(...found);
    if (rows.length > limit) break;
  }
  return pageOf(rows, limit, list, terms.length, (row) => lightRun(row, workspace.scope));
}

function termsOf(order: readonly SearchOrder[], places: ReturnType<typeof runPlaces>): readonly Term[] {
  const asked = order.flatMap((one) => (isStartDescending(one) ? [NEWEST_START] : orderTerms(one, places)));
  const byStart = order.some(isStart);
  return withNumber(byStart ? asked : [...asked, NEWEST_START], sql.ref<number>("r.no"));
}

async function experimentNumbers(
  db: Executor,
  workspace: number,
  ids: readonly string[],
): Promise<readonly number[]> {
  const found: number[] = [];
  for (let at = 0; at < ids.length; at += 500) {
    const query = db.build
      .selectFrom("experiments")
      .select("no")
      .where("workspace_no", "=", workspace)
      .where("id", "in", ids.slice(at, at + 500));
    for (const { no } of await db.all(query.compile())) found.push(no);
  }
  return found;
}
