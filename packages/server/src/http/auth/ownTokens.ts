// The JWTs that the service issues and verifies itself: for users in development, and for each run its own.
import { type Clock, type Principal, type Run, type RunTokens, workspaceKey } from "@malachite/core";
import { jwtVerify, SignJWT } from "jose";

export const OWN_ISSUER = "malachite";
const AUDIENCE = "malachite";
/** Clients renew a token in its last 95 seconds; one that is used a little late must still work. */
const GRACE_MS = 10 * 60_000;
const SKEW_SECONDS = 60;

export type IssuedToken = { readonly token: string; readonly expiresAt: number };

export interface OwnTokens extends RunTokens {
  /** A token of a user. */
  issueUser(user: Principal): Promise<IssuedToken>;
  /** Who the token stands for. Throws jose's errors for one that is not ours or not valid now. */
  verify(token: string): Promise<Principal>;
}

/** `lifetimeMs` is the stated lifetime; tokens are taken ten minutes longer. */
export function createOwnTokens(ask: {
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly lifetimeMs: number;
}): OwnTokens {
  const { key, clock, lifetimeMs } = ask;
  const issue = async (principal: Principal): Promise<IssuedToken> => {
    const now = clock.now();
    const expiresAt = now + lifetimeMs;
    const { run } = principal;
    const token = await new SignJWT({
      tid: principal.tenantId,
      oid: principal.objectId,
      name: principal.name,
      ...(run ? { run: run.runId, workspace: run.workspace } : {}),
    })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer(OWN_ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(principal.objectId)
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor((expiresAt + (run ? GRACE_MS : 0)) / 1000))
      .sign(key);
    return { token, expiresAt };
  };
  return {
    issueUser: issue,
    issue: (run: Run) =>
      issue({
        name: run.createdBy.name,
        objectId: run.createdBy.objectId,
        tenantId: run.createdBy.tenantId,
        run: { workspace: workspaceKey(run.scope), runId: run.id },
      }),
    async verify(token) {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ["HS256"],
        issuer: OWN_ISSUER,
        audience: AUDIENCE,
        requiredClaims: ["exp", "oid", "tid"],
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(clock.now()),
      });
      const { oid, tid, name, run, workspace } = payload;
      return {
        name: String(name),
        objectId: String(oid),
        tenantId: String(tid),
        ...(typeof run === "string" ? { run: { runId: run, workspace: String(workspace) } } : {}),
      };
    },
  };
}
