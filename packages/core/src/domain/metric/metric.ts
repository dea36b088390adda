// What a metric is, to whichever client: a name, columns, and rows in order of time.
import type { Instant } from "../scope.ts";

/** `none` is the type of a column that has held only null so far; the first value gives it another. */
export type MetricColumnType = "int" | "double" | "string" | "bool" | "artifact" | "none";
export type MetricColumns = Readonly<Record<string, MetricColumnType>>;

/** NaN and the infinities are numbers here; how the wire writes them is the edge's business. */
export type MetricCell = number | string | boolean | null;

/** A metric of a run. Clients of today know no namespace. */
export type MetricKey = { readonly name: string; readonly namespace?: string };

/** One logged value. */
export type MetricRow = {
  /** Rows of the same id in one metric are the same row: a request that is repeated adds nothing. */
  readonly metricId?: string;
  /** With a fraction where the client's clock is finer than a millisecond: the order of rows depends on it. */
  readonly createdAt: Instant;
  /** A safe integer. */
  readonly step?: number;
  readonly data: Readonly<Record<string, MetricCell>>;
};

/** Rows to add to a metric. Columns are merged with those that are there: `none` gives way, and int to double. */
export type MetricPost = MetricKey & {
  readonly columns: MetricColumns;
  readonly rows: readonly MetricRow[];
  /** What kind of chart the SDK meant: `azureml.v1.scalar` and its like. Kept from the first post that says it. */
  readonly uxMetricType?: string;
  /** `content`: rows without a metricId are the same row when time, step and value are, as MLflow has it. */
  readonly sameBy?: "content";
  /** `widen`: a column that has another type becomes a string column instead of a fault. */
  readonly onClash?: "widen";
};

export type MetricDefinition = MetricKey & {
  readonly columns: MetricColumns;
  readonly uxMetricType?: string;
  readonly rows: number;
};

/** The newest value of a metric of numbers, as MLflow means it: the largest step, then time, then value. A row without step has 0. */
export type LatestMetric = {
  readonly name: string;
  readonly value: number;
  readonly step: number;
  readonly at: Instant;
};
