// A page of a table of runs: a list that is searched too, ordered by what users have logged, or begun far down.
import {
  type Filter,
  MalachiteError,
  type Order,
  type Page,
  type Run,
  type RunTableAsk,
  type SearchClause,
  type SearchOrder,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { conditionsOf, FEW, listRuns, rangeOf } from "./listRuns.ts";
import { listName, pageSize } from "./paging.ts";
import { runColumns } from "./runColumns.ts";
import { isFound, newestFound, type Search, searchOf } from "./runTexts.ts";
import { refuseFar } from "./tableOffset.ts";
import { searchPage } from "./tracking/searchRuns.ts";
import { where } from "./where.ts";

type TablePage = Page<Run> & { readonly isExact: boolean };

/** See `RunTables.page`. */
export async function runTable(db: Executor, ask: RunTableAsk, few = FEW): Promise<TablePage> {
  const { offset = 0 } = ask;
  const found = await rangeOf(db, ask);
  if (!found) return { values: [], isExact: true };
  const search = await searchOf(db, found.range.workspace, ask.search);
  const [first] = ask.order ?? [];
  if (first && first.field.of !== "field") {
    refuseFar(offset);
    return { ...(await labelledPage(db, ask, search)), isExact: true };
  }
  if (!search) return { ...(await listRuns(db, ask, few)), isExact: true };
  const { numbers, isExact } = await newestFound(db, found.range, search, few + 1);
  const page = await listRuns(db, ask, few, {
    name: ask.search ?? "",
    holds: isFound(search),
    ...(numbers.length <= few ? { only: numbers } : {}),
  });
  return { ...page, isExact };
}

/** Ordered by a tag, a parameter or a metric first: the search of MLflow's API does it, with the filter beside it. */
async function labelledPage(db: Executor, ask: RunTableAsk, search: Search | undefined): Promise<Page<Run>> {
  const columns = runColumns(db.dialect, ask.at);
  const conditions = [
    ...conditionsOf(ask).map((filter) => ({ clause: clauseOf(filter), holds: where(filter, columns) })),
    ...(search ? [{ holds: isFound(search) }] : []),
  ];
  const order = (ask.order ?? []).map(searchOrder);
  const { experimentName = null, experimentId = null, parentRunId = null, filter = null } = ask;
  const which = [experimentName, experimentId, parentRunId, filter, ask.search ?? null];
  return searchPage(db, ask.scope, {
    name: (key) => listName("run table", key, ...which, order),
    experiments: async (workspace) => {
      const all = sql<{ no: number }>`select no from experiments where workspace_no = ${workspace}
        ${experimentName === null ? sql`` : sql`and name = ${experimentName}`}
        ${experimentId === null ? sql`` : sql`and id = ${experimentId}`}`;
      return (await db.all(all.compile(db.build))).map(({ no }) => no);
    },
    clauses: conditions.flatMap((condition) => ("clause" in condition ? (condition.clause ?? []) : [])),
    conditions,
    order,
    after: ask.after,
    limit: pageSize(ask.limit),
    offset: ask.offset ?? 0,
  });
}

/** The same as a clause of MLflow's language, where an index may answer it. */
function clauseOf(filter: Filter): SearchClause | undefined {
  if (!("literal" in filter) || filter.field.of === "field") return undefined;
  const { of, key } = filter.field;
  const { value } = filter.literal;
  if ((of === "tags" || of === "params") && filter.op === "eq" && typeof value === "string")
    return { key: { of: of === "tags" ? "tag" : "param", key }, comparator: "=", value };
  const sign = { eq: "=", gt: ">", ge: ">=", lt: "<", le: "<=", ne: undefined } as const;
  const comparator = sign[filter.op];
  if (of !== "metrics" || comparator === undefined || typeof value !== "number") return undefined;
  return { key: { of: "metric", key }, comparator, value };
}

/** The names of attributes are those that `runPlaces` knows. */
function searchOrder({ field, descending }: Order): SearchOrder {
  if (field.of === "tags" || field.of === "params" || field.of === "metrics") {
    const of = { tags: "tag", params: "param", metrics: "metric" } as const;
    return { key: { of: of[field.of], key: field.key }, descending };
  }
  const key = field.of === "field" ? ATTRIBUTES[field.name] : undefined;
  if (key !== undefined) return { key: { of: "attribute", key }, descending };
  const name = field.of === "field" ? field.name : `${field.of}/${field.key}`;
  throw new MalachiteError(
    "BadFilter",
    `Behind a tag, a parameter or a metric a table cannot be ordered by '${name}', only by more of those or by ${Object.keys(ATTRIBUTES).join(", ")}.`,
    { target: "orderBy" },
  );
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  runid: "run_id",
  displayname: "run_name",
  experimentid: "experiment_id",
  createdby: "user_id",
  status: "status",
  starttimeutc: "start_time",
  endtimeutc: "end_time",
};
