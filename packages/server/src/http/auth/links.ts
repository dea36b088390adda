// Links that are fetched without a token: the URL itself is the permission, for one file, to read, for a time.
import { createHmac, timingSafeEqual } from "node:crypto";
import { workspacePath } from "@malachite/contract";
import { type Clock, type Container, type Scope, workspaceKey } from "@malachite/core";

/** How long a link works. Clients follow a log by fetching the same link again and again. */
export const LINK_LIFETIME_MS = 24 * 3600_000;

export interface Links {
  /** The absolute URL of the file, made of `base` (no slash at its end). Works for 24 hours. */
  sign(base: string, at: Container, path: string): string;
  /** The same for a snapshot as a zip. */
  signSnapshot(base: string, scope: Scope, snapshotId: string): string;
  verifySnapshot(
    scope: Scope,
    snapshotId: string,
    link: { readonly se: number; readonly sig: string },
  ): boolean;
  /** True when the signature is ours, for exactly this file, and has not ended. */
  verify(
    at: Container,
    link: { readonly path: string; readonly se: number; readonly sp: string; readonly sig: string },
  ): boolean;
}

export function createLinks(ask: { readonly key: Uint8Array; readonly clock: Clock }): Links {
  const { key, clock } = ask;
  const sign = (what: readonly unknown[]) => createHmac("sha256", key).update(JSON.stringify(what)).digest();
  const ofFile = (at: Container, path: string, se: number, sp: string) =>
    sign([1, workspaceKey(at.scope), at.container, path, se, sp]);
  const ofSnapshot = (scope: Scope, id: string, se: number) =>
    sign([2, workspaceKey(scope), id.toLowerCase(), se]);
  const ends = () => Math.floor((clock.now() + LINK_LIFETIME_MS) / 1000);
  const holds = (right: Buffer, sig: string, se: number) => {
    const given = Buffer.from(sig, "base64url");
    const same = given.length === right.length && timingSafeEqual(given, right);
    return same && se * 1000 > clock.now();
  };
  return {
    sign(base, at, path) {
      const se = ends();
      const sig = ofFile(at, path, se, "r").toString("base64url");
      const query = `path=${encodeURIComponent(path)}&se=${se}&sp=r&sig=${sig}`;
      return `${base}/malachite/v1.0${placeOf(at.scope)}/content/${encodeURIComponent(at.container)}?${query}`;
    },
    verify: (at, { path, se, sp, sig }) => holds(ofFile(at, path, se, sp), sig, se),
    signSnapshot(base, scope, snapshotId) {
      const se = ends();
      const sig = ofSnapshot(scope, snapshotId, se).toString("base64url");
      return `${base}/malachite/v1.0${placeOf(scope)}/snapshots/${snapshotId}/signed?se=${se}&sig=${sig}`;
    },
    verifySnapshot: (scope, snapshotId, { se, sig }) => holds(ofSnapshot(scope, snapshotId, se), sig, se),
  };
}

const placeOf = ({ subscriptionId, resourceGroup, workspace }: Scope): string =>
  workspacePath
    .replace("{subscriptionId}", () => encodeURIComponent(subscriptionId))
    .replace("{resourceGroupName}", () => encodeURIComponent(resourceGroup))
    .replace("{workspaceName}", () => encodeURIComponent(workspace));
