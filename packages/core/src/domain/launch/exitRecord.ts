// Reads the exit record that the start script leaves. The file lies where the run can write, so nothing in it is trusted.

/** How a command ended, as its start script wrote it. Instants are milliseconds since 1970 UTC. */
export type ExitReport = {
  /** The exit code; null when a signal ended the command. */
  readonly code: number | null;
  /** `SIGKILL`, or `SIG` and a number where the system has no name for it. */
  readonly signal?: string;
  /** Present when a process of the run was killed for memory and the command did not end with 0. */
  readonly outOfMemory?: boolean;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Why the command could not be started at all; `stage`: what was being done for it. */
  readonly failure?: string;
  readonly stage?: "environment";
};

/** Longer ones say nothing more: the start script writes one sentence, a courier the last words of a tool. */
const FAILURE_LETTERS = 1500;

/** An exit record is never longer; a longer file is none. */
export const EXIT_RECORD_MAX_BYTES = 4096;

/** The record in the text, or undefined when it is not one. Never throws. */
export function parseExitRecord(text: string): ExitReport | undefined {
  if (text.length > EXIT_RECORD_MAX_BYTES) return undefined;
  const value = parseObject(text);
  if (value === undefined) return undefined;
  const code = value.code;
  if (code !== null && !(Number.isInteger(code) && 0 <= (code as number) && (code as number) <= 255)) {
    return undefined;
  }
  const signal =
    typeof value.signal === "string" && /^SIG[A-Z0-9+-]{1,16}$/.test(value.signal) ? value.signal : undefined;
  if (code === null && signal === undefined) return undefined;
  return {
    code: code as number | null,
    ...(signal !== undefined && { signal }),
    ...(value.outOfMemory === true && { outOfMemory: true }),
    ...(isInstant(value.startedAt) && { startedAt: value.startedAt }),
    ...(isInstant(value.endedAt) && { endedAt: value.endedAt }),
    ...(value.stage === "environment" && { stage: value.stage }),
    ...(typeof value.failure === "string" && { failure: value.failure.slice(0, FAILURE_LETTERS) }),
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Half written, or overwritten by the run: no record.
    return undefined;
  }
}

const isInstant = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
