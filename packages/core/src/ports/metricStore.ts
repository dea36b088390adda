// Where metrics are kept: one store for the SDK's metrics and MLflow's. A metric of a run is a name and its rows, in order of time.
import type { Instant, Scope } from "../domain/scope.ts";

export type MetricColumnType = "int" | "double" | "string" | "bool" | "artifact";

/** NaN and the infinities are numbers here; how the wire writes them is the edge's business. */
export type MetricCell = number | string | boolean | null;

/** One logged value. Rows of the same `metricId` are the same row: a request that is repeated adds nothing. */
export type MetricRow = {
  readonly metricId?: string;
  readonly createdAt: Instant;
  readonly step?: number;
  readonly data: Readonly<Record<string, MetricCell>>;
};

/** Rows to add to a metric. Columns are merged with those that are there. */
export type MetricPost = {
  readonly name: string;
  readonly namespace?: string;
  readonly columns: Readonly<Record<string, MetricColumnType>>;
  readonly rows: readonly MetricRow[];
  /** What kind of chart the SDK meant: `azureml.v1.scalar` and its like. Kept from the first post that says it. */
  readonly uxMetricType?: string;
};

export type MetricDefinition = {
  readonly name: string;
  readonly namespace?: string;
  readonly columns: Readonly<Record<string, MetricColumnType>>;
  readonly uxMetricType?: string;
  readonly rows: number;
};

/** The newest value of a scalar metric, as MLflow means it: the largest step, then time, then value. */
export type LatestMetric = {
  readonly name: string;
  readonly value: number;
  readonly step: number;
  readonly at: Instant;
};

export interface MetricStore {
  /** Adds rows, durably, in the order given. Rows that are there already (by metricId) are passed over. */
  add(scope: Scope, runId: string, posts: readonly MetricPost[]): Promise<void>;
  /** Metrics of the run in order of name. `after` is the last name of the page before. */
  list(
    scope: Scope,
    runId: string,
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<{ readonly values: readonly MetricDefinition[]; readonly next?: string }>;
  get(scope: Scope, runId: string, name: string): Promise<MetricDefinition | undefined>;
  /** Rows in order of `createdAt`, those of one post in the order they came. `after` is where the page before ended, opaque. */
  rows(
    scope: Scope,
    runId: string,
    name: string,
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<{ readonly values: readonly MetricRow[]; readonly next?: string }>;
  /** About `count` rows, evenly taken over all, the first and the last among them. */
  sample(scope: Scope, runId: string, name: string, count: number): Promise<readonly MetricRow[]>;
  /** The newest value of every scalar metric, for each run that has any. */
  latest(scope: Scope, runIds: readonly string[]): Promise<ReadonlyMap<string, readonly LatestMetric[]>>;
  /** Removes metrics of a run; not there is success. */
  remove(scope: Scope, runId: string, names: readonly string[]): Promise<void>;
}
