// Links that are fetched without a token: the URL itself is the permission, to read one snapshot or some files of one run, for a time.
// Links to blobs are in sas.ts.
import { createHmac, timingSafeEqual } from "node:crypto";
import { workspacePath } from "@malachite/contract";
import { type Clock, type Scope, workspaceKey } from "@malachite/core";

/** How long a link works. */
export const LINK_LIFETIME_MS = 24 * 3600_000;

/** What a link to files opens: one file, or a zip of those of a prefix; and how a browser takes it. */
export type FileLinkAsk = {
  readonly scope: Scope;
  readonly runId: string;
  readonly path?: string;
  readonly prefix?: string;
  readonly as?: "attachment" | "inline";
};

type Signature = { readonly se: number; readonly sig: string };

export interface Links {
  /** The absolute URL of a snapshot as a zip, made of `base` (no slash at its end). Works for 24 hours. */
  signSnapshot(base: string, scope: Scope, snapshotId: string): string;
  verifySnapshot(scope: Scope, snapshotId: string, link: Signature): boolean;
  /** The same for files of a run. */
  signFiles(base: string, ask: FileLinkAsk): { readonly uri: string; readonly expiresAt: number };
  verifyFiles(ask: FileLinkAsk, link: Signature): boolean;
}

export function createLinks(ask: { readonly key: Uint8Array; readonly clock: Clock }): Links {
  const { key, clock } = ask;
  const sign = (what: readonly unknown[]) => createHmac("sha256", key).update(JSON.stringify(what)).digest();
  const ofSnapshot = (scope: Scope, id: string, se: number) =>
    sign([2, workspaceKey(scope), id.toLowerCase(), se]);
  const ofFiles = ({ scope, runId, path, prefix, as }: FileLinkAsk, se: number) =>
    sign([3, workspaceKey(scope), runId, path ?? null, prefix ?? null, as ?? null, se]);
  const ends = () => Math.floor((clock.now() + LINK_LIFETIME_MS) / 1000);
  const holds = (right: Buffer, { se, sig }: Signature) => {
    const given = Buffer.from(sig, "base64url");
    const same = given.length === right.length && timingSafeEqual(given, right);
    return same && se * 1000 > clock.now();
  };
  const address = (base: string, scope: Scope, rest: string, query: Readonly<Record<string, string>>) =>
    `${base}/malachite/v1.0${placeOf(scope)}/${rest}?${new URLSearchParams(query)}`;
  return {
    signSnapshot(base, scope, snapshotId) {
      const se = ends();
      const sig = ofSnapshot(scope, snapshotId, se).toString("base64url");
      return address(base, scope, `snapshots/${snapshotId}/signed`, { se: String(se), sig });
    },
    verifySnapshot: (scope, snapshotId, link) => holds(ofSnapshot(scope, snapshotId, link.se), link),
    signFiles(base, ask) {
      const se = ends();
      const sig = ofFiles(ask, se).toString("base64url");
      const { scope, runId, path, prefix, as } = ask;
      const query = {
        ...(path === undefined ? {} : { path }),
        ...(prefix === undefined ? {} : { prefix }),
        ...(as === undefined ? {} : { as }),
        se: String(se),
        sig,
      };
      return {
        uri: address(base, scope, `runs/${encodeURIComponent(runId)}/files/signed`, query),
        expiresAt: se * 1000,
      };
    },
    verifyFiles: (ask, link) => holds(ofFiles(ask, link.se), link),
  };
}

const placeOf = ({ subscriptionId, resourceGroup, workspace }: Scope): string =>
  workspacePath
    .replace("{subscriptionId}", () => encodeURIComponent(subscriptionId))
    .replace("{resourceGroupName}", () => encodeURIComponent(resourceGroup))
    .replace("{workspaceName}", () => encodeURIComponent(workspace));
