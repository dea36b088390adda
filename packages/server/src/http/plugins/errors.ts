// The only place where an error becomes HTTP: status, headers and the envelope of the contract.
import { STATUS_CODES } from "node:http";
import type { ErrorCode, ErrorResponse } from "@malachite/contract";
import { type Code, type ErrorKind, isMalachiteError, type Log, MalachiteError } from "@malachite/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { dateText } from "../dto/dates.ts";
import { writeError } from "./dialects.ts";

const KINDS = {
  invalid: { status: 400, code: "ValidationError" },
  notFound: { status: 404, code: "UserError" },
  conflict: { status: 409, code: "UserError" },
  denied: { status: 403, code: "UserError" },
  throttled: { status: 429, code: "RequestThrottled" },
  unavailable: { status: 503, code: "TransientError" },
  fault: { status: 500, code: "ServiceError" },
} as const satisfies Record<ErrorKind, { status: number; code: ErrorCode }>;

/** Codes whose status or outer code is not that of their kind. */
const EXCEPTIONS: Partial<Record<Code, { status?: number; code?: ErrorCode }>> = {
  NotAuthenticated: { status: 401 },
  UnsupportedMediaType: { status: 415 },
  TooLarge: { status: 413 },
  BadRange: { status: 416 },
  ConditionNotMet: { status: 412 },
  AppendPositionMismatch: { status: 412 },
  AppendTooLong: { status: 412 },
  StorageFailed: { code: "AzureStorageError" },
};

const RETRY_AFTER_SECONDS = 2;

export type Correlation = { readonly operation: string; readonly request: string };
export type HttpError = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorResponse;
};

/** What an error looks like on the wire. Nothing of an unknown error is shown but that it happened. */
export function httpError(error: unknown, correlation: Correlation, now: number): HttpError {
  const known = isMalachiteError(error) ? error : unexpected(error);
  const kind = KINDS[known.kind];
  const except = EXCEPTIONS[known.code];
  const status = except?.status ?? kind.status;
  return {
    status,
    headers: {
      ...(status === 401 ? { "www-authenticate": 'Bearer realm="malachite"' } : {}),
      ...(status === 429 || status === 503 ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {}),
    },
    body: envelope(known, except?.code ?? kind.code, correlation, now),
  };
}

/** A refusal as one of many answers in a batch. What is nobody's mistake is thrown again: then the whole request has failed. */
export function tellRefusal(error: unknown, correlation: Correlation, now: number): ErrorResponse {
  if (!isMalachiteError(error) || error.kind === "fault" || error.kind === "unavailable") throw error;
  return httpError(error, correlation, now).body;
}

function envelope(
  error: MalachiteError,
  code: ErrorCode,
  correlation: Correlation,
  now: number,
): ErrorResponse {
  return {
    error: {
      code,
      message: error.message,
      ...(error.target === undefined ? {} : { target: error.target }),
      details: error.details.map((detail) => ({
        code: detail.code ?? error.code,
        message: detail.message,
        target: detail.target,
      })),
      innerError: { code: innerWord(error.kind), innerError: { code: error.code } },
    },
    correlation: { ...correlation },
    environment: "malachite",
    location: "local",
    time: dateText(now),
    componentName: "malachite",
  };
}

/** The middle word between the contract's six codes and ours; readers take the deepest that they know. */
const innerWord = (kind: ErrorKind): string =>
  ({
    invalid: "BadArgument",
    notFound: "NotFound",
    conflict: "Conflict",
    denied: "Forbidden",
    throttled: "Throttled",
    unavailable: "Unavailable",
    fault: "Internal",
  })[kind];

/** Foreign errors: what the HTTP library found wrong with a request, or a fault of ours. */
function unexpected(error: unknown): MalachiteError {
  const { statusCode, code, message } = (error ?? {}) as {
    statusCode?: unknown;
    code?: unknown;
    message?: unknown;
  };
  const fault = () =>
    new MalachiteError("Unexpected", "The service failed. Report it with the correlation id.", {
      cause: error,
    });
  if (typeof code !== "string") return fault();
  const make = (ours: Code, text: string) => new MalachiteError(ours, text, { cause: error });
  switch (code) {
    case "FST_ERR_BAD_URL":
      return make("InvalidRequest", "The path of the URL is not properly encoded.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return make("InvalidRequest", "A part of the URL's path is too long.");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return make("UnsupportedMediaType", "The Content-Type header cannot be read.");
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return make("TooLarge", "The body is too large.");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return make("InvalidRequest", "The body is not as long as its Content-Length says.");
    case "ECONNRESET":
    case "ERR_STREAM_PREMATURE_CLOSE":
      return make("InvalidRequest", "The request was cut off before its end.");
    default:
      break;
  }
  if (code.startsWith("FST_") && typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return make("InvalidRequest", String(message));
  }
  return fault();
}

/** Sends the error, or cuts the connection when an answer is already on its way. Logs faults. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { log, now }: { readonly log: Log; readonly now: number },
  extra: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): void {
  const answer = httpError(error, request.correlation, now);
  const status = extra.status ?? answer.status;
  const about = { ...request.correlation, method: request.method, url: withoutQuery(request.url) };
  // What is away for now is nobody's mistake here, and where it was asked says nothing.
  if (isMalachiteError(error) && error.kind === "unavailable")
    log.warn("request refused for now", { ...about, reason: error.message });
  else if (status >= 500) log.error("request failed", error, about);
  if (reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  const written = writeError(request.url, { ...answer, status }, isMalachiteError(error) ? error : undefined);
  reply
    .code(written.status ?? status)
    .headers({
      ...answer.headers,
      ...written.headers,
      ...extra.headers,
      ...(request.raw.complete ? {} : { connection: "close" }),
    })
    .type(written.contentType)
    .send(written.body);
}

/** The whole answer as text, for requests that are too broken to have a reply of their own. */
export function rawErrorAnswer(
  error: MalachiteError,
  status: number,
  correlation: Correlation,
  now: number,
): string {
  const body = JSON.stringify(httpError(error, correlation, now).body);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    `x-ms-request-id: ${correlation.request}`,
    "",
    body,
  ].join("\r\n");
}

/** Signed links carry their permission in the query: it is never logged. */
const withoutQuery = (url: string): string => url.split("?", 1)[0] ?? "";
