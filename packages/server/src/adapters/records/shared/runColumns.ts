// The fields of a run's lists as columns, and the equalities that have an index of their own.
import { type Field, type Filter, type Literal, MalachiteError, type Order } from "@malachite/core";
import { type RawBuilder, sql } from "kysely";
import type { Dialect } from "./executor.ts";
import { labelText } from "./labels.ts";
import type { Term } from "./paging.ts";
import { NOT_STARTED_AT } from "./schema.ts";
import type { Columns } from "./where.ts";

const COLUMN: Readonly<Record<string, { readonly name: string; readonly nullable: boolean }>> = {
  runid: { name: "r.id", nullable: false },
  runnumber: { name: "r.number", nullable: false },
  status: { name: "r.status", nullable: false },
  name: { name: "r.name", nullable: true },
  displayname: { name: "r.display_name", nullable: true },
  createdutc: { name: "r.created_at", nullable: false },
  starttimeutc: { name: "r.started_at", nullable: false },
  endtimeutc: { name: "r.ended_at", nullable: true },
  lastmodifiedutc: { name: "r.changed_at", nullable: false },
  target: { name: "r.target", nullable: false },
  runtype: { name: "r.run_type", nullable: true },
  "runtypev2/orchestrator": { name: "r.orchestrator", nullable: true },
  scriptname: { name: "r.script_name", nullable: true },
  parentrunid: { name: "r.parent_id", nullable: true },
  rootrunid: { name: "r.root_id", nullable: false },
  experimentid: { name: "e.id", nullable: false },
  experimentname: { name: "e.name", nullable: false },
  userid: { name: "r.user_id", nullable: false },
  createdby: { name: "r.created_by", nullable: false },
  hidden: { name: "r.hidden", nullable: false },
};

const columnOf = (field: Field) => (field.of === "field" ? COLUMN[field.name] : undefined);

/** Filters: no index serves these. A run that has not started has no start. */
export const runColumns = (dialect: Dialect, at: number | undefined): Columns => ({
  dialect,
  of(field) {
    if (field.of === "traits") return dialect.listed(sql.ref("r.about"), ["runTypeV2", "traits"], field.key);
    if (field.of === "params")
      return sql`(select p.value from run_params as p where p.run_no = r.no and p.key = ${field.key})`;
    if (field.of === "metrics")
      return sql`(select m.latest_value from metrics as m
        where m.run_no = r.no and m.namespace = '' and m.name = ${field.key} and m.has_latest = 1)`;
    if (field.of !== "field") return dialect.label(sql.ref("r.about"), field.of, field.key);
    if (field.name === "status" && at !== undefined) return shownStatus(dialect, at);
    if (field.name === "description") return dialect.member(sql.ref("r.about"), "description");
    const column = columnOf(field);
    if (!column) return undefined;
    if (field.name === "starttimeutc") return sql`nullif(r.started_at, ${NOT_STARTED_AT})`;
    return dialect.noIndex(sql.ref<string | number | null>(column.name));
  },
});

/** See `shownStatus` of the domain: only runs that others execute send heartbeats. */
function shownStatus(dialect: Dialect, at: number): RawBuilder<string> {
  const life = sql.ref<string>("r.life");
  const heard = dialect.number(life, ["heartbeat", "at"]);
  const holds = dialect.number(life, ["heartbeat", "timeToLiveMs"]);
  return sql`case when r.origin = 'external' and r.status not in ('Completed', 'Failed', 'Canceled')
    and ${heard} + ${holds} < ${at} then 'NotResponding' else r.status end`;
}

/** Orders: the bare column, so that its index can serve. */
export function runTerm({ field, descending }: Order): Term {
  const column = columnOf(field);
  if (!column) {
    const name = field.of === "field" ? field.name : `${field.of}/${field.key}`;
    throw new MalachiteError("BadFilter", `Runs cannot be ordered by '${name}'.`, { target: "orderBy" });
  }
  return { value: sql.ref(column.name), nullable: column.nullable, descending };
}

export const isByCreation = (order: readonly Order[]): boolean =>
  order.length === 1 && order[0]?.field.of === "field" && order[0].field.name === "createdutc";

/** Which runs the URL names: a workspace, or one experiment in it. */
export type Range = {
  readonly workspace: number;
  readonly experiment?: number;
  /** How many runs the experiment has. */
  readonly runs?: number;
};

/** Runs of which an index knows all that are equal in something, newest first. `from` has `no` and `created_at`. */
export type Indexed = {
  readonly from: RawBuilder<unknown>;
  readonly when: (values: readonly (string | number | null)[]) => RawBuilder<unknown>;
  readonly no: RawBuilder<number>;
  /** Absent where the index does not hold its runs in the order of creation. */
  readonly createdAt?: RawBuilder<number>;
};

/** The index for equality in the field; undefined when there is none, or for null where it does not know about null. */
export function indexOf(
  field: Field,
  range: Range,
  values: readonly (string | number | null)[],
): Indexed | undefined {
  const isNull = values.includes(null);
  if (field.of === "traits" || field.of === "metrics") return undefined;
  if (field.of !== "field") {
    if (isNull) return undefined;
    const key = labelText(field.key);
    return {
      from: sql`run_labels as l`,
      when: (values) =>
        sql`l.workspace_no = ${range.workspace} and l.kind = ${field.of} and l.key = ${key} and l.value ${oneOf(
          values.map((value) => labelText(String(value))),
        )}`,
      no: sql`l.run_no`,
      createdAt: sql`l.created_at`,
    };
  }
  const inWorkspace = sql`i.workspace_no = ${range.workspace}`;
  const inRange = range.experiment === undefined ? inWorkspace : sql`i.experiment_no = ${range.experiment}`;
  const runs = (when: Indexed["when"]): Indexed => ({
    from: sql`runs as i`,
    when,
    no: sql`i.no`,
    createdAt: sql`i.created_at`,
  });
  switch (field.name) {
    case "parentrunid":
      if (isNull) return runs(() => sql`${inRange} and i.parent_id is null`);
      return runs((values) => sql`${inWorkspace} and i.parent_id ${oneOf(values)}`);
    case "status":
      // The record of a silent run has the status that it had before.
      if (isNull || values.includes("NotResponding")) return undefined;
      return runs((some) => sql`${inRange} and i.status ${oneOf(some)}`);
    case "runid":
      return isNull ? undefined : runs((values) => sql`${inWorkspace} and i.id ${oneOf(values)}`);
    case "rootrunid":
      return isNull ? undefined : runs((values) => sql`${inWorkspace} and i.root_id ${oneOf(values)}`);
    case "experimentid":
      return isNull
        ? undefined
        : runs((values) => sql`i.experiment_no ${experimentNo(range.workspace, values)}`);
    default:
      return undefined;
  }
}

/** The index of newest values, for a comparison of a metric with a number. Infinities are in it as the largest numbers. */
export function metricRange(
  { op, field, literal }: Extract<Filter, { literal: Literal }>,
  range: Range,
): Indexed | undefined {
  const { value } = literal;
  if (field.of !== "metrics" || op === "ne" || typeof value !== "number") return undefined;
  const sign = { eq: "=", gt: ">", ge: ">=", lt: "<", le: "<=" }[op];
  const experiments =
    range.experiment === undefined
      ? sql`in (select x.no from experiments as x where x.workspace_no = ${range.workspace})`
      : sql`= ${range.experiment}`;
  return {
    from: sql`metrics as k`,
    when: () => sql`k.experiment_no ${experiments} and k.name = ${field.key} and k.namespace = '' and k.has_latest = 1
      and k.latest_order ${sql.raw(sign)} ${value}`,
    no: sql`k.run_no`,
  };
}

const oneOf = (values: readonly (string | number | null)[]): RawBuilder<unknown> =>
  values.length === 1 ? sql`= ${values[0]}` : sql`in (${sql.join(values)})`;

const experimentNo = (workspace: number, ids: readonly (string | number | null)[]): RawBuilder<unknown> =>
  sql`${ids.length === 1 ? sql`=` : sql`in`} (select x.no from experiments as x where x.workspace_no = ${workspace} and x.id ${oneOf(ids)})`;
