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
import { type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { EXPERIMENT_COLUMNS, type ExperimentRow, experimentOf } from "./experiments.ts";
import { listName, orOrder, type Term, withNumber } from "./paging.ts";
import { type List, readPage } from "./readPage.ts";
import { type Columns, where } from "./where.ts";

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
  const order = orOrder(ask.order, NEWEST);
  const view = ask.view ?? "All";
  const columns: Columns = {
    dialect: db.dialect,
    of: (field) =>
      field.of === "tags" ? db.dialect.label(sql.ref("e.tags"), undefined, field.key) : columnOf(field, db),
  };
  const list: List = {
    name: listName("experiments", workspaceKey(scope), view, order, ask.filter ?? null),
    columns: sql.join(EXPERIMENT_COLUMNS.map((name) => sql.raw(name))),
    from: sql`experiments as e`,
    terms: withNumber(order.map(termOf), sql.ref<number>("e.no")),
    where: (workspace) => [
      sql<SqlBool>`e.workspace_no = ${workspace}`,
      ...(view === "ActiveOnly" ? [sql<SqlBool>`e.archived_at is null`] : []),
      ...(view === "ArchivedOnly" ? [sql<SqlBool>`e.archived_at is not null`] : []),
      ...(ask.filter ? [where(ask.filter, columns)] : []),
    ],
  };
  return readPage(db, scope, list, ask, (rows: readonly ExperimentRow[], of) =>
    rows.map((row) => experimentOf(row, of)),
  );
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
