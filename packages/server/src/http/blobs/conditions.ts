// The conditional headers of a request: what a read answers with 304 or 412, and what a write is refused for.
import { type BlobInfo, MalachiteError } from "@malachite/core";
import type { BlobRequest } from "./blobRequest.ts";

type Asked = Pick<BlobRequest, "header">;

/** Of a read: go on, or say that nothing changed. Throws ConditionNotMet. */
export function readCondition(ask: Asked, blob: BlobInfo): "send" | "unchanged" {
  refuseUnmatched(ask, blob);
  const none = ask.header("if-none-match");
  if (none !== undefined) return names(none, blob) ? "unchanged" : "send";
  const since = dateOf(ask.header("if-modified-since"));
  return since !== undefined && seconds(blob.changedAt) <= since ? "unchanged" : "send";
}

/** Of a write. `creates` is for those that make the blob anew. Throws ConditionNotMet, BlobExists. */
export function writeCondition(ask: Asked, there: BlobInfo | undefined, creates: boolean): void {
  refuseUnmatched(ask, there);
  const none = ask.header("if-none-match");
  if (none !== undefined && names(none, there)) {
    if (none.trim() === "*" && creates) {
      throw new MalachiteError(
        "BlobExists",
        "There is a blob of that name, and the request asked for none to be there.",
      );
    }
    throw notMet("If-None-Match");
  }
  const since = dateOf(ask.header("if-modified-since"));
  if (since !== undefined && there !== undefined && seconds(there.changedAt) <= since) {
    throw notMet("If-Modified-Since");
  }
}

function refuseUnmatched(ask: Asked, there: BlobInfo | undefined): void {
  const match = ask.header("if-match");
  if (match !== undefined && !names(match, there)) throw notMet("If-Match");
  const until = dateOf(ask.header("if-unmodified-since"));
  if (until !== undefined && there !== undefined && seconds(there.changedAt) > until) {
    throw notMet("If-Unmodified-Since");
  }
}

const names = (header: string, there: BlobInfo | undefined): boolean =>
  there !== undefined &&
  (header.trim() === "*" ||
    header.split(",").some(
      (one) =>
        one
          .trim()
          .replace(/^W\//, "")
          .replace(/^"(.*)"$/, "$1") === there.etag,
    ));

/** Dates of HTTP know whole seconds only. A date that cannot be read is no condition. */
const seconds = (ms: number): number => Math.floor(ms / 1000);
function dateOf(header: string | undefined): number | undefined {
  const ms = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(ms) ? undefined : seconds(ms);
}

const notMet = (header: string): MalachiteError =>
  new MalachiteError("ConditionNotMet", `The condition of the header ${header} does not hold for the blob.`);
