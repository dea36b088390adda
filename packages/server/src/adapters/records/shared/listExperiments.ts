// Lists of experiments. There are few: the newest-first index is walked and all else is a condition.
import {
  type Experiment,
  type ExperimentStore,
  type Field,
  MalachiteError,
  type Page,
  type Scope,
  workspaceKey,
} from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { EXPERIMENT_COLUMNS, type ExperimentRow, experimentOf } from "./experiments.ts";
import {
  isAfter,
  listName,
  orderBy,
  orOrder,
  pageOf,
  pageSize,
  parseToken,
  positionColumns,
  type Term,
  withNumber,
} from "./paging.ts";
import { type Columns, where } from "./where.ts";
import { findWorkspace } from "./workspaces.ts";

type Ask = Parameters<ExperimentStore["list"]>[1];

const COLUMN: Readonly<Record<string, { readonly name: string; readonly nullable: boolean }>> = {
  name: { name: "e.name", nullable: false },
  experimentid: { name: "e.id", nullable: false },
  description: { name: "e.description", nullable: true },
  createdutc: { name: "e.created_at", nullable: false },
  archivedtime: { name: "e.archived_at", nullable: true },
  latestcreatedruncreatedutc: { name: "e.latest_run_at", nullable: true },
  latestcreatedrunid: { name: "e.latest_run_id", nullable: true },
};

const NEWEST = { field: { of: "field", name: "createdutc" }, descending: true } as const;

/** See `ExperimentStore.list`. */
export async function listExperiments(db: Executor, scope: Scope, ask: Ask): Promise<Page<Experiment>> {
  const limit = pageSize(ask.limit);
  const order = orOrder(ask.order, NEWEST);
  const terms = withNumber(order.map(termOf), sql.ref<number>("e.no"));
  const view = ask.view ?? "All";
  const workspace = await findWorkspace(db, scope);
  const list = listName("experiments", workspaceKey(scope), view, order, ask.filter ?? null);
  const position = ask.after === undefined ? undefined : parseToken(list, ask.after, terms.length);
  if (!workspace) return { values: [] };

  const columns: Columns = {
    of: (field) =>
      field.of === "tags" ? db.dialect.label(sql.ref("e.tags"), undefined, field.key) : columnOf(field, db),
  };
  const conditions: RawBuilder<SqlBool>[] = [sql<SqlBool>`e.workspace_no = ${workspace.no}`];
  if (view === "ActiveOnly") conditions.push(sql<SqlBool>`e.archived_at is null`);
  if (view === "ArchivedOnly") conditions.push(sql<SqlBool>`e.archived_at is not null`);
  if (ask.filter) conditions.push(where(ask.filter, columns));
  if (position) conditions.push(isAfter(terms, position));
  const rows = await db.all(
    sql<ExperimentRow>`select ${sql.join(EXPERIMENT_COLUMNS.map((name) => sql.raw(name)))}, ${positionColumns(terms)}
      from experiments as e where ${sql.join(conditions, sql` and `)} order by ${orderBy(terms)} limit ${limit + 1}`.compile(
      db.build,
    ),
  );
  return pageOf(rows, limit, list, terms.length, (row) => experimentOf(row, workspace.scope));
}

function columnOf(field: Field, db: Executor) {
  const column = field.of === "field" ? COLUMN[field.name] : undefined;
  return column && db.dialect.noIndex(sql.ref<string | number | null>(column.name));
}

function termOf({ field, descending }: { readonly field: Field; readonly descending: boolean }): Term {
  const column = field.of === "field" ? COLUMN[field.name] : undefined;
  if (!column)
    throw new MalachiteError("BadFilter", "Experiments cannot be ordered by this.", { target: "orderBy" });
  return { value: sql.ref(column.name), nullable: column.nullable, descending };
}
