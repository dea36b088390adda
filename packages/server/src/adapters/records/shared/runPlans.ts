// How a list of runs is read. The plan is chosen here and not left to the database, so that a page among a million runs is quick
// whenever an index can make it so.
import type { Filter } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Dialect, Executor } from "./executor.ts";
import { isAfter, orderBy, type Position, positionColumns, type Term } from "./paging.ts";
import { type Indexed, indexOf, metricRange, type Range } from "./runColumns.ts";
import { LIGHT } from "./runRows.ts";
import { refuseFar } from "./tableOffset.ts";
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
  /** How many runs are passed over. */
  readonly offset: number;
  /** The runs that it is about, where those are known. */
  readonly only?: readonly number[];
  readonly few: number;
  readonly dialect: Dialect;
};

/**
 * The runs of a page in order. First their numbers alone are picked, so that what is sorted is small; then their rows are read.
 * `cross join` keeps SQLite from turning the order of reading round.
 */
export async function runPage<Row>(db: Executor, asked: Query): Promise<readonly Row[]> {
  const jumped = asked.offset === 0 ? asked : await jump(db, asked);
  if (!jumped) return [];
  const { offset, limit } = jumped;
  // What is passed over is picked too, where no index could count through it.
  const query = { ...jumped, limit: limit + offset };
  const rows = sql<Row>`with picked as materialized (${await picked(db, query)})
    select ${sql.join(LIGHT.map((name) => sql.raw(name)))}, ${positionColumns(query.terms)}
    from picked cross join runs as r cross join experiments as e
    where r.no = picked.no and e.no = r.experiment_no order by ${orderBy(query.terms)} limit ${limit} offset ${offset}`;
  return db.all(rows.compile(db.build));
}

/**
 * The query that begins `offset` runs down. In the order of creation, and where one index holds just the runs of the list, it is
 * counted through, and the page begins behind the run that it comes to. Undefined for a place beyond the end.
 */
async function jump(db: Executor, query: Query): Promise<Query | undefined> {
  const walk = query.position || query.only || !query.byCreation ? undefined : countable(query);
  if (!walk) {
    refuseFar(query.offset);
    return query;
  }
  // From whichever end is nearer, where it is known how many there are.
  const { offset } = query;
  const total = query.conditions.length === 0 ? await countOf(db, query.range) : undefined;
  if (total !== undefined && offset >= total) return undefined;
  const fromEnd = total !== undefined && offset > total / 2;
  const forward = query.terms[0]?.descending ?? true;
  const terms = [walk.createdAt, walk.no].map((value) => ({
    value,
    nullable: false,
    descending: fromEnd ? !forward : forward,
  }));
  const last = sql<{
    at: number;
    no: number;
  }>`select ${walk.createdAt} as at, ${walk.no} as no from ${walk.from}
    where ${walk.when} order by ${orderBy(terms)} limit 1 offset ${fromEnd ? total - offset : offset - 1}`;
  const [found] = await db.all(last.compile(db.build));
  return found && { ...query, position: [found.at, found.no], offset: 0 };
}

async function countOf(db: Executor, { workspace, experiment }: Range): Promise<number> {
  const within = experiment === undefined ? sql`` : sql` and experiment_no = ${experiment}`;
  const query = sql<{ runs: number }>`select coalesce(sum(runs), 0) as runs from run_counts
    where workspace_no = ${workspace}${within}`;
  return (await db.all(query.compile(db.build)))[0]?.runs ?? 0;
}

type Countable = Pick<Indexed, "from" | "no"> & {
  readonly createdAt: RawBuilder<number>;
  readonly when: RawBuilder<unknown>;
};

function countable({ range, conditions, matches }: Query): Countable | undefined {
  const [only] = conditions;
  if (only === undefined && matches.length === 0)
    return {
      from: sql`runs as i`,
      when:
        range.experiment === undefined
          ? sql`i.workspace_no = ${range.workspace}`
          : sql`i.experiment_no = ${range.experiment}`,
      no: sql`i.no`,
      createdAt: sql`i.created_at`,
    };
  if (only?.op !== "eq" || conditions.length > 1 || matches.length > 1) return undefined;
  const value = columnValue(only.literal);
  const known =
    range.experiment === undefined ||
    (only.field.of === "field" &&
      (only.field.name === "status" || (only.field.name === "parentrunid" && value === null)));
  const index = known ? indexOf(only.field, range, [value]) : undefined;
  if (!index?.createdAt) return undefined;
  return { from: index.from, no: index.no, createdAt: index.createdAt, when: index.when([value]) };
}

/**
 * By creation: the index of the condition that the fewest runs meet is walked in order until the page is full. In another order:
 * if few runs meet a condition, its index tells them and they are sorted. Else the index of the order is walked; without one,
 * the whole range is sorted.
 */
async function picked(db: Executor, query: Query): Promise<RawBuilder<unknown>> {
  const { range, few, byCreation, only } = query;
  if (only) return among([{ index: numbered(only, query.dialect), values: [0] }], query);
  if (range.runs !== undefined && range.runs <= few) return byOrder(query);
  const [best] = (await countedWays(db, query, few))
    .map((one) => ({ ...one, walkable: byCreation && isWalkable(one.way) }))
    .filter(({ count, walkable }) => walkable || count <= few)
    .sort((a, b) => a.count - b.count);
  if (!best) return byOrder(query);
  return best.walkable ? firstOf(best.way, query) : among(best.way, query);
}

/** The numbers of all runs that an index says meet one of the conditions, where those are no more than `most`. */
export async function fewestRuns(
  db: Executor,
  range: Range,
  conditions: readonly Filter[],
  most: number,
): Promise<RawBuilder<unknown> | undefined> {
  const [best] = (await countedWays(db, { range, conditions }, most))
    .filter(({ count }) => count <= most)
    .sort((a, b) => a.count - b.count);
  return best && union(best.way);
}

async function countedWays(
  db: Executor,
  { range, conditions }: Pick<Query, "range" | "conditions">,
  most: number,
): Promise<readonly { readonly way: Way; readonly count: number }[]> {
  const counted: { readonly way: Way; readonly count: number }[] = [];
  for (const [way] of conditions.flatMap((condition) => [wayOf(condition, range) ?? []]))
    if (way) counted.push({ way, count: await countUpTo(db, way, most + 1) });
  return counted;
}

const isWalkable = (way: Way): boolean =>
  way.every(({ index }) => index.createdAt !== undefined) && oneByOne(way).length <= SIDE_BY_SIDE;

/** Runs whose numbers are known. */
const numbered = (numbers: readonly number[], dialect: Dialect): Indexed => ({
  from: sql`${dialect.numbers(sql`${JSON.stringify(numbers)}`)} as j`,
  when: () => sql`1 = 1`,
  no: sql`j.value`,
});

/** A condition that indexes can answer: runs equal to one of the values, of one index or several. */
type Way = readonly { readonly index: Indexed; readonly values: readonly (string | number | null)[] }[];

/** More indexes than this are not worth it, and databases bound how many selects make a union. */
const MOST_INDEXES = 32;

function wayOf(condition: Filter, range: Range): readonly [Way] | undefined {
  const measured = "literal" in condition ? metricRange(condition, range) : undefined;
  if (measured) return [[{ index: measured, values: [0] }]];
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
    const createdAt = index.createdAt ?? sql.ref<number>("r.created_at");
    const terms = [createdAt, index.no].map((of) => ({ value: of, nullable: false, descending }));
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

/** The numbers of all runs of the way, each once. */
const union = (way: Way): RawBuilder<unknown> =>
  sql.join(
    way.map(
      ({ index, values }) => sql`select ${index.no} as no from ${index.from} where ${index.when(values)}`,
    ),
    sql` union `,
  );

/** All runs of the way, sorted. */
function among(way: Way, query: Query): RawBuilder<unknown> {
  const conditions = [
    sql`r.no = among.no`,
    sql`e.no = r.experiment_no`,
    inRange(query, false),
    ...query.matches,
    ...after(query),
  ];
  return sql`select r.no as no from (${union(way)}) as among cross join runs as r cross join experiments as e
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
