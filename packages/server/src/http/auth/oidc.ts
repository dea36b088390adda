// Verifies tokens of a real OpenID Connect issuer: discovery, its keys (cached, renewed when a new key id appears), the claims.
import { type Clock, MalachiteError, type Principal } from "@malachite/core";
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from "jose";

export type OidcSettings = {
  /** The issuer as tokens name it in `iss`. */
  readonly issuer: string;
  /** The audience, or the audiences, that tokens may be for. */
  readonly audience: string | readonly string[];
  /** Where the keys are. Absent: told by the issuer's discovery document. */
  readonly jwksUri?: string;
  /** How far the clocks may differ. Default 60. */
  readonly clockSkewSeconds?: number;
};

/** Only signatures whose checking key is public: a shared secret or no signature at all is never taken. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const TIMEOUT_MS = 5000;
/** After a failed discovery the issuer is left alone for this long, so that a flood of requests does not become one there. */
const COOLDOWN_MS = 2000;

/** Answers who a token stands for. Throws jose's errors for a bad token, EngineUnavailable when the issuer does not answer. */
export function createOidcVerifier(
  settings: OidcSettings,
  clock: Clock,
): (token: string) => Promise<Principal> {
  const keys = createKeys(settings, clock);
  return async (token) => {
    const find = await keys();
    const { payload } = await jwtVerify(token, unreachable(find, settings.issuer), {
      algorithms: ALGORITHMS,
      issuer: settings.issuer,
      audience: typeof settings.audience === "string" ? settings.audience : [...settings.audience],
      requiredClaims: ["exp", "sub"],
      clockTolerance: settings.clockSkewSeconds ?? 60,
      currentDate: new Date(clock.now()),
    });
    const text = (...names: string[]) =>
      names.map((name) => payload[name]).find((v) => typeof v === "string") as string | undefined;
    return {
      name: text("name", "preferred_username", "upn", "email", "appid", "sub") ?? "",
      objectId: text("oid", "sub") ?? "",
      tenantId: text("tid", "iss") ?? "",
    };
  };
}

function createKeys(settings: OidcSettings, clock: Clock): () => Promise<JWTVerifyGetKey> {
  const remote = (uri: string) => createRemoteJWKSet(new URL(uri), { timeoutDuration: TIMEOUT_MS });
  if (settings.jwksUri) {
    const set = remote(settings.jwksUri);
    return async () => set;
  }
  let found: Promise<JWTVerifyGetKey> | undefined;
  let notBefore = 0;
  return () => {
    if (found) return found;
    if (clock.now() < notBefore) return Promise.reject(away(settings.issuer));
    found = discover(settings.issuer).then(remote);
    found.catch(() => {
      found = undefined;
      notBefore = clock.now() + COOLDOWN_MS;
    });
    return found;
  };
}

async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  let document: { issuer?: unknown; jwks_uri?: unknown };
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}.`);
    document = (await answer.json()) as typeof document;
  } catch (cause) {
    throw away(issuer, cause);
  }
  if (document.issuer !== issuer || typeof document.jwks_uri !== "string") {
    const cause = new Error(`${url} is not the discovery document of ${issuer}.`);
    throw away(issuer, cause);
  }
  return document.jwks_uri;
}

/** Keys that cannot be fetched are the issuer's trouble (503), a key that is not among them is the token's (401). */
const unreachable =
  (find: JWTVerifyGetKey, issuer: string): JWTVerifyGetKey =>
  async (header, token) => {
    try {
      return await find(header, token);
    } catch (cause) {
      const ofToken =
        cause instanceof errors.JWKSNoMatchingKey ||
        cause instanceof errors.JWKSMultipleMatchingKeys ||
        cause instanceof errors.JOSENotSupported;
      throw ofToken ? cause : away(issuer, cause);
    }
  };

const away = (issuer: string, cause?: unknown): MalachiteError =>
  new MalachiteError(
    "EngineUnavailable",
    `The token issuer ${issuer} does not answer, so the token cannot be checked. Ask again later.`,
    { cause },
  );
