// What users say about a run, merged into what was said before. Pure.
import { type About, type AboutChange, MalachiteError, type Tags } from "@malachite/core";

/**
 * Tags are taken off, then set; properties and what is kept are added; a warning that is there already is not repeated; all else
 * replaces.
 * Throws PropertyImmutable when a property would get another value.
 */
export function mergeAbout(runId: string, before: About, change: AboutChange): About {
  const { tags, properties, kept, removeTags = [], addWarnings = [], target: _, sent: __, ...rest } = change;
  const replaced = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...before,
    ...replaced,
    ...(kept ? { kept: { ...before.kept, ...kept } } : {}),
    tags: mergeTags(before.tags, removeTags, tags),
    properties: mergeProperties(runId, before.properties, properties),
    warnings: mergeWarnings(before.warnings, addWarnings),
  };
}

type Texts = Readonly<Record<string, string>>;

/** Tags without those that go, with those that come. Maps and fromEntries, since a key may be `__proto__`. */
export function mergeTags(before: Tags, gone: readonly string[], come: Tags = {}): Tags {
  const tags = new Map(Object.entries(before));
  for (const key of gone) tags.delete(key);
  for (const [key, value] of Object.entries(come)) tags.set(key, value);
  return Object.fromEntries(tags);
}

function mergeProperties(runId: string, before: Texts, come: Texts = {}): Texts {
  const properties = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(come)) {
    const old = properties.get(key);
    if (old !== undefined && old !== value && !isOwnSnapshot(key, old))
      throw new MalachiteError(
        "PropertyImmutable",
        `The property '${key}' of the run '${runId}' is '${short(old)}' and cannot become '${short(value)}'. Use a tag for what changes.`,
        { target: `properties.${key}` },
      );
    properties.set(key, value);
  }
  return Object.fromEntries(properties);
}

/**
 * The snapshot that the service made of a project which came with the request. The SDK has kept one of its own of the same
 * files, and names that one afterwards: then that is the one its users find. Ids that the service makes are version 5.
 */
const isOwnSnapshot = (key: string, value: string): boolean =>
  key === "ContentSnapshotId" && /^[0-9a-f]{8}-[0-9a-f]{4}-5/.test(value);

function mergeWarnings(before: About["warnings"], come: About["warnings"]): About["warnings"] {
  const warnings = new Map(
    [...before, ...come].map((warning) => [JSON.stringify([warning.source, warning.message]), warning]),
  );
  return [...warnings.values()];
}

const short = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 60)}…`);
