// Tokens that are plain words: the development token and the operator's own.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Principal } from "@malachite/core";

/** The tenant of principals that no identity provider knows. */
export const LOCAL_TENANT = "00000000-0000-0000-0000-000000000001";
export const DEVELOPER: Principal = {
  name: "developer",
  objectId: "00000000-0000-0000-0000-000000000002",
  tenantId: LOCAL_TENANT,
};
export const OPERATOR: Principal = {
  name: "operator",
  objectId: "00000000-0000-0000-0000-000000000003",
  tenantId: LOCAL_TENANT,
};
export const DEVELOPMENT_TOKEN = "dev";

/** Who a plain token stands for. Compares hashes, so that the time taken tells nothing of the tokens. */
export function createFixedTokens(ask: {
  readonly development: boolean;
  readonly tokens: readonly string[];
}): (token: string) => Principal | undefined {
  const known = [
    ...(ask.development ? [{ hash: sha256(DEVELOPMENT_TOKEN), principal: DEVELOPER }] : []),
    ...ask.tokens.map((token) => ({ hash: sha256(token), principal: OPERATOR })),
  ];
  return (token) => {
    const hash = sha256(token);
    let found: Principal | undefined;
    for (const one of known) if (timingSafeEqual(one.hash, hash)) found ??= one.principal;
    return found;
  };
}

/** True when both texts are the same, told in a time that does not depend on where they differ. */
export const sameText = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
