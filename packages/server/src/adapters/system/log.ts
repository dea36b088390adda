// The operator's log: one JSON object a line. Errors keep their stack and cause; nobody passes secrets in.
import type { Log } from "@malachite/core";

export type LogLevel = "info" | "warn" | "error" | "silent";
const RANK: Readonly<Record<LogLevel, number>> = { info: 0, warn: 1, error: 2, silent: 3 };

/** Writes what is at least as grave as `level`. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const say = (
    at: Exclude<LogLevel, "silent">,
    event: string,
    fields: Readonly<Record<string, unknown>> = {},
  ) => {
    if (RANK[at] >= RANK[level])
      write(`${JSON.stringify({ time: new Date().toISOString(), level: at, event, ...fields })}\n`);
  };
  return {
    info: (event, fields) => say("info", event, fields),
    warn: (event, fields) => say("warn", event, fields),
    error: (event, error, fields) => say("error", event, { ...fields, error: told(error) }),
  };
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
