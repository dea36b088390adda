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
import { type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import {
  EXPERIMENT_COLUMNS,
  type ExperimentRow,
  experimentByName,
  experimentOf,
  makeExperiment,
  modifyExperiment,
} from "../experiments.ts";
import { listName, type Term, withNumber } from "../paging.ts";
import { type List, readPage } from "../readPage.ts";
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
  const { clauses, order, view } = ask;
  const places = placesIn(db);
  const asked = order.flatMap((one) => orderTerms(one, places));
  const wanted = clauses.map((clause) => clauseSql(clause, places, db.dialect));
  const list: List = {
    name: listName("tracked experiments", workspaceKey(scope), clauses, order, view),
    columns: sql.join(EXPERIMENT_COLUMNS.map((name) => sql.raw(name))),
    from: sql`experiments as e`,
    terms: withNumber(asked.length > 0 ? asked : [NEWEST], sql.ref<number>("e.no")),
    where: (workspace) => [
      sql<SqlBool>`e.workspace_no = ${workspace}`,
      ...wanted,
      ...(view === "active" ? [sql<SqlBool>`e.archived_at is null`] : []),
      ...(view === "deleted" ? [sql<SqlBool>`e.archived_at is not null`] : []),
    ],
  };
  return readPage(db, scope, list, ask, (rows: readonly ExperimentRow[], of) =>
    rows.map((row) => experimentOf(row, of)),
  );
}
