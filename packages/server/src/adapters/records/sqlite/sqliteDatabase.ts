// One connection to the database file. Synchronous: only ever used in a worker.
import { chmodSync, existsSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { CompiledQuery } from "kysely";
import type { Executor, Take } from "../shared/executor.ts";
import { sqliteBuilder, sqliteDialect } from "./sqliteDialect.ts";

/** Lists have many shapes; so many statements are kept ready, those used last. */
const KEPT_STATEMENTS = 256;
/** The function that a scan calls with each row: it costs a third of what making a row for the program costs. */
const TAKE = "malachite_take";
/** How long to wait for another process that holds a lock, for example one that makes a backup. */
const BUSY_MS = 10_000;
const CACHE_KIB = { writer: 32_768, reader: 16_384 } as const;
/** The log is cut back to this after a burst. */
const LOG_BYTES = 64 * 1024 * 1024;

/** Variables of runs are in it, and the folder may be one that others read. What the log makes anew takes the mode of the file. */
function keepToOwner(file: string): void {
  for (const part of [file, `${file}-wal`, `${file}-shm`]) {
    try {
      if (existsSync(part)) chmodSync(part, 0o600);
    } catch {
      // It is somebody else's, who says who reads it.
    }
  }
}

export class SqliteDatabase implements Executor {
  readonly build = sqliteBuilder;
  readonly dialect = sqliteDialect;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #take: Take = () => {};

  /** Opens the file; a writer makes it if there is none. Every commit of a writer is on disk when it returns. */
  constructor(file: string, role: "writer" | "reader") {
    this.#db = new DatabaseSync(file, { readOnly: role === "reader", timeout: BUSY_MS, defensive: true });
    this.#db.exec(`pragma cache_size = -${CACHE_KIB[role]}; pragma trusted_schema = off;`);
    this.#db.function(TAKE, { varargs: true, directOnly: true }, (...values) => {
      this.#take(...(values as (number | string | null)[]));
      return null;
    });
    if (role === "reader") return;
    keepToOwner(file);
    const mode = this.#db.prepare("pragma journal_mode = wal").get()?.journal_mode;
    if (mode !== "wal")
      throw new Error(
        `the file system cannot keep a write-ahead log (journal mode ${mode}); use a local disk`,
      );
    this.#db.exec(
      `pragma synchronous = full; pragma foreign_keys = on; pragma journal_size_limit = ${LOG_BYTES};`,
    );
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** Runs a statement that answers nothing: begin, commit, savepoint. */
  exec(text: string): void {
    this.#statement(text).run();
  }

  async all<T>(query: CompiledQuery<T>): Promise<readonly T[]> {
    return this.#statement(query.sql).all(...(query.parameters as SQLInputValue[])) as T[];
  }

  async lists(query: CompiledQuery): Promise<readonly (readonly unknown[])[]> {
    const statement = this.#statement(query.sql);
    statement.setReturnArrays(true);
    try {
      return statement.all(...(query.parameters as SQLInputValue[])) as unknown as unknown[][];
    } finally {
      statement.setReturnArrays(false);
    }
  }

  async scan(query: CompiledQuery, columns: readonly string[], take: Take): Promise<void> {
    const names = columns.map((name) => `"${name}"`).join(", ");
    this.#take = take;
    try {
      this.#statement(`select count(${TAKE}(${names})) from (${query.sql})`).get(
        ...(query.parameters as SQLInputValue[]),
      );
    } finally {
      this.#take = () => {};
    }
  }

  async each(text: string, parameters: readonly (readonly unknown[])[]): Promise<readonly number[]> {
    const statement = this.#statement(text);
    return parameters.map((values) => Number(statement.run(...(values as SQLInputValue[])).changes));
  }

  #statement(text: string): StatementSync {
    const kept = this.#statements.get(text);
    if (kept) {
      this.#statements.delete(text);
      this.#statements.set(text, kept);
      return kept;
    }
    const made = this.#db.prepare(text);
    this.#statements.set(text, made);
    if (this.#statements.size > KEPT_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      this.#statements.delete(oldest as string);
    }
    return made;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}
