// What a JSON Patch may change of a model's version and of an asset, and what the outcome must look like. Pure.
import { MalachiteError } from "../failure/malachiteError.ts";
import { isObject, type JsonObject } from "../scope.ts";
import type { AssetContent } from "./asset.ts";
import { applyPatch, type PatchOperation } from "./jsonPatch.ts";
import type { ModelVersionContent } from "./model.ts";

/** What the SDK says of a model beside its own columns; see `ModelVersionContent.more`. */
export const MORE_OF_MODEL = [
  "mimeType",
  "unpack",
  "parentModelId",
  "datasets",
  "sampleInputData",
  "sampleOutputData",
  "resourceRequirements",
] as const;

/** Throws BadPatch, PropertyImmutable. */
export function patchModel(
  before: ModelVersionContent,
  operations: readonly PatchOperation[],
): ModelVersionContent {
  const { description, framework, frameworkVersion, kvTags, properties, datasets, ...more } = applyPatch(
    {
      description: before.description ?? null,
      framework: before.framework ?? null,
      frameworkVersion: before.frameworkVersion ?? null,
      kvTags: before.tags,
      properties: before.properties,
      ...Object.fromEntries(MORE_OF_MODEL.map((name) => [name, before.more[name] ?? null])),
      datasets: before.more.datasets ?? [],
    },
    operations,
  );
  return {
    ...textOf({ description, framework, frameworkVersion }),
    tags: textsOf(kvTags, "/kvTags"),
    properties: grown(before.properties, textsOf(properties, "/properties")),
    stage: before.stage,
    more: {
      ...before.more,
      ...checkedMore({ ...more, datasets }),
    },
  };
}

/** Throws BadPatch, PropertyImmutable. */
export function patchAsset(before: AssetContent, operations: readonly PatchOperation[]): AssetContent {
  const { description, kvTags, properties, meta } = applyPatch(
    {
      description: before.description ?? null,
      kvTags: before.tags,
      properties: before.properties,
      meta: before.meta,
    },
    operations,
  );
  return {
    ...textOf({ description }),
    tags: textsOf(kvTags, "/kvTags"),
    properties: grown(before.properties, textsOf(properties, "/properties")),
    meta: textsOf(meta, "/meta"),
  };
}

/** Texts by key; numbers and booleans are taken for texts, and null for none. Throws BadPatch for anything else. */
export function textsOf(value: unknown, path: string): Readonly<Record<string, string>> {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw bad(path, "an object of texts");
  const entries = Object.entries(value).filter(([, text]) => text !== null && text !== undefined);
  return Object.fromEntries(
    entries.map(([key, text]) => {
      if (typeof text === "object") throw bad(`${path}/${key}`, "a text");
      return [key, String(text)];
    }),
  );
}

/** Members that are texts; null is none. */
function textOf<K extends string>(members: Readonly<Record<K, unknown>>): { readonly [N in K]?: string } {
  const given = Object.entries(members).filter(([, value]) => value !== null && value !== undefined);
  for (const [name, value] of given) if (typeof value !== "string") throw bad(`/${name}`, "a text");
  return Object.fromEntries(given) as { readonly [N in K]?: string };
}

function checkedMore(more: JsonObject): JsonObject {
  const { unpack, datasets, resourceRequirements, ...texts } = more;
  if (unpack !== null && typeof unpack !== "boolean") throw bad("/unpack", "true or false");
  if (datasets !== null && !(Array.isArray(datasets) && datasets.every(isObject)))
    throw bad("/datasets", "a list of objects with name and id");
  if (resourceRequirements !== null && !isObject(resourceRequirements))
    throw bad("/resourceRequirements", "an object");
  textOf(texts);
  return more;
}

/** Properties are set once. One that a client leaves out, sending the whole map without it, stays. */
function grown(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(after)) {
    if (Object.hasOwn(before, key) && before[key] !== value)
      throw new MalachiteError(
        "PropertyImmutable",
        `The property '${key}' is set and cannot be changed. Use a tag for what changes.`,
        { target: `/properties/${key}` },
      );
  }
  return { ...before, ...after };
}

const bad = (path: string, wanted: string) =>
  new MalachiteError("BadPatch", `The value at '${path}' must be ${wanted}.`, { target: path });
