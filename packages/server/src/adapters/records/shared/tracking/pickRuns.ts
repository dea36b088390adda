// How a search of runs is read. The plan is chosen here and not left to the database: the index that knows few runs tells them all,
// else the index of the order is walked until the page is full; without one, all runs of the experiments are sorted.
import { PARENT_TAG, type SearchClause, type SearchOrder } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import { labelText } from "../labels.ts";
import { isAfter, orderBy, type Position, positionColumns, type Term } from "../paging.ts";
import { NOT_STARTED_AT } from "../schema.ts";
import { clamped } from "./searchSql.ts";

/** So few runs of a tag, a parameter or a range of a metric are read and sorted whole. */
const FEW = 4_096;
/** So many experiments are walked side by side, each in order. */
const SIDE_BY_SIDE = 16;
/** Tags that are not in the index of labels under their own name. */
const UNINDEXED = new Set(["mlflow.runName", "mlflow.note.content", "mlflow.user", PARENT_TAG]);

/** What is true of a run that is found, and the clause that says so if one does. */
export type Condition = { readonly holds: RawBuilder<SqlBool>; readonly clause?: SearchClause };

export type Query = {
  readonly workspace: number;
  readonly experiments: readonly number[];
  readonly conditions: readonly Condition[];
  readonly terms: readonly Term[];
  readonly position: Position | undefined;
  readonly limit: number;
};

export type Asked = {
  readonly clauses: readonly SearchClause[];
  readonly order: readonly SearchOrder[];
};

/** The numbers and positions of the page's runs: those of the second select come behind all of the first, and so on. */
export async function* pick(db: Executor, query: Query, asked: Asked): AsyncGenerator<RawBuilder<unknown>> {
  const { experiments } = query;
  const few = await fewest(db, query, asked.clauses);
  if (few) {
    yield among(db, query, few);
    return;
  }
  const [first] = asked.order;
  if (first?.key.of === "metric" && experiments.length <= SIDE_BY_SIDE) {
    yield* byMetric(db, query, first, asked);
    return;
  }
  if (first && isStart(first) && !first.descending && experiments.length <= SIDE_BY_SIDE) {
    yield* byOldestStart(query);
    return;
  }
  const ofExperiments = isOneOf(db, sql.ref<number>("r.experiment_no"), experiments);
  if (!isByStart(asked.order)) yield select(query, sql`runs as r`, ofExperiments);
  else if (experiments.length > SIDE_BY_SIDE)
    yield select(
      query,
      sql`runs as r`,
      sql<SqlBool>`r.workspace_no = ${query.workspace} and ${isOneOf(db, db.dialect.noIndex(sql.ref<number>("r.experiment_no")), experiments)}`,
    );
  else
    yield sideBySide(experiments, (no) =>
      select(query, sql`runs as r`, sql<SqlBool>`r.experiment_no = ${no}`),
    );
}

const sideBySide = (
  experiments: readonly number[],
  of: (experiment: number) => RawBuilder<unknown>,
): RawBuilder<unknown> =>
  sql.join(
    experiments.map((no) => sql`select * from (${of(no)}) as ${sql.ref(`of${no}`)}`),
    sql` union all `,
  );

function select(query: Query, from: RawBuilder<unknown>, when: RawBuilder<SqlBool>): RawBuilder<unknown> {
  const { conditions, terms, position, limit } = query;
  const all = [
    when,
    sql<SqlBool>`e.no = r.experiment_no`,
    ...conditions.map(({ holds }) => holds),
    ...(position ? [isAfter(terms, position)] : []),
  ];
  return sql`select r.no as no, ${positionColumns(terms)} from ${from} cross join experiments as e
    where ${sql.join(all, sql` and `)} order by ${orderBy(terms)} limit ${limit}`;
}

const isOneOf = (
  { dialect }: Executor,
  column: RawBuilder<number>,
  values: readonly number[],
): RawBuilder<SqlBool> =>
  values.length === 1
    ? sql<SqlBool>`${column} = ${values[0]}`
    : sql<SqlBool>`${column} in (select value from ${dialect.numbers(sql`${JSON.stringify(values)}`)} as listed)`;

/** Runs that an index tells: from where, and of which column their number is. */
type Known = {
  readonly from: RawBuilder<unknown>;
  readonly when: RawBuilder<SqlBool>;
};

/** What few runs meet, of all that is asked for. */
async function fewest(
  db: Executor,
  query: Query,
  clauses: readonly SearchClause[],
): Promise<Known | undefined> {
  let best: { readonly known: Known; readonly count: number } | undefined;
  for (const clause of clauses) {
    const known = labelled(query, clause) ?? measured(query, clause);
    if (!known) continue;
    const [row] = await db.all(
      sql<{ count: number }>`select count(*) as count from
        (select 1 from ${known.from} where ${known.when} limit ${FEW + 1}) as counted`.compile(db.build),
    );
    const count = row?.count ?? 0;
    if (count <= FEW && (best === undefined || count < best.count)) best = { known, count };
  }
  return best?.known;
}

/** Runs of a tag or parameter. */
function labelled({ workspace }: Query, { key, comparator, value }: SearchClause): Known | undefined {
  const kind = key.of === "tag" ? "tags" : key.of === "param" ? "params" : undefined;
  if (kind === undefined || comparator !== "=" || (kind === "tags" && UNINDEXED.has(key.key)))
    return undefined;
  return {
    from: sql`run_labels as k`,
    when: sql<SqlBool>`k.workspace_no = ${workspace} and k.kind = ${kind} and k.key = ${labelText(key.key)}
      and k.value = ${labelText(String(value))}`,
  };
}

/** Runs whose metric is in a range. */
function measured({ experiments }: Query, clause: SearchClause): Known | undefined {
  if (clause.key.of !== "metric" || experiments.length > SIDE_BY_SIDE) return undefined;
  const bound = boundOf(clause, "k")?.holds;
  if (!bound) return undefined;
  return {
    from: sql`metrics as k`,
    when: sql<SqlBool>`k.experiment_no in (${sql.join(experiments)}) and k.name = ${clause.key.key}
      and k.namespace = '' and k.has_latest = 1 and ${bound}`,
  };
}

/**
 * What the index of newest values can say of a clause: true for all that it holds for, and, unless `exact`, for a few more. Infinities
 * are in the index as the largest numbers.
 */
function boundOf(
  { comparator, value }: SearchClause,
  of: string,
): { readonly holds: RawBuilder<SqlBool>; readonly exact: boolean } | undefined {
  if (typeof value !== "number" || !RANGES.has(comparator)) return undefined;
  const column = sql.ref<number>(`${of}.latest_order`);
  const exact = Math.abs(value) < Number.MAX_VALUE;
  const sign = exact || comparator === "=" ? comparator : `${comparator[0]}=`;
  return { holds: sql<SqlBool>`${column} ${sql.raw(sign)} ${clamped(value)}`, exact };
}
const RANGES = new Set(["=", "<", "<=", ">", ">="]);

function among(db: Executor, query: Query, { from, when }: Known): RawBuilder<unknown> {
  const experiment = db.dialect.noIndex(sql.ref<number>("r.experiment_no"));
  return select(
    query,
    sql`${from} cross join runs as r`,
    sql<SqlBool>`${when} and r.no = k.run_no and ${isOneOf(db, experiment, query.experiments)}`,
  );
}

/**
 * First the runs whose metric is a number, in the order of its index; behind them those of NaN, then those without, newest start first
 * if nothing else is asked for.
 */
function* byMetric(
  db: Executor,
  query: Query,
  { key, descending }: SearchOrder,
  asked: Asked,
): Generator<RawBuilder<unknown>> {
  const { experiments, terms, position } = query;
  const [rank = 0] = position ?? [];
  const others = terms.slice(2);
  const clauses = asked.clauses.filter((clause) => clause.key.of === "metric" && clause.key.key === key.key);
  const column = sql.ref<number>("o.latest_order");
  const of = (experiment: number, ...and: readonly RawBuilder<unknown>[]) =>
    sql<SqlBool>`${sql.join(
      [
        sql`o.experiment_no = ${experiment} and o.name = ${key.key} and o.namespace = '' and o.has_latest = 1`,
        sql`r.no = o.run_no`,
        ...and,
      ],
      sql` and `,
    )}`;
  const measured = sql`metrics as o cross join runs as r`;
  if (rank === 0 && !clauses.some(({ comparator }) => comparator === "IS NULL")) {
    const numbers: Query = {
      ...query,
      terms: [{ value: column, nullable: false, descending }, ...others],
      position: position?.slice(1),
      // What the walk itself sees to is not asked of each run once more.
      conditions: query.conditions.filter(
        ({ clause }) => !(clause && clauses.includes(clause) && boundOf(clause, "o")?.exact),
      ),
    };
    const bounds = clauses.flatMap((clause) => boundOf(clause, "o")?.holds ?? []);
    const last = position?.[1];
    if (typeof last === "number")
      bounds.push(descending ? sql<SqlBool>`${column} <= ${last}` : sql<SqlBool>`${column} >= ${last}`);
    yield sideBySide(experiments, (no) =>
      ranked([sql`0`], select(numbers, measured, of(no, sql`${column} is not null`, ...bounds)), terms),
    );
  }
  // Whatever is asked of a number holds for none that is missing.
  if (clauses.some(({ comparator }) => comparator !== "IS NULL")) return;
  const rest = (of: number): Query => ({
    ...query,
    terms: others,
    position: rank === of ? position?.slice(2) : undefined,
  });
  if (Number(rank) <= 1)
    yield sideBySide(experiments, (no) =>
      ranked([sql`1`, sql`null`], select(rest(1), measured, of(no, sql`${column} is null`)), terms),
    );
  const missing = sql<SqlBool>`not exists (select 1 from metrics as n where n.run_no = r.no and n.namespace = ''
    and n.name = ${key.key} and n.has_latest = 1)`;
  const without = (experiments: readonly number[]) =>
    select(
      rest(2),
      sql`runs as r`,
      sql<SqlBool>`${isOneOf(db, sql.ref<number>("r.experiment_no"), experiments)} and ${missing}`,
    );
  yield isByStart(asked.order.slice(1))
    ? sideBySide(experiments, (no) => ranked([sql`2`, sql`null`], without([no]), terms))
    : ranked([sql`2`, sql`null`], without(experiments), terms);
}

/** First the runs that have started, in the order of their index; behind them those that have not. */
function* byOldestStart(query: Query): Generator<RawBuilder<unknown>> {
  const { experiments, terms, position } = query;
  const [rank = 0, last = NOT_STARTED_AT] = position ?? [];
  const others = terms.slice(2);
  const start = sql.ref<number>("r.started_at");
  const walk = (part: Query, known: readonly RawBuilder<unknown>[], when: RawBuilder<SqlBool>) =>
    sideBySide(experiments, (no) => {
      const ofExperiment = sql<SqlBool>`r.experiment_no = ${no} and ${when}`;
      return ranked(known, select(part, sql`runs as r`, ofExperiment), terms);
    });
  if (rank === 0) {
    const started: Query = {
      ...query,
      terms: [{ value: start, nullable: false, descending: false }, ...others],
      position: position?.slice(1),
    };
    const from = position ? sql<SqlBool>`${start} >= ${last}` : sql<SqlBool>`${start} > ${last}`;
    yield walk(started, [sql`0`], from);
  }
  const waiting: Query = {
    ...query,
    terms: others,
    position: rank === 0 ? undefined : position?.slice(2),
  };
  yield walk(waiting, [sql`1`, sql`null`], sql<SqlBool>`${start} = ${NOT_STARTED_AT}`);
}

/** Positions begin with a rank and mostly a value, of which each part knows one or both beforehand. */
function ranked(
  known: readonly RawBuilder<unknown>[],
  walked: RawBuilder<unknown>,
  terms: readonly Term[],
): RawBuilder<unknown> {
  const columns = terms.map(
    (_, i) => sql`${known[i] ?? sql.ref(`w.s${i - known.length}`)} as ${sql.ref(`s${i}`)}`,
  );
  return sql`select w.no as no, ${sql.join(columns)} from (${walked}) as w`;
}

/** A run that has not started has the least start of all, so it comes last by itself. */
export const isStartDescending = (order: SearchOrder): boolean => order.descending && isStart(order);

export const isStart = ({ key }: SearchOrder): boolean => key.of === "attribute" && key.key === "start_time";

/** Newest start first, before all else. */
const isByStart = ([first]: readonly SearchOrder[]): boolean =>
  first === undefined || isStartDescending(first);
