// A filter as an SQL condition that no index serves: listRuns.ts decides which index is used and states that apart.
import { type Comparison, type Field, type Filter, type Literal, MalachiteError } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Dialect } from "./executor.ts";

/** What a list can be filtered and ordered by, as SQL. */
export type Columns = {
  /** The expression of a field or label, which no index serves; undefined for a name that is not known. */
  of(field: Field): RawBuilder<string | number | null> | undefined;
  readonly dialect: Pick<Dialect, "test" | "constant">;
};

const NEGATED = { eq: "ne", ne: "eq", gt: "le", ge: "lt", lt: "ge", le: "gt" } as const satisfies Record<
  Comparison,
  Comparison
>;
const SIGN = { eq: "=", ne: "<>", gt: ">", ge: ">=", lt: "<", le: "<=" } as const satisfies Record<
  Comparison,
  string
>;

const TRUE = sql<SqlBool>`1 = 1`;
const FALSE = sql<SqlBool>`1 = 0`;

/** True exactly for what the filter holds for, as `Filter` defines it. Throws BadFilter for a field without a column. */
export function where(filter: Filter, columns: Columns, negated = false): RawBuilder<SqlBool> {
  switch (filter.op) {
    case "not":
      return where(filter.part, columns, !negated);
    case "and":
    case "or": {
      const { lists, rest } = negated ? { lists: [], rest: filter.parts } : gathered(filter);
      const parts = [
        ...lists.map(
          ({ field, values }) =>
            sql<SqlBool>`${expression(field, columns)} in (${sql.join(values.map(columns.dialect.constant))})`,
        ),
        ...rest.map((part) => where(part, columns, negated)),
      ];
      return sql<SqlBool>`(${sql.join(parts, (filter.op === "and") !== negated ? sql` and ` : sql` or `)})`;
    }
    case "contains":
    case "startswith":
    case "endswith": {
      const test = columns.dialect.test(filter.op, expression(filter.field, columns), filter.text);
      return negated ? sql<SqlBool>`not coalesce(${test}, ${FALSE})` : test;
    }
    default:
      return compare(
        filter.op,
        expression(filter.field, columns),
        columnValue(filter.literal),
        negated,
        columns.dialect,
      );
  }
}

function compare(
  op: Comparison,
  left: RawBuilder<unknown>,
  value: string | number | null,
  negated: boolean,
  dialect: Pick<Dialect, "constant">,
): RawBuilder<SqlBool> {
  const says = negated ? NEGATED[op] : op;
  if (value === null) {
    if (says === "eq") return sql<SqlBool>`${left} is null`;
    if (says === "ne") return sql<SqlBool>`${left} is not null`;
    return negated ? TRUE : FALSE;
  }
  if (says === "ne") return sql<SqlBool>`${left} is distinct from ${dialect.constant(value)}`;
  const plain = sql<SqlBool>`${left} ${sql.raw(SIGN[says])} ${dialect.constant(value)}`;
  // A comparison with a missing value does not hold, so its negation does.
  return negated && says !== "eq" ? sql<SqlBool>`coalesce(${plain}, ${TRUE})` : plain;
}

/** The value as columns hold it. */
export const columnValue = ({ value }: Literal): string | number | null =>
  typeof value === "boolean" ? (value ? 1 : 0) : value;

function expression(field: Field, columns: Columns): RawBuilder<string | number | null> {
  const found = columns.of(field);
  if (found) return found;
  const name = field.of === "field" ? field.name : `${field.of}/${field.key}`;
  throw new MalachiteError("BadFilter", `These lists cannot be filtered or ordered by '${name}'.`, {
    target: "filter",
  });
}

export type ValueList = { readonly field: Field; readonly values: readonly (string | number)[] };

/** The equalities of an `or`, together for each field, and what is left of it. */
export function gathered(filter: Extract<Filter, { parts: readonly Filter[] }>): {
  readonly lists: readonly ValueList[];
  readonly rest: readonly Filter[];
} {
  if (filter.op !== "or") return { lists: [], rest: filter.parts };
  const lists = new Map<string, { field: Field; values: (string | number)[] }>();
  const rest: Filter[] = [];
  for (const part of filter.parts) {
    const value = part.op === "eq" ? columnValue(part.literal) : null;
    if (part.op !== "eq" || value === null) {
      rest.push(part);
      continue;
    }
    const name = JSON.stringify(part.field);
    const list = lists.get(name) ?? { field: part.field, values: [] };
    list.values.push(value);
    lists.set(name, list);
  }
  return { lists: [...lists.values()], rest };
}
