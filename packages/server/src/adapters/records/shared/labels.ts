// Tags and properties as rows of an index.
import { createHash } from "node:crypto";
import type { Tags } from "@malachite/core";

/** Longer keys and values are cut, with a hash that keeps them apart: an index over whole ones would outgrow its table. */
const LONGEST = 256;

/** What the index holds for a key or value: the text itself, or its beginning and its hash. */
export const labelText = (text: string): string =>
  text.length <= LONGEST ? text : `${text.slice(0, 180)}…${createHash("sha256").update(text).digest("hex")}`;

export type LabelRow = { readonly kind: "tags" | "properties"; readonly key: string; readonly value: string };
type Labelled = {
  readonly tags: Tags;
  readonly properties: Readonly<Record<string, string>>;
};

/** The rows for a run. A tag without a value is found as one with an empty value. */
export const labelsOf = (about: Labelled): readonly LabelRow[] =>
  (["tags", "properties"] as const).flatMap((kind) =>
    Object.entries(about[kind]).map(([key, value]) => ({
      kind,
      key: labelText(key),
      value: labelText(value ?? ""),
    })),
  );

/** Which rows go and which come when a run's labels change. */
export function labelChanges(before: Labelled, after: Labelled) {
  const name = (row: LabelRow) => JSON.stringify([row.kind, row.key, row.value]);
  const old = new Map(labelsOf(before).map((row) => [name(row), row]));
  const now = new Map(labelsOf(after).map((row) => [name(row), row]));
  return {
    gone: [...old].filter(([key]) => !now.has(key)).map(([, row]) => row),
    come: [...now].filter(([key]) => !old.has(key)).map(([, row]) => row),
  };
}
