// What networks and HTTP services say becomes StorageTrouble, once.
import { isMalachiteError } from "@malachite/core";
import { causesOf, isPassing, isPassingStatus, lineOf, statusOf, wordOf } from "../shared/foreignErrors.ts";
import { StorageTrouble, type TroubleKind } from "./fileStorage.ts";
import { PRIVATE } from "./guard.ts";

const ALSO_PASSING = ["UND_ERR_SOCKET"];

/** `doing`: "reading a/b of the datastore x". Troubles and our own errors are handed back as they are. */
export function troubleOf(doing: string, error: unknown): Error {
  if (error instanceof StorageTrouble || isMalachiteError(error)) return error;
  if (error instanceof Error && error.name === "AbortError") return error;
  const forbidden = causesOf(error).find(({ code }) => code === PRIVATE);
  if (forbidden) return new StorageTrouble("refused", `${doing}: ${forbidden.message}`, error);
  const status = statusOf(error);
  if (status >= 100)
    return new StorageTrouble(kindOf(status), `${doing}: ${saying(status, wordOf(error))}`, error);
  const kind = isPassing(error, ALSO_PASSING) ? "again" : "refused";
  return new StorageTrouble(kind, `${doing}: ${lineOf(error, 300)}`, error);
}

export function kindOf(status: number): TroubleKind {
  if (status === 404 || status === 410) return "gone";
  if (status === 412 || status === 416) return "changed";
  return isPassingStatus(status) ? "again" : "refused";
}

const MEANS: Readonly<Record<number, string>> = {
  401: "the storage wants a key, or another one",
  403: "the storage refuses: the key is wrong, has ended or is not enough",
  404: "it is not there",
  412: "it was changed meanwhile",
  416: "it was changed meanwhile",
  429: "the storage has too much to do",
};

const saying = (status: number, word: string | undefined): string =>
  `${MEANS[status] ?? "the storage refuses"} (${status}${word ? ` ${word}` : ""})`;
