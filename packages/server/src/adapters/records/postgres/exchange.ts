// One question to the server and its answer: commands, writes that answer nothing, then one statement, all in one message.
// For pg's client a query of its own kind; it sends nothing else until this is answered.
import type { Connection } from "pg";
import { readable, writable } from "./texts.ts";

/** A statement that a connection has prepared, or is about to. */
export type Prepared = {
  readonly name: string;
  readonly text: string;
  /** What it answers; undefined until it is prepared, and for one that answers no rows. */
  columns?: readonly Column[];
  /** Taken back where what prepared it has failed. */
  isPrepared: boolean;
};
export type Column = { readonly name: string; readonly read: (text: string) => unknown };
export type Row = (cells: readonly (string | null)[], columns: readonly Column[]) => void;

/** Of a statement: its parameters for each time it is run, and who takes its rows. */
export type Asked = {
  readonly statement: Prepared;
  readonly parameters: readonly (readonly unknown[])[];
  readonly row?: Row;
};

const OF_NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const BOOLEAN = 16;
const readerOf = (type: number): Column["read"] =>
  OF_NUMBERS.has(type) ? Number : type === BOOLEAN ? (text) => (text === "t" ? 1 : 0) : readable;

type Message = { readonly text?: string; readonly fields?: unknown };

export class Exchange {
  /** How many rows each run has changed or found. */
  readonly done: Promise<readonly number[]>;
  readonly #before: readonly Asked[];
  readonly #asked: Asked;
  readonly #closing: readonly string[];
  readonly #settled = Promise.withResolvers<readonly number[]>();
  readonly #counts: number[] = [];
  /** What comes before the statement and is not yet answered. */
  #ahead: number;
  #failed: unknown;
  /** Set by pg's client. */
  callback = (): void => {};

  /** `closing`: names of prepared statements that the server may forget. */
  constructor(before: readonly Asked[], asked: Asked, closing: readonly string[]) {
    this.#before = before;
    this.#asked = asked;
    this.#closing = closing;
    this.#ahead = before.reduce((sum, { parameters }) => sum + parameters.length, 0);
    this.done = this.#settled.promise;
  }

  submit(connection: Connection): undefined {
    const { stream } = connection as unknown as { stream: { cork(): void; uncork(): void } };
    const send = connection as unknown as {
      parse(of: object): void;
      describe(of: object): void;
      bind(of: object): void;
      execute(of: object): void;
      close(of: object): void;
      sync(): void;
    };
    stream.cork();
    try {
      for (const name of this.#closing) send.close({ type: "S", name });
      for (const { statement, parameters } of [...this.#before, this.#asked]) {
        if (!statement.isPrepared) {
          send.parse({ name: statement.name, text: statement.text });
          // Only the last answers rows, so what is described is always its.
          if (statement === this.#asked.statement) send.describe({ type: "S", name: statement.name });
          statement.isPrepared = true;
        }
        for (const values of parameters) {
          send.bind({ statement: statement.name, values: values.map(written) });
          send.execute({});
        }
      }
      send.sync();
    } finally {
      stream.uncork();
    }
    return undefined;
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#asked.statement.columns = fields.map(({ name, dataTypeID }) => ({
      name,
      read: readerOf(dataTypeID),
    }));
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.#ahead > 0 || this.#failed !== undefined) return;
    try {
      this.#asked.row?.(fields, this.#asked.statement.columns ?? []);
    } catch (error) {
      // What takes the rows has failed, not the connection: the rest is read over.
      this.#failed = error;
    }
  }

  handleCommandComplete({ text = "" }: Message): void {
    if (this.#ahead > 0) this.#ahead -= 1;
    else this.#counts.push(Number(/\d+$/.exec(text)?.[0] ?? (text === "ROLLBACK" ? -1 : 0)));
  }

  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  handleError(error: unknown): void {
    this.#settled.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failed !== undefined) this.#settled.reject(this.#failed);
    else this.#settled.resolve(this.#counts);
  }
}

const written = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === "string" ? writable(value) : String(value);
