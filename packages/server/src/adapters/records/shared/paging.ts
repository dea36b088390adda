// Pages by position: the order values of the last record and its number, never an offset, so new records disturb no page.
import { createHash } from "node:crypto";
import { MalachiteError, type Order, type Page } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";

/** One value that a list is ordered by. */
export type Term = {
  /** Served by an index where there is one. */
  readonly value: RawBuilder<string | number | null>;
  readonly nullable: boolean;
  readonly descending: boolean;
};

export type Position = readonly (string | number | null)[];

const MOST = 1_000;

/** Between 1 and 1,000. */
export const pageSize = (limit: number): number => Math.min(MOST, Math.max(1, Math.trunc(limit) || 1));

/** The terms of the order, and behind them the record's number, which settles what is equal in all of them. */
export function withNumber(terms: readonly Term[], no: RawBuilder<number>): readonly Term[] {
  const descending = terms.at(-1)?.descending ?? true;
  return [...terms, { value: no, nullable: false, descending }];
}

/** `order by …`; a missing value is less than any other, on every database. */
export const orderBy = (terms: readonly Term[]): RawBuilder<unknown> =>
  sql.join(
    terms.map(({ value, nullable, descending }) => {
      const nulls = nullable ? (descending ? sql` nulls last` : sql` nulls first`) : sql``;
      return sql`${value} ${descending ? sql`desc` : sql`asc`}${nulls}`;
    }),
  );

/** What comes after the position. One comparison of rows where an index can serve it. */
export function isAfter(terms: readonly Term[], position: Position): RawBuilder<SqlBool> {
  const [first] = terms;
  if (terms.every((term) => !term.nullable && term.descending === first?.descending)) {
    const sign = first?.descending ? sql`<` : sql`>`;
    return sql<SqlBool>`(${sql.join(terms.map((term) => term.value))}) ${sign} (${sql.join(position)})`;
  }
  const ways = terms.map((term, i) => {
    const same = terms
      .slice(0, i)
      .map((t, j) => sql<SqlBool>`${t.value} is not distinct from ${position[j] ?? null}`);
    return sql<SqlBool>`(${sql.join([...same, termAfter(term, position[i] ?? null)], sql` and `)})`;
  });
  return sql<SqlBool>`(${sql.join(ways, sql` or `)})`;
}

function termAfter({ value, nullable, descending }: Term, last: string | number | null): RawBuilder<SqlBool> {
  if (last === null) return descending ? sql<SqlBool>`1 = 0` : sql<SqlBool>`${value} is not null`;
  if (!descending) return sql<SqlBool>`${value} > ${last}`;
  return nullable ? sql<SqlBool>`(${value} < ${last} or ${value} is null)` : sql<SqlBool>`${value} < ${last}`;
}

/** What makes two lists the same list: a token of one means nothing to another. */
export const listName = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 16);

/** The position as text for clients. */
export const printToken = (list: string, position: Position): string =>
  Buffer.from(JSON.stringify([1, list, ...position])).toString("base64url");

/** Throws BadContinuationToken for a text that this list did not make. */
export function parseToken(list: string, token: string, values: number): Position {
  const refused = new MalachiteError(
    "BadContinuationToken",
    "The continuation token was not made by this list. Send it with the filter and the order it came from, or begin without one.",
    { target: "continuationToken" },
  );
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    throw refused; // Not even JSON: nothing in the cause helps anyone.
  }
  if (!Array.isArray(read)) throw refused;
  const [version, name, ...position] = read as unknown[];
  const valid = position.every(
    (value) => value === null || typeof value === "string" || typeof value === "number",
  );
  if (version !== 1 || name !== list || position.length !== values || !valid) throw refused;
  if (typeof position.at(-1) !== "number") throw refused;
  return position as Position;
}

/** Rows, one more than asked for, as a page. The columns `s0`, `s1`… of a row are its position. */
export function pageOf<R extends object, T>(
  rows: readonly R[],
  limit: number,
  list: string,
  terms: number,
  read: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1) as Readonly<Record<string, string | number | null>> | undefined;
  const next =
    rows.length > limit && last
      ? printToken(
          list,
          Array.from({ length: terms }, (_, i) => last[`s${i}`] ?? null),
        )
      : undefined;
  return { values: shown.map(read), ...(next === undefined ? {} : { next }) };
}

/** The columns that `pageOf` reads positions from. */
export const positionColumns = (terms: readonly Term[]): RawBuilder<unknown> =>
  sql.join(terms.map(({ value }, i) => sql`${value} as ${sql.ref(`s${i}`)}`));

/** The order, or newest first. */
export const orOrder = (order: readonly Order[] | undefined, newest: Order): readonly Order[] =>
  order && order.length > 0 ? order : [newest];
