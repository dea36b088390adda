// The logs of a run, of any size: the server reads them, and sends what is to be shown. Malachite only.
import type { LogDivergence, LogErrorSearch, LogFile, LogIndex, LogLines, LogMatches } from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { OperationOptions } from "./options.ts";
import type { PathParameters } from "./transport/address.ts";
import type { Transport } from "./transport/transport.ts";

export type ListLogsOptions = OperationOptions;
export interface LogOptions extends OperationOptions {
  /** The log. Default: the one that speaks for the whole run. */
  path?: string;
  /**
   * The `place` of an earlier answer: RestError with statusCode 409 and the code FileChanged when the log is not that one any more.
   * Then begin anew. That it has grown is no change.
   */
  since?: string;
}
export interface LogLinesAtOptions extends LogOptions {
  /** The first line, from 1 on; below 0 counted from the end, so that -100 begins a hundred lines before it. Default: 1. */
  line?: number;
  /** How many lines. Default: 200; at most 2000. */
  count?: number;
  /** So many bytes of a line at most. Default: 4096. */
  clip?: number;
}
export interface SearchLogOptions extends LogOptions {
  /** The text is a regular expression. Default: false. */
  regex?: boolean;
  /** Default: false. */
  ignoreCase?: boolean;
  /** Towards the beginning: the last match comes first. Default: false. */
  backward?: boolean;
  /** The byte to begin at. Default: the beginning, or the end when the search goes backward. */
  from?: number;
  /** How many matches to tell. Default: 100; at most 1000. */
  limit?: number;
  /** Counts on behind the last match that is told. Default: false. */
  count?: boolean;
}
export interface CompareLogsOptions extends LogOptions {
  /** The run of the other log. Default: this one. */
  otherRunId?: string;
  /** The other log. Default: the same path. */
  otherPath?: string;
  otherSince?: string;
  /** What need not be the same: `times` (and dates), `numbers` (pids and addresses too). Default: nothing. */
  ignore?: readonly ("times" | "numbers")[];
  /** Lines to tell before and after. Default: 5. */
  context?: number;
}

export class RunLogs {
  readonly #transport: Transport;
  readonly #path: PathParameters;

  /** @internal Made by RunClient. */
  constructor(transport: Transport, path: PathParameters) {
    this.#transport = transport;
    this.#path = path;
  }

  /** The logs there are, kept and growing: the main one first, then by rank. */
  async list(options: ListLogsOptions = {}): Promise<LogFile[]> {
    const call = { path: this.#path, retry: "always", options } as const;
    return (await this.#transport.json<{ value: LogFile[] }>(operations.listLogs, call)).value;
  }

  /** How many lines a log has, and where some of them begin. Throws RestError, 404, for a log that is not there (yet). */
  index(options: LogOptions = {}): Promise<LogIndex> {
    const { path, since } = options;
    return this.#ask(operations.getLogIndex, { path, since }, options);
  }

  /** Some lines by their numbers, wherever in the log they are. */
  lines(options: LogLinesAtOptions = {}): Promise<LogLines> {
    const { path, since, line, count, clip } = options;
    return this.#ask(operations.getLogLines, { path, since, line, count, clip }, options);
  }

  /**
   * Lines that have the text. One call looks for two seconds at most: while the answer has a `next`, there is more to search, from
   * there on (`searchAll` does that). Throws RestError, 400, with the code BadPattern for an expression that is wrong.
   */
  search(text: string, options: SearchLogOptions = {}): Promise<LogMatches> {
    const { path, since, regex, ignoreCase, backward, from, limit, count } = options;
    const query = { path, since, text, regex, ignoreCase, backward, from, limit, count };
    return this.#ask(operations.searchLog, query, options);
  }

  /** The same to the end: one answer after the other, all of the same version of the log. Leaving the loop ends it. */
  async *searchAll(
    text: string,
    options: SearchLogOptions = {},
  ): AsyncGenerator<LogMatches, void, undefined> {
    let ask = options;
    for (;;) {
      const found = await this.search(text, ask);
      yield found;
      if (found.next === undefined) return;
      ask = { ...options, from: found.next, since: found.place };
    }
  }

  /** The line where the last trouble of the log begins: its traceback, its error, what killed it. */
  findError(options: LogOptions = {}): Promise<LogErrorSearch> {
    const { path, since } = options;
    return this.#ask(operations.findLogError, { path, since }, options);
  }

  /** The first line in which a log of this run and another log differ. */
  compare(options: CompareLogsOptions = {}): Promise<LogDivergence> {
    const { path, since, otherRunId, otherPath, otherSince, ignore, context } = options;
    const query = { path, since, otherRunId, otherPath, otherSince, ignore, context };
    return this.#ask(operations.compareLogs, query, options);
  }

  #ask<T>(
    operation: Parameters<Transport["json"]>[0],
    query: NonNullable<Parameters<Transport["json"]>[1]["query"]>,
    options: OperationOptions,
  ): Promise<T> {
    return this.#transport.json(operation, { path: this.#path, query, retry: "always", options });
  }
}
