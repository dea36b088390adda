// Where metrics are kept: one store for the SDK's metrics and MLflow's. A metric of a run is a name and its rows, in order of time.
import type {
  LatestMetric,
  MetricColumnType,
  MetricDefinition,
  MetricKey,
  MetricPost,
  MetricRow,
} from "../domain/metric/metric.ts";
import type { MetricSeries, SeriesAsk } from "../domain/metric/series.ts";
import type { Instant, Scope } from "../domain/scope.ts";

/** Why a post was refused as a whole: a column has another type already, or there are too many. `post` is its place among the posts. */
export type MetricRefusal = { readonly post: number } & (
  | {
      readonly why: "type";
      readonly column: string;
      readonly has: MetricColumnType;
      readonly given: MetricColumnType;
    }
  | { readonly why: "columns"; readonly most: number }
);

export type MetricPage<T> = { readonly values: readonly T[]; readonly next?: string };

export interface MetricStore {
  /**
   * Adds rows, durably, in the order given. Rows that are there already are passed over; a refused post is told and stops no other.
   * Many rows are written in several transactions, so after a crash some of them may be there: adding them again is safe when
   * they have ids or are the same by content. Throws RunNotFound.
   */
  add(scope: Scope, runId: string, posts: readonly MetricPost[]): Promise<readonly MetricRefusal[]>;
  /** Metrics of the run in order of name. `after` is where the page before ended, opaque. Throws BadContinuationToken. */
  list(
    scope: Scope,
    runId: string,
    ask: { readonly namespace?: string; readonly after?: string; readonly limit: number },
  ): Promise<MetricPage<MetricDefinition>>;
  get(scope: Scope, runId: string, key: MetricKey): Promise<MetricDefinition | undefined>;
  /**
   * Rows in order of `createdAt`, then step, then arrival; those `from` and `to` a time, both inclusive, when given. `after` is
   * where the page before ended, opaque. A page ends before `limit` when its rows are large. Throws BadContinuationToken.
   */
  rows(
    scope: Scope,
    runId: string,
    key: MetricKey,
    ask: {
      readonly after?: string;
      readonly limit: number;
      readonly from?: Instant;
      readonly to?: Instant;
    },
  ): Promise<MetricPage<MetricRow>>;
  /** About `count` rows, evenly taken over the time of all, the first and the last among them. */
  sample(scope: Scope, runId: string, key: MetricKey, count: number): Promise<readonly MetricRow[]>;
  /**
   * For each run at most about `count` rows with numbers, evenly taken over the steps of all the runs together, in order of step:
   * what a chart of several runs shows. Runs that log at the same steps are sampled at the same steps.
   */
  sampleSteps(
    scope: Scope,
    runIds: readonly string[],
    key: MetricKey,
    ask: { readonly from?: number; readonly to?: number; readonly count: number },
  ): Promise<ReadonlyMap<string, readonly MetricRow[]>>;
  /**
   * What a plot shows, one series after another: by name, then by run, in the order asked for; those that are not there are left out. All
   * series of a name have the same buckets. Memory does not grow with the rows. The rows are those there when the series is read.
   */
  series(scope: Scope, ask: SeriesAsk): AsyncIterable<MetricSeries>;
  /** The row of that id, wherever in the workspace it is. */
  find(
    scope: Scope,
    metricId: string,
  ): Promise<
    | { readonly runId: string; readonly metric: MetricDefinition; readonly rows: readonly MetricRow[] }
    | undefined
  >;
  /** The newest value of every metric of numbers of the namespace, of those without one unless told, for each run that has any, in order of name. */
  latest(
    scope: Scope,
    runIds: readonly string[],
    namespace?: string,
  ): Promise<ReadonlyMap<string, readonly LatestMetric[]>>;
  /** Removes metrics of a run, all when no keys are given; not there is success. */
  remove(scope: Scope, runId: string, keys?: readonly MetricKey[]): Promise<void>;
}
