// What lists of models, of their versions and of assets are searched by, as data. Stores turn it into their own queries.
export type ModelField =
  | "name"
  | "version"
  | "description"
  | "runId"
  | "source"
  | "stage"
  | "framework"
  | "createdAt"
  | "changedAt";

/** What a condition looks at. A registered model has a name, a description, times and tags; a version has all. */
export type Property<Field extends string> =
  | { readonly of: "field"; readonly name: Field }
  | { readonly of: "tags" | "properties"; readonly key: string };

/**
 * One condition of a search; all of them must hold. A missing value meets none but `differs`. `like` takes MLflow's pattern (`%` any text, `_` any
 * character) and minds case, `ilike` does not; `set` only asks that there is a value.
 */
export type Condition<Field extends string> = { readonly on: Property<Field> } & (
  | { readonly is: "eq" | "ne" | "gt" | "ge" | "lt" | "le"; readonly value: string | number }
  | { readonly is: "like" | "ilike"; readonly pattern: string }
  | { readonly is: "in"; readonly values: readonly (string | number)[] }
  | { readonly is: "set" }
  | { readonly is: "differs"; readonly value: string | number }
);
export type ModelCondition = Condition<ModelField>;

export type ModelOrder = { readonly by: ModelField; readonly descending: boolean };

/** `after` is the opaque position that the last page ended with. */
export type ModelsAsk = {
  readonly conditions?: readonly ModelCondition[];
  /** What is equal in all of these is ordered by when it was made, the newest first. */
  readonly order?: readonly ModelOrder[];
  readonly after?: string;
  /** At most this many; capped at 1,000. */
  readonly limit: number;
};
export type ModelVersionsAsk = ModelsAsk & {
  /** Only the highest version of each name. */
  readonly latest?: boolean;
};

export type AssetField = "name" | "type" | "runId" | "description" | "createdAt" | "changedAt";

export type AssetsAsk = {
  readonly conditions?: readonly Condition<AssetField>[];
  readonly order?: readonly { readonly by: AssetField; readonly descending: boolean }[];
  readonly after?: string;
  /** At most this many; capped at 1,000. */
  readonly limit: number;
};
