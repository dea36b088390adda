// Clauses and orders of an MLflow search as SQL that no index serves: searchRuns.ts decides which index is walked.
import { MalachiteError, type SearchClause, type SearchKey, type SearchOrder } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Dialect } from "../executor.ts";
import type { Term } from "../paging.ts";

type Value = RawBuilder<string | number | null>;

/** What a key of a search is in the database. */
export type Place = {
  /** One value, null where there is none. */
  readonly value: Value;
  /** True for what is never missing. */
  readonly always?: boolean;
  /** For numbers that may be NaN: 0 for a number, 1 for NaN, 2 where there is none; and the number within bounds. */
  readonly ranked?: { readonly rank: RawBuilder<number>; readonly value: RawBuilder<number | null> };
  /** How it is looked for, where that is more than a look at `value`: one of several, or by an index. */
  readonly where?: (clause: SearchClause, test: (value: Value) => RawBuilder<SqlBool>) => RawBuilder<SqlBool>;
};

/** Undefined for a key that cannot be searched or ordered by. */
export type Places = (key: SearchKey) => Place | undefined;

/** True exactly for what the clause holds for, as `SearchClause` defines it. Throws BadFilter. */
export function clauseSql(clause: SearchClause, places: Places, dialect: Dialect): RawBuilder<SqlBool> {
  const place = placeOf(clause.key, places, "filter");
  const test = (value: Value) => comparison(clause, value, dialect);
  const holds = place.where ? place.where(clause, test) : test(place.value);
  return holds;
}

function comparison({ comparator, value }: SearchClause, left: Value, dialect: Dialect): RawBuilder<SqlBool> {
  switch (comparator) {
    case "IS NULL":
      return sql<SqlBool>`${left} is null`;
    case "IS NOT NULL":
      return sql<SqlBool>`${left} is not null`;
    case "LIKE":
      return dialect.like(left, String(value));
    case "ILIKE":
      return dialect.ilike(left, String(value));
    case "IN":
      return sql<SqlBool>`${left} in (${sql.join((value as readonly string[]).map(dialect.constant))})`;
    case "NOT IN":
      return sql<SqlBool>`${left} not in (${sql.join((value as readonly string[]).map(dialect.constant))})`;
    case "!=":
      return sql<SqlBool>`${left} <> ${dialect.constant(value as string | number)}`;
    default:
      return sql<SqlBool>`${left} ${sql.raw(comparator)} ${dialect.constant(value as string | number)}`;
  }
}

/** The largest double: infinities are ordered as if they were it, since JSON, in which positions travel, has none. */
const LARGEST = Number.MAX_VALUE;

export const clamped = (value: number): number => Math.min(LARGEST, Math.max(-LARGEST, value));

export const finite = (column: RawBuilder<number | null>): RawBuilder<number | null> =>
  sql`case when ${column} > ${LARGEST} then ${LARGEST} when ${column} < ${-LARGEST} then ${-LARGEST} else ${column} end`;

/** What is missing last, a NaN before it, and the values in the direction that was asked for. */
export function orderTerms({ key, descending }: SearchOrder, places: Places): readonly Term[] {
  const { value, always, ranked } = placeOf(key, places, "order_by");
  const plain = { value, nullable: always !== true, descending };
  if (always) return [plain];
  const missing = sql<number>`case when ${value} is null then 1 else 0 end`;
  const first: Term = { value: ranked?.rank ?? missing, nullable: false, descending: false };
  return [first, ranked ? { ...plain, value: ranked.value } : plain];
}

function placeOf(key: SearchKey, places: Places, what: "filter" | "order_by"): Place {
  const found = places(key);
  if (found) return found;
  throw new MalachiteError(
    "BadFilter",
    `The ${what} names ${key.of}.${key.key.slice(0, 60)}, by which this list is not searched or ordered.`,
    { target: what },
  );
}
