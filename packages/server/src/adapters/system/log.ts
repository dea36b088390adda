// The operator's log: one JSON object a line. Errors keep their stack and cause; nobody passes secrets in.
import type { Log } from "@malachite/core";

export type LogLevel = "info" | "warn" | "error" | "silent";
const RANK: Readonly<Record<LogLevel, number>> = { info: 0, warn: 1, error: 2, silent: 3 };

type Fields = Readonly<Record<string, unknown>>;

export type OperatorLog = Log & {
  level: LogLevel;
  /** Gives what every line has besides. */
  also: () => Fields;
  /** Writes everything, or again what it was made for. */
  turn(): void;
  /** Writes a line that was asked for by a setting of its own, whatever the level is. */
  always(event: string, fields: Fields): void;
};

/** Writes what is at least as grave as `level`, which may change. */
export function createLog(level: LogLevel, write: (line: string) => void): OperatorLog {
  const line = (at: LogLevel, event: string, fields: Fields) =>
    write(
      `${JSON.stringify({ time: new Date().toISOString(), level: at, event, ...log.also(), ...fields })}\n`,
    );
  const log: OperatorLog = {
    level,
    also: () => ({}),
    turn() {
      log.level = log.level === "info" ? level : "info";
      log.always("logLevel", { now: log.level });
    },
    always: (event, fields) => line("info", event, fields),
    info: (event, fields = {}) => say("info", event, fields),
    warn: (event, fields = {}) => say("warn", event, fields),
    error: (event, error, fields) => say("error", event, { ...fields, error: told(error) }),
  };
  const say = (at: LogLevel, event: string, fields: Fields) => {
    if (RANK[at] >= RANK[log.level]) line(at, event, fields);
  };
  return log;
}

const told = (error: unknown): unknown =>
  error instanceof Error
    ? {
        name: error.name,
        message: error.message,
        stack: error.stack,
        ...(error.cause === undefined ? {} : { cause: told(error.cause) }),
      }
    : String(error);
