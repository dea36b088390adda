// SQLite's words, and a kysely that only builds: sqliteDatabase.ts runs what it built.
import {
  DummyDriver,
  Kysely,
  type RawBuilder,
  type SqlBool,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from "kysely";
import type { Dialect } from "../shared/executor.ts";
import type { Database } from "../shared/schema.ts";

export const sqliteDialect: Dialect = {
  // A unary plus is SQLite's documented way to keep a column from its indexes.
  noIndex: <T>(column: RawBuilder<T>) => sql<T>`+${column}`,
  label: (json, map, key) =>
    sql<
      string | null
    >`(select coalesce(label.value, '') from json_each(${json}${map ? sql`, ${`$.${map}`}` : sql``}) as label where label.key = ${key})`,
  // SQLite's own `like` minds no case; its `glob` does, with other signs for the same.
  like: (value, pattern) => sql<SqlBool>`${value} glob ${globOf(pattern)}`,
  ilike: (value, pattern) => sql<SqlBool>`${value} like ${pattern}`,
  test: (op, value, text) => {
    if (text === "") return sql<SqlBool>`${value} is not null`;
    if (op === "contains") return sql<SqlBool>`instr(${value}, ${text}) > 0`;
    return op === "startswith"
      ? sql<SqlBool>`substr(${value}, 1, length(${text})) = ${text}`
      : sql<SqlBool>`substr(${value}, -length(${text})) = ${text}`;
  },
  listed: (json, path, item) =>
    sql<
      string | null
    >`(select item.value from json_each(${json}, ${`$.${path.join(".")}`}) as item where item.value = ${item} limit 1)`,
  member: (json, name) => sql<string | null>`json_extract(${json}, ${`$.${name}`})`,
  number: (json, path) => sql<number | null>`json_extract(${json}, ${`$.${path.join(".")}`})`,
  constant: (value) => sql`${value}`,
  texts: (list) => sql`json_each(${list})`,
  numbers: (list) => sql`json_each(${list})`,
  types: {
    counter: "integer primary key",
    integer: "integer",
    real: "real",
    text: "text",
    ordered: " without rowid",
  },
};

const globOf = (pattern: string): string =>
  pattern.replace(/[*?[%_]/g, (sign) => (sign === "%" ? "*" : sign === "_" ? "?" : `[${sign}]`));

/** One builder serves every connection of the process: it holds nothing. */
export const sqliteBuilder = new Kysely<Database>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
