// Puts the token on requests. The library's own policy refuses plain http, even to this machine; readEndpoint decides that here.
import type { AbortSignalLike } from "@azure/abort-controller";
import type { AccessToken, TokenCredential } from "@azure/core-auth";
import type { PipelinePolicy, PipelineRequest } from "@azure/core-rest-pipeline";

/** A token is renewed when it has less than this left. */
const RENEW_BEFORE_MS = 120_000;

export interface TokenSource {
  /** A token that is good now, or undefined for none. Throws what the credential throws. */
  get(signal?: AbortSignalLike): Promise<string | undefined>;
  /** Forgets a token the server refused. True if asking again may bring another one. */
  refused(token: string): boolean;
}

/** Tokens from a fixed string or a credential; one question at a time however many requests wait for it. */
export function tokenSource(
  credential: TokenCredential | string,
  scopes: string | string[],
  now: () => number = Date.now,
): TokenSource {
  if (typeof credential === "string") {
    const token = credential.trim();
    if (/[^\x21-\x7e]/.test(token)) throw new TypeError("A token is one word of printable ASCII characters.");
    return { get: async () => token || undefined, refused: () => false };
  }
  let kept: AccessToken | undefined;
  let asking: Promise<AccessToken | null> | undefined;
  const stale = (token: AccessToken): boolean =>
    token.expiresOnTimestamp - now() < RENEW_BEFORE_MS ||
    (token.refreshAfterTimestamp !== undefined && token.refreshAfterTimestamp <= now());
  return {
    async get() {
      if (kept && !stale(kept)) return kept.token;
      // The question is shared, so it must not be ended by the signal of one of those who wait.
      asking ??= credential.getToken(scopes).finally(() => {
        asking = undefined;
      });
      kept = (await asking) ?? undefined;
      if (!kept) throw new Error("The credential gave no token.");
      return kept.token;
    },
    refused(token) {
      if (kept?.token === token) kept = undefined;
      return true;
    },
  };
}

/** Authorises requests to `origin`, and no others: a token never follows a redirect or a signed link to another host. */
export function bearerPolicy(
  origin: string,
  tokens: TokenSource,
  wanted: (request: PipelineRequest) => boolean,
): PipelinePolicy {
  return {
    name: "malachiteBearerPolicy",
    async sendRequest(request, next) {
      if (new URL(request.url).origin !== origin || !wanted(request)) {
        request.headers.delete("authorization");
        return next(request);
      }
      const token = await tokens.get(request.abortSignal);
      if (token === undefined) return next(request);
      request.headers.set("authorization", `Bearer ${token}`);
      const response = await next(request);
      const oneShot = request.body !== undefined && isStream(request.body);
      if (response.status !== 401 || oneShot || !tokens.refused(token)) return response;
      const again = await tokens.get(request.abortSignal);
      if (again === undefined || again === token) return response;
      request.headers.set("authorization", `Bearer ${again}`);
      return next(request);
    },
  };
}

/** A stream can be sent once only; everything else (text, bytes, a function that makes a stream) again and again. */
const isStream = (body: unknown): boolean =>
  typeof body === "object" && body !== null && ("pipe" in body || "getReader" in body);
