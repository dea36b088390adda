// The identity that this machine has at Azure: managed identity, workload identity, a service principal of the environment, `az login`,
// as Azure's own library finds it. The library is loaded when the first service without a key needs it.

import type { TokenCredential } from "@azure/identity";
import { lineOf } from "./foreignErrors.ts";

/** So much of what each way of finding one says. */
const LONGEST_REASON = 160;

/** The one of this process: it keeps its tokens. */
let identity: TokenCredential | undefined;
let hasWorked = false;

/**
 * Tokens for `place`. Throws what `fault` makes of what is wrong: with all that was tried where there is no identity, and `isAway` where
 * it has given tokens before, so that who gives them is silent for a while. The text has no full stop.
 */
export async function azureIdentity(
  place: string,
  fault: (text: string, isAway: boolean, cause: Error) => Error,
): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  identity ??= new DefaultAzureCredential();
  const found = identity;
  return {
    async getToken(scopes, options) {
      try {
        const token = await found.getToken(scopes, options);
        hasWorked = true;
        return token;
      } catch (error) {
        if (options?.abortSignal?.aborted) throw error;
        throw fault(
          hasWorked
            ? `The identity of this machine gets no token for ${place}: ${reasonsOf(error)}`
            : `There is no key for ${place}, and this machine has no identity at Azure that opens it. Tried: ${reasonsOf(error)}. Give a key, or give the machine a managed identity with the role Storage Blob Data Contributor; AZURE_CLIENT_ID chooses one of several`,
          hasWorked,
          new Error(error instanceof Error ? error.name : "Error"),
        );
      }
    },
  };
}

/** What each way says, in its order. */
function reasonsOf(error: unknown): string {
  const { errors } = error as { readonly errors?: readonly unknown[] };
  return (Array.isArray(errors) ? errors : [error])
    .map((one) =>
      lineOf(one, 10 * LONGEST_REASON)
        .replace(/ (To troubleshoot|See the troubleshooting guide).*$/i, "")
        .slice(0, LONGEST_REASON)
        .replace(/[.\s]+$/, ""),
    )
    .join("; ");
}
