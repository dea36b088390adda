// A filter and an order over runs or experiments, as data. parseFilter.ts makes it from text; stores turn it into their own query.

/** A property by its lower-case wire name (`status`, `createdutc`), or one tag, property or trait by its key. */
export type Field =
  | { readonly of: "field"; readonly name: string }
  | { readonly of: "tags" | "properties"; readonly key: string }
  /** A parameter of MLflow's API, and the newest value of a metric: a NaN is missing. */
  | { readonly of: "params" | "metrics"; readonly key: string }
  /** A trait of the run's type: its own name where the run has it, else missing. */
  | { readonly of: "traits"; readonly key: string };

/** Tests of a text for another in it: they mind case, and never hold for a missing value. */
export type TextTest = "contains" | "startswith" | "endswith";
export type Comparison = "eq" | "ne" | "gt" | "ge" | "lt" | "le";
/** Dates are instants in milliseconds with `date: true`, so that a store can compare them as numbers. */
export type Literal = { readonly value: string | number | boolean | null; readonly date?: true };

/**
 * Two-valued: a missing value equals null and nothing else, so `ne` to anything else holds for it, and `gt ge lt le` with a
 * missing value or with null never hold. Texts are compared by code point.
 */
export type Filter =
  | { readonly op: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly op: "not"; readonly part: Filter }
  | { readonly op: Comparison; readonly field: Field; readonly literal: Literal }
  | { readonly op: TextTest; readonly field: Field; readonly text: string };

/** A missing value is less than any other; of tags, parameters and metrics it comes last, whichever the direction. */
export type Order = { readonly field: Field; readonly descending: boolean };

/** What a list asks for. `after` is the opaque position that the last page ended with. */
export type PageAsk = {
  readonly filter?: Filter;
  /** Newest first when absent or empty. */
  readonly order?: readonly Order[];
  readonly after?: string;
  /** At most this many; stores cap it at 1,000. */
  readonly limit: number;
};
export type Page<T> = { readonly values: readonly T[]; readonly next?: string };
