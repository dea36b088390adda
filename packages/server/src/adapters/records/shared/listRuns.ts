// Lists of runs: any filter, any order, page by page. runPlans.ts decides how they are read.
import { type Filter, type Page, type Run, type RunsAsk, type Scope, workspaceKey } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { listName, orOrder, pageOf, pageSize, parseToken, withNumber } from "./paging.ts";
import { isByCreation, type Range, runColumns, runTerm } from "./runColumns.ts";
import { runPage } from "./runPlans.ts";
import { type LightRow, lightRun } from "./runRows.ts";
import { where } from "./where.ts";
import { findWorkspace } from "./workspaces.ts";

/** So few runs are read and sorted whole; with more, an index in the order of the list is walked. */
export const FEW = 4_096;

const NEWEST = { field: { of: "field", name: "createdutc" }, descending: true } as const;

/** What a table asks beyond a list: see runTable.ts. */
export type Searched = {
  /** What makes it another list. */
  readonly name: string;
  readonly holds: RawBuilder<SqlBool>;
  /** All that are found, where those are few. */
  readonly only?: readonly number[];
};

/** See `RunStore.list`. The runs are without `definition`, `sent` and `life.plan`. Tests set `few` to reach every plan. */
export async function listRuns(
  db: Executor,
  ask: RunsAsk & { readonly offset?: number },
  few = FEW,
  searched?: Searched,
): Promise<Page<Run>> {
  const order = orOrder(ask.order, NEWEST);
  const terms = withNumber(order.map(runTerm), sql.ref<number>("r.no"));
  const found = await rangeOf(db, ask);
  const { experimentName = null, experimentId = null, parentRunId = null, filter = null } = ask;
  const named = [workspaceKey(ask.scope), experimentName, experimentId, parentRunId];
  const list = listName("runs", ...named, order, filter, ...(searched ? [searched.name] : []));
  const position = ask.after === undefined ? undefined : parseToken(list, ask.after, terms.length);
  if (!found) return { values: [] };

  const limit = pageSize(ask.limit);
  const conditions = conditionsOf(ask);
  const rows = await runPage<LightRow>(db, {
    range: found.range,
    conditions,
    terms,
    byCreation: isByCreation(order),
    limit: limit + 1,
    offset: ask.offset ?? 0,
    only: searched?.only,
    matches: [
      ...conditions.map((condition) => where(condition, runColumns(db.dialect, ask.at))),
      ...(searched && !searched.only ? [searched.holds] : []),
    ],
    position,
    dialect: db.dialect,
    few,
  });
  return pageOf(rows, limit, list, terms.length, (row) => lightRun(row, found.scope));
}

/** The numbers of what the URL names; undefined when there is no such workspace or experiment. */
export async function rangeOf(
  db: Executor,
  ask: Pick<RunsAsk, "scope" | "experimentName" | "experimentId">,
): Promise<{ range: Range; scope: Scope } | undefined> {
  const workspace = await findWorkspace(db, ask.scope);
  if (!workspace) return undefined;
  if (ask.experimentName === undefined && ask.experimentId === undefined)
    return { range: { workspace: workspace.no }, scope: workspace.scope };
  let query = db.build
    .selectFrom("experiments")
    .select(["no", "last_number"])
    .where("workspace_no", "=", workspace.no);
  if (ask.experimentName !== undefined) query = query.where("name", "=", ask.experimentName);
  if (ask.experimentId !== undefined) query = query.where("id", "=", ask.experimentId);
  const [row] = await db.all(query.compile());
  const range = row && { workspace: workspace.no, experiment: row.no, runs: row.last_number };
  return range && { range, scope: workspace.scope };
}

export function conditionsOf({
  filter,
  parentRunId,
}: Pick<RunsAsk, "filter" | "parentRunId">): readonly Filter[] {
  const child: readonly Filter[] =
    parentRunId === undefined
      ? []
      : [{ op: "eq", field: { of: "field", name: "parentrunid" }, literal: { value: parentRunId } }];
  const parts = filter === undefined ? [] : filter.op === "and" ? filter.parts : [filter];
  return [...child, ...parts];
}
