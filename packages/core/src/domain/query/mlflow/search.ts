// A search of MLflow's language as data: clauses that all hold, and an order. parseSearch.ts makes it from text.

export type SearchKey = {
  readonly of: "attribute" | "metric" | "param" | "tag" | "dataset";
  /** The name of an attribute in its own spelling, or the user's key. */
  readonly key: string;
};

export type Comparator =
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "LIKE"
  | "ILIKE"
  | "IN"
  | "NOT IN"
  | "IS NULL"
  | "IS NOT NULL";

/**
 * Holds only for what has the thing that is compared: `params.x != 'a'` is false without a parameter x. NULL tests alone see
 * what is missing. A NaN is comparable with nothing.
 */
export type SearchClause = {
  readonly key: SearchKey;
  readonly comparator: Comparator;
  /** Absent for NULL tests, a list for IN and NOT IN. */
  readonly value?: string | number | readonly string[];
};

/** What is missing comes last, whichever the direction, and a NaN right before it. */
export type SearchOrder = { readonly key: SearchKey; readonly descending: boolean };
