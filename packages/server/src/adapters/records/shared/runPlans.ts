// How a list of runs is read. The plan is chosen here and not left to the database, so that a page among a million runs is quick
// whenever an index can make it so.
import type { Filter } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Dialect, Executor } from "./executor.ts";
import { isAfter, orderBy, type Position, positionColumns, type Term } from "./paging.ts";
import { type Indexed, indexOf, type Range } from "./runColumns.ts";
import { LIGHT } from "./runRows.ts";
import { columnValue, gathered } from "./where.ts";

/** So many values of an equality are walked side by side, each in order. */
const SIDE_BY_SIDE = 16;

export type Query = {
  readonly range: Range;
  /** What must hold, all of it. */
  readonly conditions: readonly Filter[];
  /** The conditions as SQL that no index serves. */
  readonly matches: readonly RawBuilder<SqlBool>[];
  readonly terms: readonly Term[];
  /** Ordered by the time of creation, either way round: the order in which every index of a condition holds its runs. */
  readonly byCreation: boolean;
  readonly position: Position | undefined;
  readonly limit: number;
  readonly few: number;
  readonly dialect: Dialect;
};

/**
 * The runs of a page in order. First their numbers alone are picked, so that what is sorted is small; then their rows are read.
 * `cross join` keeps SQLite from turning the order of reading round.
 */
export async function runPage<Row>(db: Executor, query: Query): Promise<readonly Row[]> {
  const rows = sql<Row>`with picked as materialized (${await picked(db, query)})
    select ${sql.join(LIGHT.map((name) => sql.raw(name)))}, ${positionColumns(query.terms)}
    from picked cross join runs as r cross join experiments as e
    where r.no = picked.no and e.no = r.experiment_no order by ${orderBy(query.terms)} limit ${query.limit}`;
  return db.all(rows.compile(db.build));
}

/**
 * By creation: the index of the condition that the fewest runs meet is walked in order until the page is full. In another order:
 * if few runs meet a condition, its index tells them and they are sorted. Else the index of the order is walked; without one,
 * the whole range is sorted.
 */
async function picked(db: Executor, query: Query): Promise<RawBuilder<unknown>> {
  const { range, few, byCreation } = query;
  if (range.runs !== undefined && range.runs <= few) return byOrder(query);
  const ways = query.conditions.flatMap((condition) => wayOf(condition, range) ?? []);
  const counted: { readonly way: Way; readonly count: number; readonly walkable: boolean }[] = [];
  for (const way of ways)
    counted.push({
      way,
      count: await countUpTo(db, way, few + 1),
      walkable: byCreation && oneByOne(way).length <= SIDE_BY_SIDE,
    });
  const [best] = counted
    .filter(({ count, walkable }) => walkable || count <= few)
    .sort((a, b) => a.count - b.count);
  if (!best) return byOrder(query);
  return best.walkable ? firstOf(best.way, query) : among(best.way, query);
}

/** A condition that indexes can answer: runs equal to one of the values, of one index or several. */
type Way = readonly { readonly index: Indexed; readonly values: readonly (string | number | null)[] }[];

/** More indexes than this are not worth it, and databases bound how many selects make a union. */
const MOST_INDEXES = 32;

function wayOf(condition: Filter, range: Range): readonly [Way] | undefined {
  if (condition.op === "eq") {
    const value = columnValue(condition.literal);
    const index = indexOf(condition.field, range, [value]);
    return index && [[{ index, values: [value] }]];
  }
  if (condition.op !== "or") return undefined;
  const { lists, rest } = gathered(condition);
  if (lists.length + rest.length > MOST_INDEXES) return undefined;
  const way: Way[number][] = [];
  for (const { field, values } of lists) {
    const index = indexOf(field, range, values);
    if (!index) return undefined;
    way.push({ index, values });
  }
  for (const part of rest) {
    const other = part.op === "eq" ? wayOf(part, range) : undefined;
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
  const all = sql.join(parts, sql` union all `);
  const query = sql<{ count: number }>`select count(*) as count from (${all} limit ${most}) as counted`;
  return (await db.all(query.compile(db.build)))[0]?.count ?? 0;
}

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

/** All runs of the way, sorted. */
function among(way: Way, query: Query): RawBuilder<unknown> {
  const parts = way.map(
    ({ index, values }) => sql`select ${index.no} as no from ${index.from} where ${index.when(values)}`,
  );
  const conditions = [
    sql`r.no = among.no`,
    sql`e.no = r.experiment_no`,
    inRange(query, false),
    ...query.matches,
    ...after(query),
  ];
  return sql`select r.no as no from (${sql.join(parts, sql` union `)}) as among cross join runs as r cross join experiments as e
    where ${sql.join(conditions, sql` and `)} order by ${orderBy(query.terms)} limit ${query.limit}`;
}

/** The first of the range in the order of the list. */
function byOrder(query: Query): RawBuilder<unknown> {
  const conditions = [inRange(query, true), sql`e.no = r.experiment_no`, ...query.matches, ...after(query)];
  return sql`select r.no as no from runs as r cross join experiments as e
    where ${sql.join(conditions, sql` and `)} order by ${orderBy(query.terms)} limit ${query.limit}`;
}

const after = ({ terms, position }: Query, walked = terms): readonly RawBuilder<SqlBool>[] =>
  position ? [isAfter(walked, position)] : [];

function inRange({ range, dialect }: Query, byIndex: boolean): RawBuilder<SqlBool> {
  const column = sql.ref<number>(range.experiment === undefined ? "r.workspace_no" : "r.experiment_no");
  return sql<SqlBool>`${byIndex ? column : dialect.noIndex(column)} = ${range.experiment ?? range.workspace}`;
}
