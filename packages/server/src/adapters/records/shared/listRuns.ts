// Lists of runs. Any filter and order is answered; the plan is chosen here and not left to the database, so that a list of a
// million runs is quick whenever an index can make it so.
import type { Filter, Page, Run, RunsAsk, Scope } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Dialect, Executor } from "./executor.ts";
import {
  isAfter,
  listName,
  orderBy,
  orOrder,
  type Position,
  pageOf,
  pageSize,
  parseToken,
  positionColumns,
  type Term,
  withNumber,
} from "./paging.ts";
import { type Indexed, indexOf, isNewestFirst, type Range, runColumns, runTerm } from "./runColumns.ts";
import { LIGHT, type LightRow, lightRun } from "./runRows.ts";
import { columnValue, gathered, where } from "./where.ts";
import { findWorkspace } from "./workspaces.ts";

/** So few runs are read and sorted whole; with more, an index in the order of the list is walked. */
const FEW = 4_096;
/** So many values of an equality are walked side by side, each in order. */
const SIDE_BY_SIDE = 16;

const NEWEST = { field: { of: "field", name: "createdutc" }, descending: true } as const;

/** See `RunStore.list`. The runs are without `definition`, `sent` and `life.plan`. */
export async function listRuns(db: Executor, ask: RunsAsk): Promise<Page<Run>> {
  const order = orOrder(ask.order, NEWEST);
  const terms = withNumber(order.map(runTerm), sql.ref<number>("r.no"));
  const found = await rangeOf(db, ask);
  const { experimentName = null, experimentId = null, parentRunId = null, filter = null } = ask;
  const list = listName(
    "runs",
    found?.range ?? null,
    experimentName,
    experimentId,
    parentRunId,
    order,
    filter,
  );
  const position = ask.after === undefined ? undefined : parseToken(list, ask.after, terms.length);
  if (!found) return { values: [] };

  const limit = pageSize(ask.limit);
  const conditions = conditionsOf(ask);
  const query: Query = {
    range: found.range,
    conditions,
    terms,
    newestFirst: isNewestFirst(order),
    limit: limit + 1,
    matches: conditions.map((condition) => where(condition, runColumns(db.dialect))),
    position,
    dialect: db.dialect,
  };
  const rows = await db.all<LightRow>((await planned(db, query)).compile(db.build));
  return pageOf(rows, limit, list, terms.length, (row) => lightRun(row, found.scope));
}

type Query = {
  readonly range: Range;
  /** What must hold, all of it. */
  readonly conditions: readonly Filter[];
  readonly terms: readonly Term[];
  readonly newestFirst: boolean;
  readonly limit: number;
  /** The conditions as SQL that no index serves. */
  readonly matches: readonly RawBuilder<SqlBool>[];
  readonly position: Position | undefined;
  readonly dialect: Dialect;
};

/** The numbers of what the URL names; undefined when there is no such workspace or experiment. */
async function rangeOf(db: Executor, ask: RunsAsk): Promise<{ range: Range; scope: Scope } | undefined> {
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

function conditionsOf({ filter, parentRunId }: RunsAsk): readonly Filter[] {
  const child: readonly Filter[] =
    parentRunId === undefined
      ? []
      : [{ op: "eq", field: { of: "field", name: "parentrunid" }, literal: { value: parentRunId } }];
  const parts = filter === undefined ? [] : filter.op === "and" ? filter.parts : [filter];
  return [...child, ...parts];
}

/** A condition that indexes can answer: runs equal to one of the values, of one index or several. */
type Way = readonly { readonly index: Indexed; readonly values: readonly (string | number | null)[] }[];

/**
 * Three plans. A condition that few runs meet: all of them are read by its index and sorted. Else, newest first: the index of a
 * condition is walked in order until the page is full. Else the index of the order, or the whole range is sorted.
 */
async function planned(db: Executor, query: Query): Promise<RawBuilder<LightRow>> {
  if (query.range.runs !== undefined && query.range.runs <= FEW) return pageByOrder(query);
  const ways = query.conditions.flatMap((condition) => wayOf(condition, query.range) ?? []);
  let fewest: { way: Way; count: number } | undefined;
  for (const way of ways) {
    const count = await countUpTo(db, way, FEW + 1);
    if (count <= FEW && (!fewest || count < fewest.count)) fewest = { way, count };
  }
  if (fewest) return pageAmong(allOf(fewest.way), query);
  const [walkable] = query.newestFirst ? ways.filter((way) => oneByOne(way).length <= SIDE_BY_SIDE) : [];
  return walkable ? pageAmong(firstOf(walkable, query), query) : pageByOrder(query);
}

function wayOf(condition: Filter, range: Range): [Way] | undefined {
  if (condition.op === "eq") {
    const value = columnValue(condition.literal);
    const index = indexOf(condition.field, range, value === null);
    return index && [[{ index, values: [value] }]];
  }
  if (condition.op !== "or") return undefined;
  const { lists, rest } = gathered(condition);
  const indexed = lists.map(({ field, values }) => ({ index: indexOf(field, range, false), values }));
  const others = rest.map((part) => wayOf(part, range));
  const way: { index: Indexed; values: readonly (string | number | null)[] }[] = [];
  for (const { index, values } of indexed) {
    if (!index) return undefined;
    way.push({ index, values });
  }
  for (const other of others) {
    if (!other) return undefined;
    way.push(...other[0]);
  }
  return [way];
}

const oneByOne = (way: Way) => way.flatMap(({ index, values }) => values.map((value) => ({ index, value })));

async function countUpTo(db: Executor, way: Way, most: number): Promise<number> {
  const parts = way.map(
    ({ index, values }) => sql`select 1 as x from ${index.from} where ${index.when(values)}`,
  );
  const [row] = await db.all(
    sql<{
      count: number;
    }>`select count(*) as count from (${sql.join(parts, sql` union all `)} limit ${most}) as counted`.compile(
      db.build,
    ),
  );
  return row?.count ?? 0;
}

/** The numbers of all runs of the way. */
const allOf = (way: Way): RawBuilder<unknown> =>
  sql.join(
    way.map(
      ({ index, values }) => sql`select ${index.no} as no from ${index.from} where ${index.when(values)}`,
    ),
    sql` union `,
  );

/** For each value the first runs that match, in the order of the list: together they hold the page. */
function firstOf(way: Way, query: Query): RawBuilder<unknown> {
  const descending = query.terms[0]?.descending ?? true;
  const parts = oneByOne(way).map(({ index, value }, i) => {
    const terms = [index.createdAt, index.no].map((of) => ({ value: of, nullable: false, descending }));
    const conditions = [
      index.when([value]),
      sql`r.no = ${index.no}`,
      sql`e.no = r.experiment_no`,
      inRange(query, false),
      ...query.matches,
      ...after(query, terms),
    ];
    return sql`select no from (select r.no as no from ${index.from} cross join runs as r cross join experiments as e
      where ${sql.join(conditions, sql` and `)} order by ${orderBy(terms)} limit ${query.limit}) as ${sql.ref(`way${i}`)}`;
  });
  return sql.join(parts, sql` union `);
}

/** The page among runs whose numbers are selected. `cross join` keeps SQLite from turning the order of reading round. */
function pageAmong(numbers: RawBuilder<unknown>, query: Query): RawBuilder<LightRow> {
  const conditions = [
    sql`r.no = m.no`,
    sql`e.no = r.experiment_no`,
    inRange(query, false),
    ...query.matches,
    ...after(query),
  ];
  return sql`with m as materialized (${numbers})
    select ${columns(query)} from m cross join runs as r cross join experiments as e
    where ${sql.join(conditions, sql` and `)} order by ${orderBy(query.terms)} limit ${query.limit}`;
}

/** The page by the index of the order, if there is one. */
function pageByOrder(query: Query): RawBuilder<LightRow> {
  const conditions = [inRange(query, true), sql`e.no = r.experiment_no`, ...query.matches, ...after(query)];
  return sql`select ${columns(query)} from runs as r cross join experiments as e
    where ${sql.join(conditions, sql` and `)} order by ${orderBy(query.terms)} limit ${query.limit}`;
}

const columns = ({ terms }: Query): RawBuilder<unknown> =>
  sql`${sql.join(LIGHT.map((name) => sql.raw(name)))}, ${positionColumns(terms)}`;

const after = ({ terms, position }: Query, walked = terms): readonly RawBuilder<SqlBool>[] =>
  position ? [isAfter(walked, position)] : [];

function inRange({ range, dialect }: Query, byIndex: boolean): RawBuilder<SqlBool> {
  const name = range.experiment === undefined ? "r.workspace_no" : "r.experiment_no";
  const column = sql.ref<number>(name);
  return sql<SqlBool>`${byIndex ? column : dialect.noIndex(column)} = ${range.experiment ?? range.workspace}`;
}
