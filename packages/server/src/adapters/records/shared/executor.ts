// What a statement needs of its database: a builder for it and a way to run what was built. One for each database.
import type { CompiledQuery, Kysely, RawBuilder, SqlBool } from "kysely";
import type { Database } from "./schema.ts";

/** The few places where databases differ. */
export type Dialect = {
  /** A column as an expression that no index serves, so that the planner of the list decides which index is used. */
  noIndex<T>(column: RawBuilder<T>): RawBuilder<T>;
  /** The text under `key` of a JSON object, or of its member `map`; null when there is none. */
  label(
    json: RawBuilder<string>,
    map: "tags" | "properties" | undefined,
    key: string,
  ): RawBuilder<string | null>;
  /** True where the text matches a pattern in which `%` is any text and `_` any character; `ilike` does not mind case. */
  like(value: RawBuilder<string | number | null>, pattern: string): RawBuilder<SqlBool>;
  ilike(value: RawBuilder<string | number | null>, pattern: string): RawBuilder<SqlBool>;
  /** Whether a text has another in it, at its beginning or at its end, minding case; null for a missing one. */
  test(
    op: "contains" | "startswith" | "endswith",
    value: RawBuilder<string | number | null>,
    text: string,
  ): RawBuilder<SqlBool>;
  /** `item` where the JSON array at `path` (member names) of a JSON object has it as a text; null where it has not. */
  listed(json: RawBuilder<string>, path: readonly string[], item: string): RawBuilder<string | null>;
  /** The text at a member of a JSON object; null when there is none. */
  member(json: RawBuilder<string>, name: string): RawBuilder<string | null>;
  /** The number at a path of member names of a JSON object; null when there is none. */
  number(json: RawBuilder<string>, path: readonly string[]): RawBuilder<number | null>;
  /** A value that is compared with a column of its kind; a number with any column of numbers, whole or not. */
  constant(value: string | number | null): RawBuilder<string | number | null>;
  /** The items of a JSON array of texts, or of whole numbers, as a table with one column, `value`. */
  texts(list: RawBuilder<string>): RawBuilder<unknown>;
  numbers(list: RawBuilder<string>): RawBuilder<unknown>;
  /** Words of table definitions. */
  readonly types: {
    /** A whole number that the database counts up by itself, as primary key. */
    readonly counter: string;
    readonly integer: string;
    /** A double; holds the infinities. */
    readonly real: string;
    /** Compared by code point. */
    readonly text: string;
    /** Behind a table that is kept in order of its primary key, where the database can. */
    readonly ordered: string;
  };
};

export type Take = (...values: readonly (number | string | null)[]) => void;

export interface Executor {
  readonly build: Kysely<Database>;
  readonly dialect: Dialect;
  /**
   * Runs inside the transaction that the caller has opened. The statements are written for serializable transactions: nothing
   * else writes between the first and the last of them.
   */
  all<T>(query: CompiledQuery<T>): Promise<readonly T[]>;
  /** The rows as lists, in the order of the columns: half the work where there are very many. */
  lists(query: CompiledQuery): Promise<readonly (readonly unknown[])[]>;
  /** Gives each row's columns of these names to `take`, in order, and keeps none: a million rows are no million objects. */
  scan(query: CompiledQuery, columns: readonly string[], take: Take): Promise<void>;
  /** Runs a statement that answers nothing once for each list of parameters, in order; how many rows each has changed. */
  each(text: string, parameters: readonly (readonly unknown[])[]): Promise<readonly number[]>;
}
