// What of a run, an experiment or a model MLflow's search language can name, and how each may be compared.
import type { Comparator, SearchKey } from "./search.ts";

export type SearchAttribute = {
  readonly name: string;
  readonly type: "text" | "number";
  /** Takes IN and NOT IN. */
  readonly lists?: boolean;
  readonly only?: "filter" | "order";
};

export type SearchSubject = {
  /** Plural, for messages. */
  readonly subject: string;
  /** By each word that may stand before the dot. */
  readonly kinds: ReadonlyMap<string, SearchKey["of"]>;
  /** By each name; other names of the same attribute lead to the same entry. */
  readonly attributes: ReadonlyMap<string, SearchAttribute>;
  /** Tags and parameters take NULL tests. */
  readonly nullTests: boolean;
};

const words = {
  attribute: ["attribute", "attributes", "attr", "run"],
  metric: ["metric", "metrics"],
  param: ["parameter", "parameters", "param", "params"],
  tag: ["tag", "tags"],
  dataset: ["dataset", "datasets"],
} as const satisfies Record<SearchKey["of"], readonly string[]>;

const subject = (
  name: string,
  of: readonly SearchKey["of"][],
  attributes: readonly SearchAttribute[],
  {
    aliases = {},
    nullTests = true,
  }: { aliases?: Readonly<Record<string, string>>; nullTests?: boolean } = {},
): SearchSubject => {
  const byName = new Map(attributes.map((attribute) => [attribute.name, attribute]));
  for (const [alias, meant] of Object.entries(aliases)) {
    const attribute = byName.get(meant);
    if (attribute) byName.set(alias, attribute);
  }
  return {
    subject: name,
    kinds: new Map(of.flatMap((kind) => words[kind].map((word) => [word, kind] as const))),
    attributes: byName,
    nullTests,
  };
};

const text = (name: string, more: Partial<SearchAttribute> = {}): SearchAttribute => ({
  name,
  type: "text",
  ...more,
});
const number = (name: string, more: Partial<SearchAttribute> = {}): SearchAttribute => ({
  name,
  type: "number",
  ...more,
});

export const RUN_SEARCH = subject(
  "runs",
  ["attribute", "metric", "param", "tag", "dataset"],
  [
    text("run_id", { lists: true }),
    text("run_name"),
    text("experiment_id"),
    text("status"),
    text("user_id"),
    text("artifact_uri"),
    number("start_time"),
    number("end_time"),
  ],
  {
    aliases: {
      created: "start_time",
      Created: "start_time",
      "run name": "run_name",
      "Run name": "run_name",
      "Run Name": "run_name",
    },
  },
);

export const EXPERIMENT_SEARCH = subject(
  "experiments",
  ["attribute", "tag"],
  [
    text("name"),
    text("experiment_id", { only: "order" }),
    number("creation_time"),
    number("last_update_time"),
  ],
);

export const REGISTERED_MODEL_SEARCH = subject(
  "registered models",
  ["attribute", "tag"],
  [
    text("name"),
    number("creation_timestamp", { only: "order" }),
    number("last_updated_timestamp", { only: "order" }),
  ],
  { aliases: { timestamp: "last_updated_timestamp" }, nullTests: false },
);

export const MODEL_VERSION_SEARCH = subject(
  "model versions",
  ["attribute", "tag"],
  [
    text("name"),
    text("run_id", { lists: true }),
    text("source_path"),
    number("version_number"),
    number("creation_timestamp", { only: "order" }),
    number("last_updated_timestamp", { only: "order" }),
  ],
  { aliases: { version: "version_number", source: "source_path" }, nullTests: false },
);

export const LOGGED_MODEL_SEARCH = subject(
  "logged models",
  ["attribute", "metric", "param", "tag"],
  [
    text("model_id", { lists: true }),
    text("name", { lists: true }),
    text("model_type", { lists: true }),
    text("status", { lists: true }),
    text("source_run_id", { lists: true }),
    text("experiment_id", { lists: true }),
    number("creation_timestamp"),
    number("last_updated_timestamp"),
  ],
  {
    aliases: { creation_time: "creation_timestamp", last_updated_time: "last_updated_timestamp" },
  },
);

/** What dataset.KEY can be. */
export const DATASET_KEYS: ReadonlySet<string> = new Set(["name", "digest", "context"]);

const NUMERIC: readonly Comparator[] = ["=", "!=", "<", "<=", ">", ">="];
const TEXTUAL: readonly Comparator[] = ["=", "!=", "LIKE", "ILIKE"];

/** The comparators that a key takes. */
export function comparatorsOf(
  { of, key }: SearchKey,
  { attributes, nullTests }: SearchSubject,
): readonly Comparator[] {
  switch (of) {
    case "metric":
      return NUMERIC;
    case "param":
    case "tag":
      return nullTests ? [...TEXTUAL, "IS NULL", "IS NOT NULL"] : TEXTUAL;
    case "dataset":
      return [...TEXTUAL, "IN", "NOT IN"];
    case "attribute": {
      const attribute = attributes.get(key);
      if (attribute?.type === "number") return NUMERIC;
      return attribute?.lists ? [...TEXTUAL, "IN", "NOT IN"] : TEXTUAL;
    }
  }
}

/** True for what is compared with numbers. */
export const isNumeric = ({ of, key }: SearchKey, { attributes }: SearchSubject): boolean =>
  of === "metric" || (of === "attribute" && attributes.get(key)?.type === "number");
