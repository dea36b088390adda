// Reads what a group says of the process that failed first. The file lies where the run can write, so nothing in it is trusted.
import { EXIT_RECORD_MAX_BYTES } from "./exitRecord.ts";
import type { ProcessGroup } from "./launchPlan.ts";

/** Why a group ended before its time. `name` and `log` are those of the plan. */
export type GroupExit = {
  /** The process that failed, or the program that starts them all. */
  readonly name: string;
  readonly others: number;
  readonly log?: string;
  readonly code?: number;
  readonly signal?: string;
  /** Why it could not be started at all. */
  readonly failure?: string;
};

const LONGEST_FAILURE = 300;

/** The record in the text, or undefined when it is none of this group, or of what starts a single process. Never throws. */
export function parseGroupExit(text: string, group: ProcessGroup | undefined): GroupExit | undefined {
  if (text.length > EXIT_RECORD_MAX_BYTES) return undefined;
  const value = parse(text);
  if (value === undefined) return undefined;
  const processes = group?.processes ?? [];
  const failed = typeof value.index === "number" ? processes[value.index] : undefined;
  if (value.index !== undefined && failed === undefined) return undefined;
  const { code, signal, failure } = value;
  const how = {
    ...(isCode(code) && { code }),
    ...(typeof signal === "string" && /^SIG[A-Z0-9+-]{1,16}$/.test(signal) && { signal }),
    ...(typeof failure === "string" && { failure: failure.slice(0, LONGEST_FAILURE) }),
  };
  if (Object.keys(how).length === 0 || (group === undefined && how.failure === undefined)) return undefined;
  const others = failed === undefined ? processes.length : processes.length - 1;
  return failed === undefined
    ? { name: "mpirun", others, ...how }
    : { name: failed.name, log: failed.log, others, ...how };
}

const isCode = (code: unknown): code is number =>
  Number.isInteger(code) && 0 < (code as number) && (code as number) <= 255;

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Half written, or overwritten by the run: no record.
    return undefined;
  }
}
