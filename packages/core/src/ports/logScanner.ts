// Reads logs of any size for people: counts their lines, shows some of them, searches and compares. Away from the event loop, with
// constant memory.
import type { malachite } from "@malachite/contract";
import type { LogPlace } from "../domain/launch/logPlace.ts";
import type { OpenFile } from "./openFile.ts";

/** A log, and the place up to which it must still be what it was. */
export type ScannedLog = { readonly file: OpenFile; readonly since?: LogPlace | undefined };

/** What an answer says of the file beside its path, which only the asker knows. */
export type Scanned<T> = Omit<T, "path" | "live" | "runId">;

export type LinesAsk = {
  /** From 1 on; below 0 counted from the end. */
  readonly line: number;
  readonly count: number;
  /** So many bytes of a line are shown at most. */
  readonly clip: number;
};

export type LogSearch = {
  readonly text: string;
  readonly regex: boolean;
  readonly ignoreCase: boolean;
  readonly backward: boolean;
  /** Absent: the end that is behind. */
  readonly from?: number | undefined;
  readonly limit: number;
  /** Goes on counting behind the last match that is told. */
  readonly count: boolean;
};

export type LogComparison = Scanned<Omit<malachite.LogDivergence, "left" | "right">> & {
  readonly left: Scanned<malachite.LogSide>;
  readonly right: Scanned<malachite.LogSide>;
};

/**
 * Every answer is of one version of the file, as large as it says; what is written behind that meanwhile is left out. All throw
 * FileChanged for a log that is not what it was at `since`, or that is replaced, cut or rewritten while it is read.
 */
export interface LogScanner {
  /** Goes on where the last look at the file ended. */
  index(log: ScannedLog, signal: AbortSignal): Promise<Scanned<malachite.LogIndex>>;
  lines(log: ScannedLog, ask: LinesAsk, signal: AbortSignal): Promise<Scanned<malachite.LogLines>>;
  /** Throws BadPattern for an expression that is broken, or that takes too long on a line. */
  search(log: ScannedLog, ask: LogSearch, signal: AbortSignal): Promise<Scanned<malachite.LogMatches>>;
  findError(log: ScannedLog, signal: AbortSignal): Promise<Scanned<malachite.LogErrorSearch>>;
  compare(
    left: ScannedLog,
    right: ScannedLog,
    ask: { readonly ignore: readonly (typeof malachite.LOG_IGNORES)[number][]; readonly context: number },
    signal: AbortSignal,
  ): Promise<LogComparison>;
}
