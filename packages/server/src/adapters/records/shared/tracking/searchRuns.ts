// Searches of runs in MLflow's language. What an index can answer is walked in order; else all runs of the experiments are looked at.
import {
  PARENT_TAG,
  type Page,
  type Run,
  type Scope,
  type SearchClause,
  type SearchOrder,
  type TrackingStore,
  workspaceKey,
} from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import { labelText } from "../labels.ts";
import {
  isAfter,
  listName,
  orderBy,
  type Position,
  pageOf,
  parseToken,
  positionColumns,
  type Term,
  withNumber,
} from "../paging.ts";
import { LIGHT, type LightRow, lightRun } from "../runRows.ts";
import { findWorkspace } from "../workspaces.ts";
import { runPlaces } from "./runPlaces.ts";
import { clauseSql, orderTerms } from "./searchSql.ts";

type Ask = Parameters<TrackingStore["searchRuns"]>[1];

/** So few runs of a tag or parameter are read and sorted whole. */
const FEW = 4_096;
/** So many experiments are walked side by side, each in order. */
const SIDE_BY_SIDE = 16;
/** MLflow's own bound is 50,000; the flow asks in portions. */
const MOST = 1_000;
/** Tags that are not in the index of labels under their own name. */
const UNINDEXED = new Set(["mlflow.runName", "mlflow.note.content", "mlflow.user", PARENT_TAG]);

const NEWEST_START: Term = { value: sql.ref("r.started_at"), nullable: false, descending: true };

/** See `TrackingStore.searchRuns`. */
export async function searchTrackedRuns(db: Executor, scope: Scope, ask: Ask): Promise<Page<Run>> {
  const { clauses, order, after, view } = ask;
  const limit = Math.min(MOST, Math.max(1, Math.trunc(ask.limit)));
  const places = runPlaces(db.dialect);
  const terms = termsOf(order, places);
  const experimentIds = [...new Set(ask.experimentIds)].sort();
  const list = listName("tracked runs", workspaceKey(scope), experimentIds, clauses, order, view);
  const position = after === undefined ? undefined : parseToken(list, after, terms.length);
  const conditions = [
    ...clauses.map((clause) => clauseSql(clause, places, db.dialect)),
    ...(view === "all" ? [] : [sql<SqlBool>`r.hidden = ${view === "deleted" ? 1 : 0}`]),
  ];
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [] };
  const experiments = await experimentNumbers(db, workspace.no, experimentIds);
  if (experiments.length === 0) return { values: [] };

  const query = { workspace: workspace.no, experiments, conditions, terms, position, limit: limit + 1 };
  const picked = await pick(db, query, clauses, isByStart(order));
  const known = terms.map((term, i) => ({ ...term, value: sql.ref<string | number | null>(`picked.s${i}`) }));
  const rows = await db.all(
    sql<LightRow>`with picked as materialized (${picked})
      select ${sql.join(LIGHT.map((name) => sql.raw(name)))}, ${positionColumns(known)}
      from picked cross join runs as r cross join experiments as e
      where r.no = picked.no and e.no = r.experiment_no order by ${orderBy(known)} limit ${limit + 1}`.compile(
      db.build,
    ),
  );
  return pageOf(rows, limit, list, terms.length, (row) => lightRun(row, workspace.scope));
}

function termsOf(order: readonly SearchOrder[], places: ReturnType<typeof runPlaces>): readonly Term[] {
  const asked = order.flatMap((one) => (isStartDescending(one) ? [NEWEST_START] : orderTerms(one, places)));
  const byStart = order.some(({ key }) => key.of === "attribute" && key.key === "start_time");
  return withNumber(byStart ? asked : [...asked, NEWEST_START], sql.ref<number>("r.no"));
}

/** A run that has not started has the least start of all, so it comes last by itself. */
const isStartDescending = ({ key, descending }: SearchOrder): boolean =>
  descending && key.of === "attribute" && key.key === "start_time";

const isByStart = (order: readonly SearchOrder[]): boolean =>
  order[0] === undefined || isStartDescending(order[0]);

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

type Query = {
  readonly workspace: number;
  readonly experiments: readonly number[];
  readonly conditions: readonly RawBuilder<SqlBool>[];
  readonly terms: readonly Term[];
  readonly position: Position | undefined;
  readonly limit: number;
};

/** The numbers and positions of the page's runs. */
async function pick(
  db: Executor,
  query: Query,
  clauses: readonly SearchClause[],
  byStart: boolean,
): Promise<RawBuilder<unknown>> {
  const label = await fewestLabelled(db, query.workspace, clauses);
  if (label) return among(db, query, label);
  const { experiments } = query;
  if (!byStart)
    return select(query, sql`runs as r`, isOneOf(sql.ref<number>("r.experiment_no"), experiments));
  if (experiments.length > SIDE_BY_SIDE)
    return select(
      query,
      sql`runs as r`,
      sql<SqlBool>`r.workspace_no = ${query.workspace} and ${isOneOf(db.dialect.noIndex(sql.ref<number>("r.experiment_no")), experiments)}`,
    );
  const parts = experiments.map(
    (no) =>
      sql`select * from (${select(query, sql`runs as r`, sql<SqlBool>`r.experiment_no = ${no}`)}) as ${sql.ref(`of${no}`)}`,
  );
  return sql.join(parts, sql` union all `);
}

function select(query: Query, from: RawBuilder<unknown>, when: RawBuilder<SqlBool>): RawBuilder<unknown> {
  const { conditions, terms, position, limit } = query;
  const all = [
    when,
    sql<SqlBool>`e.no = r.experiment_no`,
    ...conditions,
    ...(position ? [isAfter(terms, position)] : []),
  ];
  return sql`select r.no as no, ${positionColumns(terms)} from ${from} cross join experiments as e
    where ${sql.join(all, sql` and `)} order by ${orderBy(terms)} limit ${limit}`;
}

const isOneOf = (column: RawBuilder<number>, values: readonly number[]): RawBuilder<SqlBool> =>
  values.length === 1
    ? sql<SqlBool>`${column} = ${values[0]}`
    : sql<SqlBool>`${column} in (select value from json_each(${JSON.stringify(values)}))`;

type Label = { readonly kind: "tags" | "params"; readonly key: string; readonly value: string };

const labelIs = (workspace: number, { kind, key, value }: Label): RawBuilder<SqlBool> =>
  sql<SqlBool>`k.workspace_no = ${workspace} and k.kind = ${kind} and k.key = ${key} and k.value = ${value}`;

/** The tag or parameter that few runs have, when one is asked for. */
async function fewestLabelled(
  db: Executor,
  workspace: number,
  clauses: readonly SearchClause[],
): Promise<Label | undefined> {
  let best: { readonly label: Label; readonly count: number } | undefined;
  for (const { key, comparator, value } of clauses) {
    const kind = key.of === "tag" ? "tags" : key.of === "param" ? "params" : undefined;
    if (kind === undefined || comparator !== "=" || (kind === "tags" && UNINDEXED.has(key.key))) continue;
    const label: Label = { kind, key: labelText(key.key), value: labelText(String(value)) };
    const [row] = await db.all(
      sql<{ count: number }>`select count(*) as count from
        (select 1 from run_labels as k where ${labelIs(workspace, label)} limit ${FEW + 1}) as counted`.compile(
        db.build,
      ),
    );
    const count = row?.count ?? 0;
    if (count <= FEW && (best === undefined || count < best.count)) best = { label, count };
  }
  return best?.label;
}

function among(db: Executor, query: Query, label: Label): RawBuilder<unknown> {
  const experiment = db.dialect.noIndex(sql.ref<number>("r.experiment_no"));
  return select(
    query,
    sql`run_labels as k cross join runs as r`,
    sql<SqlBool>`${labelIs(query.workspace, label)} and r.no = k.run_no and ${isOneOf(experiment, query.experiments)}`,
  );
}
