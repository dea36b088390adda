// Which failed requests are sent again, and when.
import type { PipelineResponse, PipelineRetryOptions, RestError } from "@azure/core-rest-pipeline";

/**
 * `always`: the operation may be repeated, so every passing fault is tried again.
 * `unprocessed`: only when the server certainly did nothing (it said "later", or was not reached).
 * `never`: the body can be sent once only, or the caller repeats by itself.
 */
export type RetryMode = "always" | "unprocessed" | "never";

export const RETRY_DEFAULTS = { maxRetries: 3, retryDelayInMs: 250, maxRetryDelayInMs: 64_000 } as const;

/** Faults of the connection that may pass. A host name that does not exist is none of them: it is most likely mistyped. */
const PASSING_FAULTS = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "REQUEST_SEND_ERROR",
]);
/** The library's code for an answer whose body was cut off while it was read as text. */
const CUT_ANSWER = "PARSE_ERROR";

export type Outcome = {
  readonly response?: PipelineResponse;
  readonly responseError?: RestError;
  /** 0 for the first repetition. */
  readonly retryCount: number;
};

/** Milliseconds to wait before the next attempt, or undefined when there must be none. */
export function retryDelay(
  mode: RetryMode,
  outcome: Outcome,
  options: PipelineRetryOptions,
  random: () => number = Math.random,
  now: () => number = Date.now,
): number | undefined {
  if (mode === "never") return undefined;
  const longest = options.maxRetryDelayInMs ?? RETRY_DEFAULTS.maxRetryDelayInMs;
  const { response, responseError } = outcome;
  if (response) {
    const asked = retryAfterInMs(response, now);
    if (!isPassing(mode, response.status, asked !== undefined)) return undefined;
    // A server that asks for more patience than we have is told about at once instead of slept through.
    if (asked !== undefined) return asked <= longest ? asked : undefined;
  } else if (!isPassingFault(mode, responseError)) {
    return undefined;
  }
  const first = options.retryDelayInMs ?? RETRY_DEFAULTS.retryDelayInMs;
  const grown = Math.min(longest, first * 2 ** outcome.retryCount);
  // Half of it is chance, so that many clients do not come back in one moment.
  return grown / 2 + (random() * grown) / 2;
}

function isPassing(mode: RetryMode, status: number, saysWhen: boolean): boolean {
  if (status === 429 || (status === 503 && saysWhen)) return true;
  if (mode === "unprocessed") return false;
  return status === 408 || (status >= 500 && status !== 501 && status !== 505);
}

function isPassingFault(mode: RetryMode, error: RestError | undefined): boolean {
  const code = error?.code ?? "";
  if (mode === "unprocessed") return code === "ECONNREFUSED" || code === "EAI_AGAIN";
  return PASSING_FAULTS.has(code) || code === CUT_ANSWER;
}

/** True for an error after which the same question may well be answered later. For pollers and log followers. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "RestError") return false;
  const { statusCode } = error as RestError;
  if (statusCode !== undefined) return isPassing("always", statusCode, true);
  return isPassingFault("always", error as RestError);
}

/** What the server asks for in Retry-After and its kin, in milliseconds. */
export function retryAfterInMs(response: PipelineResponse, now: () => number = Date.now): number | undefined {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const ms = Number(response.headers.get(name) ?? Number.NaN);
    if (ms >= 0) return ms;
  }
  const value = response.headers.get("retry-after");
  if (value === undefined || value.trim() === "") return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  // A date has letters; Date.parse would take "-1" for a year.
  const at = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? Math.max(0, at - now()) : undefined;
}
