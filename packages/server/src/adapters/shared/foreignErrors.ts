// What makers' libraries and the network throw, read alike. Nothing of a request is taken from it: its headers and its address hold keys.

type Loose = {
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly name?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly details?: { readonly errorCode?: unknown };
  readonly statusCode?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
};

/** Of the socket: it may be better in a second. */
const PASSING = [
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ERR_STREAM_PREMATURE_CLOSE",
  "REQUEST_SEND_ERROR",
  "TimeoutError",
];

/** The HTTP status of what a library threw; 0 when there was no answer. */
export function statusOf(error: unknown): number {
  const { statusCode, $metadata } = (error ?? {}) as Loose;
  return Number(statusCode ?? $metadata?.httpStatusCode ?? 0) || 0;
}

/** 501 says that something is not known there: it will not be in a second. */
export const isPassingStatus = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501);

/** Whether the network failed, in a way that may be better in a second; `more` names what else is such. */
export const isPassing = (error: unknown, more: readonly string[] = []): boolean =>
  causesOf(error).some(({ code, name }) =>
    [...PASSING, ...more].some((one) => one === String(code) || one === String(name)),
  );

/** The storage's own word for it, such as `NoSuchBucket`. */
export function wordOf(error: unknown): string | undefined {
  const { Code, code, name, details } = (error ?? {}) as Loose;
  const words = [details?.errorCode, Code, code, name];
  return words.find((one): one is string => typeof one === "string" && one !== "" && one !== "Error");
}

/** The first line of what it says. */
export const lineOf = (error: unknown, longest: number): string =>
  (String((error as Loose | undefined)?.message ?? error).split("\n")[0] ?? "").slice(0, longest);

/** The error and what is behind it. */
export function causesOf(error: unknown): readonly Loose[] {
  const found: Loose[] = [];
  for (
    let one = error;
    typeof one === "object" && one !== null && found.length < 5;
    one = (one as Loose).cause
  ) {
    found.push(one as Loose);
    const { errors } = one as Loose;
    if (Array.isArray(errors)) found.push(...(errors as Loose[]));
  }
  return found;
}
