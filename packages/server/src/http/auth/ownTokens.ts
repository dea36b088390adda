// The JWTs that the service issues and verifies itself: for users in development, and for each run its own.
import { type Clock, type Principal, type Run, type RunTokens, workspaceKey } from "@malachite/core";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";

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

/** Whether that run has not ended. */
export type IsLive = (run: NonNullable<Principal["run"]>) => Promise<boolean>;

/**
 * `lifetimeMs` is the stated lifetime; tokens of runs are taken ten minutes longer, and as long as their run has not ended:
 * azureml's client renews its token in time, mlflow has the one it was started with and no way to another.
 */
export function createOwnTokens(ask: {
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly lifetimeMs: number;
  readonly isLive: IsLive;
}): OwnTokens {
  const { key, clock, lifetimeMs, isLive } = ask;
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
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ["HS256"],
          issuer: OWN_ISSUER,
          audience: AUDIENCE,
          requiredClaims: ["exp", "oid", "tid"],
          clockTolerance: SKEW_SECONDS,
          currentDate: new Date(clock.now()),
        });
        return principalOf(payload);
      } catch (error) {
        // The signature and all other claims have been found right by then.
        const late = error instanceof errors.JWTExpired ? principalOf(error.payload) : undefined;
        if (late?.run !== undefined && (await isLive(late.run))) return late;
        throw error;
      }
    },
  };
}

const principalOf = ({ oid, tid, name, run, workspace }: JWTPayload): Principal => ({
  name: String(name),
  objectId: String(oid),
  tenantId: String(tid),
  ...(typeof run === "string" ? { run: { runId: run, workspace: String(workspace) } } : {}),
});
