// What went wrong between these pages and the service, in words for whoever looks at them.
import { isRestError } from "@malachite/client";

export type Fault = {
  readonly kind: "denied" | "notFound" | "away" | "refused";
  /** One sentence. */
  readonly message: string;
  /** Names of the error for a report: its code, and the id of the request. */
  readonly detail: string;
};

/** Reads an error that a request, or a page, threw. */
export function faultOf(error: unknown): Fault {
  if (!isRestError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "refused", message, detail: "" };
  }
  const request = error.response?.headers.get("x-ms-request-id");
  const detail = [error.code, request && `request ${request}`].filter(Boolean).join(" · ");
  if (error.statusCode === undefined)
    return { kind: "away", message: "The service does not answer. Is it running?", detail };
  if (error.statusCode === 401 || error.statusCode === 403)
    return { kind: "denied", message: error.message, detail };
  if (error.statusCode === 404) return { kind: "notFound", message: error.message, detail };
  return { kind: error.statusCode === 503 ? "away" : "refused", message: error.message, detail };
}
