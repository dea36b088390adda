// How many runs meet a filter and a search, by status, in bounded time.
import type { Field, Filter, RunCounts, RunCountsAsk } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { conditionsOf, rangeOf } from "./listRuns.ts";
import { type Range, runColumns } from "./runColumns.ts";
import { fewestRuns } from "./runPlans.ts";
import { MOST_SEARCHED, newestFound, searchOf } from "./runTexts.ts";
import { type Columns, where } from "./where.ts";

/** So many runs are looked at one by one. */
const MOST_LOOKED_AT = 100_000;
/** So many of those that a search finds are counted. */
const MOST_FOUND = 50_000;

const NONE: RunCounts = { count: 0, byStatus: {}, isExact: true };

/** See `RunTables.count`. `looked` is for tests. */
export async function countRuns(
  db: Executor,
  ask: RunCountsAsk,
  looked = MOST_LOOKED_AT,
): Promise<RunCounts> {
  const found = await rangeOf(db, ask);
  if (!found) return NONE;
  const { range } = found;
  const search = await searchOf(db, range.workspace, ask.search);
  const conditions = conditionsOf(ask);
  if (!search && conditions.every(isCounted)) return kept(db, range, conditions);

  const columns = runColumns(db.dialect, ask.at);
  const holds = conditions.map((condition) => where(condition, columns));
  if (search) {
    const most = conditions.length === 0 ? MOST_FOUND : Math.min(MOST_FOUND, looked);
    const { numbers, isExact } = await newestFound(db, range, search, most + 1, MOST_SEARCHED);
    const some = numbers.slice(0, most);
    const from = sql`select value as no from ${db.dialect.numbers(sql`${JSON.stringify(some)}`)} as found`;
    return byStatus(db, range, columns, from, holds, isExact && numbers.length <= most);
  }
  const few = await fewestRuns(db, range, conditions, looked);
  if (few) return byStatus(db, range, columns, few, holds, true);
  const all = sql`select i.no as no from runs as i where ${inRange(range, "i")}
    order by i.created_at desc, i.no desc limit ${looked}`;
  const beyond = await db.all(
    sql<{ no: number }>`select i.no from runs as i where ${inRange(range, "i")}
      order by i.created_at desc, i.no desc limit 1 offset ${looked}`.compile(db.build),
  );
  return byStatus(db, range, columns, all, holds, beyond.length === 0);
}

const inRange = ({ workspace, experiment }: Range, of: string): RawBuilder<SqlBool> =>
  experiment === undefined
    ? sql<SqlBool>`${sql.ref(`${of}.workspace_no`)} = ${workspace}`
    : sql<SqlBool>`${sql.ref(`${of}.experiment_no`)} = ${experiment}`;

async function byStatus(
  db: Executor,
  range: Range,
  columns: Columns,
  from: RawBuilder<unknown>,
  holds: readonly RawBuilder<SqlBool>[],
  isExact: boolean,
): Promise<RunCounts> {
  const status = columns.of({ of: "field", name: "status" }) ?? sql.ref("r.status");
  const column = range.experiment === undefined ? "r.workspace_no" : "r.experiment_no";
  const within = sql<SqlBool>`${db.dialect.noIndex(sql.ref<number>(column))} = ${range.experiment ?? range.workspace}`;
  const all = [sql<SqlBool>`r.no = looked.no`, sql<SqlBool>`e.no = r.experiment_no`, within, ...holds];
  const rows = await db.all(
    sql<{ status: string; runs: number }>`select ${status} as status, count(*) as runs
      from (${from}) as looked cross join runs as r cross join experiments as e
      where ${sql.join(all, sql` and `)} group by 1 order by 1`.compile(db.build),
  );
  return summed(rows, isExact);
}

const summed = (
  rows: readonly { readonly status: string; readonly runs: number }[],
  isExact: boolean,
): RunCounts => ({
  count: rows.reduce((sum, { runs }) => sum + runs, 0),
  byStatus: Object.fromEntries(rows.map(({ status, runs }) => [status, runs])),
  isExact,
});

/** What is kept by status, hidden and experiment. A run that is silent is kept by the status it had. */
const KEPT: Readonly<Record<string, string>> = {
  status: "c.status",
  hidden: "c.hidden",
  experimentid: "e.id",
  experimentname: "e.name",
};
const keptColumns = (db: Executor): Columns => ({
  dialect: db.dialect,
  of: (field: Field) => {
    const name = field.of === "field" ? KEPT[field.name] : undefined;
    return name === undefined ? undefined : sql.ref<string | number>(name);
  },
});

function isCounted(filter: Filter): boolean {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.parts.every(isCounted);
    case "not":
      return isCounted(filter.part);
    default:
      return (
        filter.field.of === "field" &&
        Object.hasOwn(KEPT, filter.field.name) &&
        !("literal" in filter && filter.literal.value === "NotResponding")
      );
  }
}

async function kept(db: Executor, range: Range, conditions: readonly Filter[]): Promise<RunCounts> {
  const columns = keptColumns(db);
  const all = [
    sql<SqlBool>`c.workspace_no = ${range.workspace}`,
    sql<SqlBool>`e.no = c.experiment_no`,
    sql<SqlBool>`c.runs > 0`,
    ...(range.experiment === undefined ? [] : [sql<SqlBool>`c.experiment_no = ${range.experiment}`]),
    ...conditions.map((condition) => where(condition, columns)),
  ];
  const rows = await db.all(
    sql<{ status: string; runs: number }>`select c.status as status, sum(c.runs) as runs
      from run_counts as c cross join experiments as e
      where ${sql.join(all, sql` and `)} group by c.status order by c.status`.compile(db.build),
  );
  return summed(rows, true);
}
