// One connection to the server, and the statements that are prepared on it. Only ever used in a worker.
import type { CompiledQuery } from "kysely";
import type pg from "pg";
import type { Executor, Take } from "../shared/executor.ts";
import type { DatabaseAddress } from "./address.ts";
import { clientOf, cut } from "./client.ts";
import { type Asked, Exchange, type Prepared, type Row } from "./exchange.ts";
import { ConnectionLost, isForAgain, Unfit } from "./faults.ts";
import { postgresBuilder, postgresDialect } from "./postgresDialect.ts";

/** Lists have many shapes; so many statements are kept ready, those used last. */
const KEPT_STATEMENTS = 256;
const LEAST_VERSION = 130_000;

/** What a session is for. How lists are read is chosen here and not left to the database: it joins as it is told, see runPlans.ts. */
export type Purpose = "write" | "read";

const COMMON = [
  "jit = off",
  "join_collapse_limit = 1",
  "from_collapse_limit = 1",
  "standard_conforming_strings = on",
  "client_min_messages = error",
  "extra_float_digits = 1",
  // The server must see soon that this machine is gone, and free what its transaction holds.
  "tcp_keepalives_idle = 10",
  "tcp_keepalives_interval = 5",
  "tcp_keepalives_count = 3",
];
const SETTINGS: Readonly<Record<Purpose, readonly string[]>> = {
  write: [
    ...COMMON,
    "synchronous_commit = on",
    "idle_in_transaction_session_timeout = 5000",
    "lock_timeout = 8000",
    "statement_timeout = 60000",
  ],
  read: [
    ...COMMON,
    "default_transaction_read_only = on",
    "statement_timeout = 120000",
    "max_parallel_workers_per_gather = 0",
    "plan_cache_mode = force_custom_plan",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "enable_seqscan = off",
    "enable_bitmapscan = off",
  ],
};

const ANSWERS_NOTHING = /^\s*(insert|update|delete)\b/i;
const RETURNS = /\breturning\b/i;

/** Commands that ride along with the next statement. */
export type Command = "begin" | "savepoint one" | "release one" | "rollback to one";
const COMMANDS: readonly Command[] = ["begin", "savepoint one", "release one", "rollback to one"];

export class Session implements Executor {
  readonly build = postgresBuilder;
  readonly dialect = postgresDialect;
  readonly #client: pg.Client;
  readonly #statements = new Map<string, Prepared>();
  readonly #commands = new Map<Command, Prepared>();
  readonly #limitMs: number;
  #closing: string[] = [];
  #pending: { readonly text: string; readonly asked: Asked }[] = [];
  #names = 0;
  #lost: ConnectionLost | undefined;
  /**
   * Writes that answer nothing wait for the next statement and go with it: half of what a record takes are such. Then what is wrong
   * with one is told to whoever asks next, so this is for transactions that are run again with care when anything goes wrong.
   */
  isLazy = false;
  /** Whether a statement that changes something was sent since `begin`. */
  wrote = false;

  private constructor(client: pg.Client, limitMs: number) {
    this.#client = client;
    this.#limitMs = limitMs;
    client.on("error", (error) => this.#lose(error));
    client.on("end", () => this.#lose(new Error("the server has closed the connection")));
  }

  /** Connects. An answer that takes longer than `limitMs` is given up, and the connection with it. */
  static async open(address: DatabaseAddress, purpose: Purpose, limitMs: number): Promise<Session> {
    const client = clientOf(address, "malachite");
    const session = new Session(client, limitMs);
    try {
      await client.connect();
      const settings = [...SETTINGS[purpose], `search_path = ${address.schema}`];
      await client.query(settings.map((setting) => `set ${setting}`).join("; "));
      await session.#check();
      for (const text of COMMANDS) session.#commands.set(text, await session.#prepare(text));
      return session;
    } catch (error) {
      session.drop();
      throw error;
    }
  }

  async #check(): Promise<void> {
    const { rows } = await this.#client.query<{ version: number; encoding: string }>(
      "select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding",
    );
    const { version = 0, encoding = "" } = rows[0] ?? {};
    if (version < LEAST_VERSION)
      throw new Unfit(`PostgreSQL 13 or newer is needed; this is ${Math.floor(version / 10_000)}`);
    if (encoding !== "UTF8")
      throw new Unfit(
        `the encoding of the database must be UTF8; it is ${encoding}. Make it with TEMPLATE template0 ENCODING 'UTF8'`,
      );
  }

  async #prepare(text: string): Promise<Prepared> {
    const statement = this.#statement(text);
    // Never forgotten: it is sent without a look into the list.
    this.#statements.delete(text);
    await this.#send({ statement, parameters: [] });
    return statement;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** The command is sent before the next statement. */
  before(command: Command): void {
    const statement = this.#commands.get(command) as Prepared;
    this.#pending.push({ text: command, asked: { statement, parameters: [[]] } });
  }

  /** Runs a command at once, with all that was to go before it. False where the server rolled back instead. */
  async command(text: "commit" | "rollback"): Promise<boolean> {
    if (text === "rollback") this.#pending = [];
    const [count] = await this.#run(text, [[]]);
    return text === "rollback" || count !== -1;
  }

  /** Text of any kind and number of statements, as migrations and a start need it. */
  async simple(text: string): Promise<void> {
    await this.#guarded(this.#client.query(text), 0);
  }

  async all<T>({ sql, parameters }: CompiledQuery<T>): Promise<readonly T[]> {
    if (this.isLazy && ANSWERS_NOTHING.test(sql) && !RETURNS.test(sql)) {
      this.wrote = true;
      this.#pending.push({ text: sql, asked: { statement: this.#statement(sql), parameters: [parameters] } });
      return [];
    }
    const rows: T[] = [];
    await this.#run(sql, [parameters], (cells, columns) => {
      const row: Record<string, unknown> = {};
      for (const [i, { name, read }] of columns.entries()) {
        const cell = cells[i] ?? null;
        row[name] = cell === null ? null : read(cell);
      }
      rows.push(row as T);
    });
    return rows;
  }

  async lists({ sql, parameters }: CompiledQuery): Promise<readonly (readonly unknown[])[]> {
    const rows: unknown[][] = [];
    await this.#run(sql, [parameters], (cells, columns) => {
      rows.push(cells.map((cell, i) => (cell === null ? null : columns[i]?.read(cell))));
    });
    return rows;
  }

  async scan({ sql, parameters }: CompiledQuery, names: readonly string[], take: Take): Promise<void> {
    let places: readonly number[] | undefined;
    const values: (number | string | null)[] = names.map(() => null);
    await this.#run(sql, [parameters], (cells, columns) => {
      places ??= names.map((name) => columns.findIndex((column) => column.name === name));
      for (const [i, place] of places.entries()) {
        const cell = cells[place] ?? null;
        values[i] = cell === null ? null : (columns[place]?.read(cell) as number | string);
      }
      take(...values);
    });
  }

  async each(text: string, parameters: readonly (readonly unknown[])[]): Promise<readonly number[]> {
    return parameters.length === 0 ? [] : this.#run(text, parameters);
  }

  async #run(text: string, parameters: Asked["parameters"], row?: Row): Promise<readonly number[]> {
    if (!/^\s*(select|commit|rollback)/i.test(text)) this.wrote = true;
    const before = this.#pending;
    this.#pending = [];
    const statement = this.#statement(text);
    try {
      return await this.#send({ statement, parameters, ...(row ? { row } : {}) }, before);
    } catch (error) {
      // Which names the server knows now is not known; others will be taken.
      for (const one of [...before, { text, asked: { statement } }])
        if (!this.#commands.has(one.text as Command)) this.#forget(one.text, one.asked.statement);
      if (isForAgain(error)) for (const [other, kept] of [...this.#statements]) this.#forget(other, kept);
      throw error;
    }
  }

  async #send(asked: Asked, before: readonly { readonly asked: Asked }[] = []): Promise<readonly number[]> {
    if (this.#lost) throw this.#lost;
    const exchange = new Exchange(
      before.map((one) => one.asked),
      asked,
      this.#closing,
    );
    this.#closing = [];
    this.#client.query(exchange as unknown as pg.Submittable);
    return this.#guarded(exchange.done, this.#limitMs);
  }

  /** A server that has fallen silent is given up. */
  async #guarded<T>(answer: Promise<T>, limitMs: number): Promise<T> {
    if (limitMs === 0) return answer;
    const timer = setTimeout(() => {
      this.#lose(new Error(`no answer for ${limitMs / 1000} seconds`));
      this.drop();
    }, limitMs);
    try {
      return await answer;
    } catch (error) {
      throw this.#lost ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  #statement(text: string): Prepared {
    const kept = this.#statements.get(text);
    if (kept) {
      this.#statements.delete(text);
      this.#statements.set(text, kept);
      return kept;
    }
    this.#names += 1;
    const made: Prepared = { name: `m${this.#names}`, text, isPrepared: false };
    this.#statements.set(text, made);
    if (this.#statements.size > KEPT_STATEMENTS) {
      const [oldest] = this.#statements.entries();
      if (oldest) this.#forget(...oldest);
    }
    return made;
  }

  #forget(text: string, { name }: Prepared): void {
    this.#statements.delete(text);
    this.#closing.push(name);
  }

  #lose(error: Error): void {
    this.#lost ??= new ConnectionLost(error.message, { cause: error });
  }

  /** Ends the connection without a word, whatever it is doing. */
  drop(): void {
    this.#lose(new Error("the connection was closed"));
    cut(this.#client);
  }

  /** Says good-bye to the server. */
  async close(): Promise<void> {
    if (this.#lost) return;
    await this.#client.end().catch(() => {}); // It is gone either way.
  }
}
