// Experiments as MLflow's clients make, change and search them.
import {
  type Experiment,
  MalachiteError,
  type Page,
  type Scope,
  type SearchKey,
  type TrackingStore,
  workspaceKey,
} from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import {
  EXPERIMENT_COLUMNS,
  type ExperimentRow,
  experimentByName,
  experimentOf,
  makeExperiment,
  modifyExperiment,
} from "../experiments.ts";
import {
  isAfter,
  listName,
  orderBy,
  pageOf,
  pageSize,
  parseToken,
  positionColumns,
  type Term,
  withNumber,
} from "../paging.ts";
import { findWorkspace } from "../workspaces.ts";
import { clauseSql, orderTerms, type Place } from "./searchSql.ts";

type Texts = Readonly<Record<string, string>>;

/** See `TrackingStore.createExperiment`. */
export async function createTrackedExperiment(
  db: Executor,
  scope: Scope,
  name: string,
  tags: Texts,
  at: number,
): Promise<Experiment> {
  const taken = await experimentByName(db, scope, name);
  if (taken) {
    const archived = taken.archivedAt === undefined ? "" : " It is deleted: restore it to use it again.";
    throw new MalachiteError("ExperimentNameTaken", `Experiment(name=${name}) already exists.${archived}`, {
      target: "name",
    });
  }
  const made = await makeExperiment(db, scope, name, at);
  if (Object.keys(tags).length === 0) return made;
  return modifyExperiment(db, scope, made.id, { tags: { ...tags } }, at);
}

const COLUMNS: Readonly<Record<string, string>> = {
  name: "e.name",
  experiment_id: "e.id",
  creation_time: "e.created_at",
};

const placesIn =
  (db: Executor) =>
  ({ of, key }: SearchKey): Place | undefined => {
    if (of === "tag") return { value: db.dialect.label(sql.ref("e.tags"), undefined, key) };
    if (of !== "attribute") return undefined;
    if (key === "last_update_time") return { value: sql`coalesce(e.changed_at, e.created_at)`, always: true };
    const name = COLUMNS[key];
    return name === undefined ? undefined : { value: db.dialect.noIndex(sql.ref(name)), always: true };
  };

const NEWEST: Term = { value: sql.ref("e.created_at"), nullable: false, descending: true };

/** See `TrackingStore.searchExperiments`. There are few: the newest-first index is walked and all else is a condition. */
export async function searchTrackedExperiments(
  db: Executor,
  scope: Scope,
  ask: Parameters<TrackingStore["searchExperiments"]>[1],
): Promise<Page<Experiment>> {
  const { clauses, order, after, view } = ask;
  const limit = pageSize(ask.limit);
  const places = placesIn(db);
  const asked = order.flatMap((one) => orderTerms(one, places));
  const terms = withNumber(asked.length > 0 ? asked : [NEWEST], sql.ref<number>("e.no"));
  const list = listName("tracked experiments", workspaceKey(scope), clauses, order, view);
  const position = after === undefined ? undefined : parseToken(list, after, terms.length);
  const conditions: RawBuilder<SqlBool>[] = clauses.map((clause) => clauseSql(clause, places, db.dialect));
  if (view === "active") conditions.push(sql<SqlBool>`e.archived_at is null`);
  if (view === "deleted") conditions.push(sql<SqlBool>`e.archived_at is not null`);
  if (position) conditions.push(isAfter(terms, position));
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [] };
  const rows = await db.all(
    sql<ExperimentRow>`select ${sql.join(EXPERIMENT_COLUMNS.map((name) => sql.raw(name)))}, ${positionColumns(terms)}
      from experiments as e where ${sql.join([sql<SqlBool>`e.workspace_no = ${workspace.no}`, ...conditions], sql` and `)}
      order by ${orderBy(terms)} limit ${limit + 1}`.compile(db.build),
  );
  return pageOf(rows, limit, list, terms.length, (row) => experimentOf(row, workspace.scope));
}
