// Searches of runs in MLflow's language. What an index can answer is walked in order; else all runs of the experiments are looked at.
import {
  type Page,
  type Run,
  type Scope,
  type SearchClause,
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
import { type Condition, isStart, isStartDescending, pick } from "./pickRuns.ts";
import { runPlaces } from "./runPlaces.ts";
import { clauseSql, orderTerms } from "./searchSql.ts";

type Ask = Parameters<TrackingStore["searchRuns"]>[1];

const NEWEST_START: Term = { value: sql.ref("r.started_at"), nullable: false, descending: true };

/** See `TrackingStore.searchRuns`. */
export async function searchTrackedRuns(db: Executor, scope: Scope, ask: Ask): Promise<Page<Run>> {
  const { clauses, order, after, view } = ask;
  const places = runPlaces(db.dialect);
  const experimentIds = [...new Set(ask.experimentIds)].sort();
  return searchPage(db, scope, {
    name: (key) => listName("tracked runs", key, experimentIds, clauses, order, view),
    experiments: (workspace) => experimentNumbers(db, workspace, experimentIds),
    conditions: [
      ...clauses.map((clause) => ({ clause, holds: clauseSql(clause, places, db.dialect) })),
      ...(view === "all" ? [] : [{ holds: sql<SqlBool>`r.hidden = ${view === "deleted" ? 1 : 0}` }]),
    ],
    clauses,
    order,
    after,
    limit: pageSize(ask.limit),
    offset: 0,
  });
}

export type SearchPage = {
  /** What makes it the same list, in the workspace of that key. */
  readonly name: (workspaceKey: string) => string;
  /** The numbers of the experiments that are searched. */
  readonly experiments: (workspace: number) => Promise<readonly number[]>;
  readonly conditions: readonly Condition[];
  /** Those of the conditions that an index may answer. */
  readonly clauses: readonly SearchClause[];
  readonly order: readonly SearchOrder[];
  readonly after: string | undefined;
  readonly limit: number;
  /** How many runs are passed over. */
  readonly offset: number;
};

/** A page of runs in the order of a search. Throws BadContinuationToken. */
export async function searchPage(db: Executor, scope: Scope, ask: SearchPage): Promise<Page<Run>> {
  const { conditions, clauses, order, after, limit, offset } = ask;
  const terms = termsOf(order, runPlaces(db.dialect));
  const list = ask.name(workspaceKey(scope));
  const position = after === undefined ? undefined : parseToken(list, after, terms.length);
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [] };
  const experiments = await ask.experiments(workspace.no);
  if (experiments.length === 0) return { values: [] };

  const wanted = offset + limit + 1;
  const query = { workspace: workspace.no, experiments, conditions, terms, position, limit: wanted };
  const known = terms.map((term, i) => ({ ...term, value: sql.ref<string | number | null>(`picked.s${i}`) }));
  const rows: LightRow[] = [];
  for await (const picked of pick(db, query, { clauses, order })) {
    const left = wanted - rows.length;
    const found = await db.all(
      sql<LightRow>`with picked as materialized (${picked})
        select ${sql.join(LIGHT.map((name) => sql.raw(name)))}, ${positionColumns(known)}
        from picked cross join runs as r cross join experiments as e
        where r.no = picked.no and e.no = r.experiment_no order by ${orderBy(known)} limit ${left}`.compile(
        db.build,
      ),
    );
    rows.push(...found);
    if (rows.length >= wanted) break;
  }
  return pageOf(rows.slice(offset), limit, list, terms.length, (row) => lightRun(row, workspace.scope));
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
