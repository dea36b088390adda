// Continuation tokens of file lists: the last path of the page before, made opaque so that no client builds on it.
import { MalachiteError } from "@malachite/core";

export const tokenOf = (path: string): string => Buffer.from(`1:${path}`).toString("base64url");

/** The path in a token. Throws BadContinuationToken. */
export function pathOf(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  // Decoding skips what is not base64, so only a token that is written the same way again is ours.
  if (text.startsWith("1:") && tokenOf(text.slice(2)) === token) return text.slice(2);
  throw new MalachiteError(
    "BadContinuationToken",
    "The continuation token was not made by this list. Begin again without one.",
    {
      target: "continuationToken",
    },
  );
}
