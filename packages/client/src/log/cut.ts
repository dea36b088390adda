// Which failures of a stream a new connection may mend.
import { isRestError } from "../errors.ts";
import { mayPass } from "../transport/retry.ts";

/** True for what a new connection may mend. The streams of the platforms tell a cut in words of their own. */
export function isCut(error: unknown): boolean {
  if (isRestError(error)) return mayPass(error);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: string };
  const words = ["AbortError", "TypeError"].includes(error.name) || error.message === "aborted";
  return words || (code !== undefined && /^(E[A-Z]+|ERR_STREAM_PREMATURE_CLOSE|UND_ERR_\w+)$/.test(code));
}
