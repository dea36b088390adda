// What networks and HTTP services say becomes StorageTrouble, once.
import { isMalachiteError } from "@malachite/core";
import { StorageTrouble, type TroubleKind } from "./fileStorage.ts";
import { PRIVATE } from "./guard.ts";

/** Of the socket: it may be better in a second. */
const PASSING = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_SOCKET",
  "ERR_STREAM_PREMATURE_CLOSE",
  "REQUEST_SEND_ERROR",
  "TimeoutError",
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

/** `doing`: "reading a/b of the datastore x". Troubles and our own errors are handed back as they are. */
export function troubleOf(doing: string, error: unknown): Error {
  if (error instanceof StorageTrouble || isMalachiteError(error)) return error;
  if (error instanceof Error && error.name === "AbortError") return error;
  const forbidden = causes(error).find(({ code }) => code === PRIVATE);
  if (forbidden) return new StorageTrouble("refused", `${doing}: ${forbidden.message}`, error);
  const { statusCode, $metadata, code, Code, name, message } = error as Loose;
  const status = Number(statusCode ?? $metadata?.httpStatusCode ?? 0);
  const word = [Code, code, name].find((one) => typeof one === "string" && one !== "" && one !== "Error");
  if (status >= 100) return new StorageTrouble(kindOf(status), `${doing}: ${saying(status, word)}`, error);
  const passing = causes(error).some((one) => PASSING.has(String(one.code)) || PASSING.has(String(one.name)));
  const text = String(message ?? error)
    .split("\n")[0]
    ?.slice(0, 300);
  return new StorageTrouble(passing ? "again" : "refused", `${doing}: ${text}`, error);
}

function causes(error: unknown): readonly Loose[] {
  const found: Loose[] = [];
  for (
    let one = error;
    typeof one === "object" && one !== null && found.length < 5;
    one = (one as Loose).cause
  ) {
    found.push(one as Loose);
    const { errors } = one as { errors?: unknown };
    if (Array.isArray(errors)) found.push(...(errors as Loose[]));
  }
  return found;
}

export function kindOf(status: number): TroubleKind {
  if (status === 404 || status === 410) return "gone";
  if (status === 412 || status === 416) return "changed";
  return status === 408 || status === 429 || status >= 500 ? "again" : "refused";
}

const MEANS: Readonly<Record<number, string>> = {
  401: "the storage wants a key, or another one",
  403: "the storage refuses: the key is wrong, has ended or is not enough",
  404: "it is not there",
  412: "it was changed meanwhile",
  416: "it was changed meanwhile",
  429: "the storage has too much to do",
};

const saying = (status: number, word: unknown): string =>
  `${MEANS[status] ?? "the storage refuses"} (${status}${word ? ` ${word}` : ""})`;
