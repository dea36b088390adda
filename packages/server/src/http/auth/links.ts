// Links that are fetched without a token: the URL itself is the permission, for one file, to read, for a time.
import { createHmac, timingSafeEqual } from "node:crypto";
import { workspacePath } from "@malachite/contract";
import { type Clock, type Container, workspaceKey } from "@malachite/core";

/** How long a link works. Clients follow a log by fetching the same link again and again. */
export const LINK_LIFETIME_MS = 24 * 3600_000;

export interface Links {
  /** The absolute URL of the file, made of `base` (no slash at its end). Works for 24 hours. */
  sign(base: string, at: Container, path: string): string;
  /** True when the signature is ours, for exactly this file, and has not ended. */
  verify(
    at: Container,
    link: { readonly path: string; readonly se: number; readonly sp: string; readonly sig: string },
  ): boolean;
}

export function createLinks(ask: { readonly key: Uint8Array; readonly clock: Clock }): Links {
  const { key, clock } = ask;
  const signature = (at: Container, path: string, se: number, sp: string) =>
    createHmac("sha256", key)
      .update(JSON.stringify([1, workspaceKey(at.scope), at.container, path, se, sp]))
      .digest();
  return {
    sign(base, at, path) {
      const se = Math.floor((clock.now() + LINK_LIFETIME_MS) / 1000);
      const sig = signature(at, path, se, "r").toString("base64url");
      const { subscriptionId, resourceGroup, workspace } = at.scope;
      const place = workspacePath
        .replace("{subscriptionId}", () => encodeURIComponent(subscriptionId))
        .replace("{resourceGroupName}", () => encodeURIComponent(resourceGroup))
        .replace("{workspaceName}", () => encodeURIComponent(workspace));
      const query = `path=${encodeURIComponent(path)}&se=${se}&sp=r&sig=${sig}`;
      return `${base}/malachite/v1.0${place}/content/${encodeURIComponent(at.container)}?${query}`;
    },
    verify(at, { path, se, sp, sig }) {
      const given = Buffer.from(sig, "base64url");
      const right = signature(at, path, se, sp);
      const same = given.length === right.length && timingSafeEqual(given, right);
      return same && se * 1000 > clock.now();
    },
  };
}
