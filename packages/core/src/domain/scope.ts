// Where a run belongs: the tenant scope of the URL, and the experiment in it.

/** A workspace as the URL names it. ARM names are compared without regard to case. */
export type Scope = {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspace: string;
};

/** One text for a workspace, the same for every spelling of its names; safe as a map key and a database value. */
export const workspaceKey = (scope: Scope): string =>
  [scope.subscriptionId, scope.resourceGroup, scope.workspace]
    .map((part) => encodeURIComponent(part.toLowerCase()))
    .join("/");

/** The workspace of such a text, in lower case. */
export function scopeOfKey(key: string): Scope {
  const [subscriptionId = "", resourceGroup = "", workspace = ""] = key.split("/").map(decodeURIComponent);
  return { subscriptionId, resourceGroup, workspace };
}

/** Who asked for something. `run` is set when code inside a run asks with the run's own token. */
export type Principal = {
  readonly name: string;
  readonly objectId: string;
  readonly tenantId: string;
  readonly run?: { readonly workspace: string; readonly runId: string };
};

/** An instant: milliseconds since 1970 UTC. */
export type Instant = number;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** Tags by their keys; null for one that was set without a value. */
export type Tags = Readonly<Record<string, string | null>>;

export type JsonObject = { readonly [key: string]: unknown };

/** True for what JSON calls an object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
