// What a storage or the network says, as our own error, once. Nothing of a request goes into it: its headers and its address hold keys.
import { isMalachiteError, MalachiteError } from "@malachite/core";

/** Of the socket: it may be better in a second. */
const PASSING = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ERR_STREAM_PREMATURE_CLOSE",
  "REQUEST_SEND_ERROR",
  "PARSE_ERROR",
  "TimeoutError",
  "RequestTimeout",
]);

type Loose = {
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly statusCode?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
};

/** The HTTP status of what a library threw; 0 when there was no answer. */
export function statusOf(error: unknown): number {
  const { statusCode, $metadata } = (error ?? {}) as Loose;
  return Number(statusCode ?? $metadata?.httpStatusCode ?? 0) || 0;
}

/** The storage's own word for it, such as `NoSuchBucket`. */
export function wordOf(error: unknown): string | undefined {
  const { Code, code, name, details } = (error ?? {}) as Loose & { details?: { errorCode?: unknown } };
  const words = [details?.errorCode, Code, code, name];
  return words.find((one): one is string => typeof one === "string" && one !== "" && one !== "Error");
}

/** Our own errors and aborts are handed back as they are. */
export function storeTrouble(doing: string, place: string, error: unknown): Error {
  if (isMalachiteError(error) || (error instanceof Error && error.name === "AbortError"))
    return error as Error;
  const status = statusOf(error);
  const word = wordOf(error);
  const cause = new Error(`${word ?? "Error"} ${status || ""}`.trim());
  if (status === 0 ? isPassing(error) : isPassingStatus(status)) {
    return new MalachiteError(
      "StorageAway",
      `${doing} failed: ${place} ${status === 0 ? "does not answer" : `answers ${status}`}${word === undefined ? "" : ` (${word})`}. Nothing is lost; ask again.`,
      { cause },
    );
  }
  const means =
    status === 0
      ? String((error as Loose)?.message ?? error)
          .split("\n")[0]
          ?.slice(0, 200)
      : `${MEANS[status] ?? "it refuses"} (${status}${word === undefined ? "" : ` ${word}`})`;
  return new MalachiteError(
    "StorageFailed",
    `${doing} failed at ${place}: ${means}. Check the settings of blobs.`,
    {
      cause,
    },
  );
}

const isPassingStatus = (status: number): boolean => status === 408 || status === 429 || status >= 500;

function isPassing(error: unknown): boolean {
  let one = error;
  for (let depth = 0; depth < 5 && typeof one === "object" && one !== null; depth += 1) {
    const { code, name, cause, errors } = one as Loose & { errors?: unknown };
    if (PASSING.has(String(code)) || PASSING.has(String(name))) return true;
    if (Array.isArray(errors) && errors.some((inner) => PASSING.has(String((inner as Loose)?.code))))
      return true;
    one = cause;
  }
  return false;
}

const MEANS: Readonly<Record<number, string>> = {
  401: "it wants a key, or another one",
  403: "it refuses; the key is wrong, has ended or is not enough",
  404: "the container or bucket is not there",
};

/** True for what may be better in a second. */
export const isAway = (error: unknown): boolean => isMalachiteError(error) && error.code === "StorageAway";
