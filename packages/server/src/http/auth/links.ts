// Links that are fetched without a token: the URL itself is the permission, for one snapshot, to read, for a time. Links to files are blobs' (sas.ts).
import { createHmac, timingSafeEqual } from "node:crypto";
import { workspacePath } from "@malachite/contract";
import { type Clock, type Scope, workspaceKey } from "@malachite/core";

/** How long a link works. */
export const LINK_LIFETIME_MS = 24 * 3600_000;

export interface Links {
  /** The absolute URL of a snapshot as a zip, made of `base` (no slash at its end). Works for 24 hours. */
  signSnapshot(base: string, scope: Scope, snapshotId: string): string;
  verifySnapshot(
    scope: Scope,
    snapshotId: string,
    link: { readonly se: number; readonly sig: string },
  ): boolean;
}

export function createLinks(ask: { readonly key: Uint8Array; readonly clock: Clock }): Links {
  const { key, clock } = ask;
  const sign = (what: readonly unknown[]) => createHmac("sha256", key).update(JSON.stringify(what)).digest();
  const ofSnapshot = (scope: Scope, id: string, se: number) =>
    sign([2, workspaceKey(scope), id.toLowerCase(), se]);
  const ends = () => Math.floor((clock.now() + LINK_LIFETIME_MS) / 1000);
  const holds = (right: Buffer, sig: string, se: number) => {
    const given = Buffer.from(sig, "base64url");
    const same = given.length === right.length && timingSafeEqual(given, right);
    return same && se * 1000 > clock.now();
  };
  return {
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
