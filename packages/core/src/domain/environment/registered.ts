// Registered environments: what of a definition is its content, and how a run definition that only names one is filled in. Pure.
import { type Instant, isObject, type JsonObject, type Scope } from "../scope.ts";

/** A version of an environment. */
export type RegisteredEnvironment = {
  readonly scope: Scope;
  readonly name: string;
  readonly version: string;
  readonly createdAt: Instant;
  /** Labels that were set; `latest` is not among them. */
  readonly labels: readonly string[];
  /** The definition in the wire's spelling, without name, version and secrets. */
  readonly definition: JsonObject;
};

/** What names an environment, but is not its content. */
const NAMES = new Set(["name", "version", "assetid"]);

/** The definition to keep: no names, no nulls, and no registry password, which nobody may read back. */
export function keptDefinition(sent: JsonObject): JsonObject {
  const kept = Object.entries(sent).filter(
    ([key, value]) => value !== null && value !== undefined && !NAMES.has(key.toLowerCase()),
  );
  return withoutPassword(Object.fromEntries(kept));
}

/** A registry password is kept sealed, under this name, beside the address that it is for. */
const SEALED = "sealedPassword";

/** The password of the registry in a definition as it was sent. */
export function registryPasswordOf(sent: JsonObject): string | undefined {
  const password = member(member(member(sent, "docker"), "baseimageregistry"), "password");
  return typeof password === "string" && password !== "" ? password : undefined;
}

/** The definition to keep, with the sealed password in it. */
export const withSealed = (definition: JsonObject, sealed: string | undefined): JsonObject =>
  sealed === undefined
    ? definition
    : withRegistry(definition, (registry) => ({ ...registry, [SEALED]: sealed }));

/** The definition as anybody may see it. */
export const withoutSealed = (definition: JsonObject): JsonObject =>
  withRegistry(definition, ({ [SEALED]: _, ...registry }) => registry);

/** The definition with its password, for the run that needs it. */
export const withOpened = (definition: JsonObject, open: (sealed: string) => string): JsonObject =>
  withRegistry(definition, ({ [SEALED]: sealed, ...registry }) =>
    typeof sealed === "string" ? { ...registry, password: open(sealed) } : registry,
  );

function withRegistry(definition: JsonObject, change: (registry: JsonObject) => JsonObject): JsonObject {
  const docker = member(definition, "docker");
  const registry = member(docker, "baseimageregistry");
  if (!isObject(docker) || !isObject(registry)) return definition;
  const of = keyOf(docker, "baseimageregistry") ?? "baseImageRegistry";
  return { ...definition, [keyOf(definition, "docker") ?? "docker"]: { ...docker, [of]: change(registry) } };
}

const withoutPassword = (definition: JsonObject): JsonObject =>
  withRegistry(definition, (registry) =>
    Object.fromEntries(
      Object.entries(registry).filter(
        ([key]) => !["password", SEALED.toLowerCase()].includes(key.toLowerCase()),
      ),
    ),
  );

/**
 * The same text for the same content: keys in order, and nothing for what is null or empty, since clients of different ages send
 * one or leave it out. The order of lists counts, as it does for whoever installs them.
 */
export const contentText = (definition: JsonObject): string => JSON.stringify(canonical(definition)) ?? "";

function canonical(value: unknown): unknown {
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.map((one) => canonical(one) ?? null);
  if (!isObject(value)) return value === null ? undefined : value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, canonical(inner)] as const)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The environment that a run definition names without describing it; undefined when it describes it, or names none. */
export function namedEnvironment(
  sent: unknown,
): { readonly name: string; readonly version?: string } | undefined {
  const environment = environmentOf(sent);
  const name = member(environment, "name");
  if (typeof name !== "string" || name === "") return undefined;
  if (isObject(member(environment, "python")) || isObject(member(environment, "docker"))) return undefined;
  const version = member(environment, "version");
  return { name, ...(typeof version === "string" && version !== "" ? { version } : {}) };
}

/** The run definition with that environment in it. What the definition says itself, as variables, stays. */
export function withEnvironment(
  sent: unknown,
  { name, version, definition }: RegisteredEnvironment,
): unknown {
  const environment = { ...definition, ...given(environmentOf(sent)), name, version };
  return replaced(sent, "configuration", (configuration) =>
    replaced(configuration, "environment", () => environment),
  );
}

const environmentOf = (sent: unknown): unknown => member(member(sent, "configuration"), "environment");

const given = (value: unknown): JsonObject =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).filter(([key, inner]) => inner !== null && !NAMES.has(key.toLowerCase())),
      )
    : {};

const keyOf = (owner: unknown, name: string): string | undefined =>
  isObject(owner) ? Object.keys(owner).find((key) => key.toLowerCase() === name) : undefined;

function member(owner: unknown, name: string): unknown {
  const key = keyOf(owner, name);
  return key === undefined ? undefined : (owner as JsonObject)[key];
}

function replaced(owner: unknown, name: string, change: (value: unknown) => unknown): unknown {
  const key = keyOf(owner, name);
  return key === undefined ? owner : { ...(owner as JsonObject), [key]: change((owner as JsonObject)[key]) };
}
