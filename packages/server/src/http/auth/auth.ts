// Who asks: turns an Authorization header into a principal, and gives out the tokens and links of the service's own.
// What a principal may reach is decided in reach.ts.
import {
  type Clock,
  isMalachiteError,
  MalachiteError,
  type Principal,
  type RunTokens,
} from "@malachite/core";
import { decodeJwt, errors } from "jose";
import { createFixedTokens, DEVELOPER, LOCAL_TENANT, OPERATOR, sameText } from "./fixedTokens.ts";
import { keyFor } from "./keys.ts";
import { createLinks, type Links } from "./links.ts";
import { createOidcVerifier, type OidcSettings } from "./oidc.ts";
import { createOwnTokens, type IsLive, type IssuedToken, OWN_ISSUER } from "./ownTokens.ts";
import { type BlobLinks, createBlobLinks } from "./sas.ts";

export type AuthSettings = {
  /** 32 bytes or more that only this data folder knows. */
  readonly secret: Uint8Array;
  /** Takes the token `dev` and gives tokens to anyone who asks: only for a service that is bound to loopback. */
  readonly development: boolean;
  /** The operator's own tokens. */
  readonly tokens?: readonly string[];
  /** What a caller of /msi/token may send as `secret` where development is off, instead of one of the operator's tokens. */
  readonly msiSecret?: string;
  readonly issuer?: OidcSettings;
  /** Object ids of users of the issuer who run the service, beside whoever has one of the operator's tokens. */
  readonly operators?: readonly string[];
  /** The stated lifetime of issued tokens. Default 24 h. */
  readonly tokenLifetimeMs?: number;
};

export interface Auth {
  /** Who asks. Throws NotAuthenticated; EngineUnavailable when the issuer of the token cannot be asked. */
  verify(authorization: string | undefined): Promise<Principal>;
  /** A token for a user. Throws NotAllowed unless in development or with the right secret. */
  userToken(secret: string | undefined): Promise<IssuedToken>;
  /** Throws NotAllowed for who does not run the service. */
  assertOperator(by: Principal): void;
  isOperator(by: Principal): boolean;
  readonly runTokens: RunTokens;
  readonly links: Links;
  /** Links to blobs, in Azure's form. */
  readonly blobs: BlobLinks;
}

/** Longer than any real token; a megabyte of them is not worth decoding. */
const LONGEST_TOKEN = 32 * 1024;
/** `Bearer TOKEN`; the blank may be missing after a colon, as some documentation writes it. */
const BEARER = /^\s*bearer(?:\s*:\s*|\s+)(\S+)\s*$/i;

/** Opens nothing: keys of an issuer are fetched when the first token of it comes. */
export function createAuth(settings: AuthSettings, clock: Clock, isLive: IsLive = async () => false): Auth {
  const fixed = createFixedTokens({ development: settings.development, tokens: settings.tokens ?? [] });
  const own = createOwnTokens({
    key: keyFor("tokens", settings.secret),
    clock,
    lifetimeMs: settings.tokenLifetimeMs ?? 24 * 3600_000,
    isLive,
  });
  const oidc = settings.issuer && createOidcVerifier(settings.issuer, clock);
  const { msiSecret } = settings;
  const isOperator = (by: Principal): boolean =>
    by.run === undefined && (isOwnOperator(by) || settings.operators?.includes(by.objectId) === true);

  return {
    async verify(authorization) {
      if (authorization === undefined || authorization.trim() === "") {
        throw denied("No token was sent. Send the header Authorization: Bearer TOKEN.");
      }
      if (authorization.length > LONGEST_TOKEN) throw denied("The Authorization header is too long.");
      const token = BEARER.exec(authorization)?.[1];
      if (token === undefined) {
        throw denied("The Authorization header is not of the form 'Bearer TOKEN'.");
      }
      const plain = fixed(token);
      if (plain) return plain;
      const issuer = issuerOf(token);
      const check = issuer === OWN_ISSUER ? own.verify : oidc;
      if (issuer === undefined || !check) throw denied("The token is not known here.");
      try {
        return await check(token);
      } catch (error) {
        if (isMalachiteError(error)) throw error;
        throw denied(why(error), error);
      }
    },
    async userToken(secret) {
      if (settings.development) return own.issueUser(DEVELOPER);
      const secrets = [...(settings.tokens ?? []), ...(msiSecret === undefined ? [] : [msiSecret])];
      // All of them are compared, so that the time taken tells nothing.
      const right = secrets.filter((one) => secret !== undefined && sameText(secret, one));
      if (right.length > 0) return own.issueUser(OPERATOR);
      throw new MalachiteError(
        "NotAllowed",
        "This service gives tokens only to callers that send its --msi-secret, or a --token of it, in the header or the query as 'secret'.",
      );
    },
    isOperator,
    assertOperator(by) {
      if (isOperator(by)) return;
      throw new MalachiteError(
        "NotAllowed",
        "Only operators of the service may do this: with a token of --token, or as a user whose object id --operator names.",
      );
    },
    runTokens: own,
    links: createLinks({ key: keyFor("links", settings.secret), clock }),
    blobs: createBlobLinks({ key: keyFor("blobs", settings.secret), clock }),
  };
}

/** Who has the operator's own token, or on loopback the one for development. */
const isOwnOperator = ({ tenantId, objectId }: Principal): boolean =>
  tenantId === LOCAL_TENANT && (objectId === OPERATOR.objectId || objectId === DEVELOPER.objectId);

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss ?? "";
  } catch {
    // Not a JWT: a plain word that nobody was given.
    return undefined;
  }
}

const denied = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("NotAuthenticated", message, { cause });

/** Says what is wrong with a token without repeating it. */
function why(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "The token has expired. Get a new one.";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `The token is not for this service: its claim '${error.claim}' does not fit.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token is signed in a way that is not accepted.";
  if (error instanceof errors.JWKSNoMatchingKey)
    return "The token is signed with a key its issuer does not have.";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The signature of the token is wrong.";
  return "The token cannot be read.";
}
