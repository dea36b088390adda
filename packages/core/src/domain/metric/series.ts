// Metrics as plots ask for them and get them. Types only; buckets.ts says what a bucket is.
import type { Instant } from "../scope.ts";
import type { Bucket, SeriesAxis } from "./buckets.ts";
import type { MetricKey } from "./metric.ts";

/** Which metrics of which runs a plot shows. */
export type SeriesAsk = {
  readonly runIds: readonly string[];
  readonly names: readonly string[];
  /** None: what users log, and for names of the system's (`SYSTEM_PREFIX`) what the service measured, where nobody logged that. */
  readonly namespace?: string;
  readonly x: Exclude<SeriesAxis, "index">;
  readonly from?: number;
  readonly to?: number;
  /** So many buckets at most. */
  readonly points: number;
};

/** A metric of a run in buckets. */
export type MetricSeries = MetricKey & {
  readonly runId: string;
  readonly uxMetricType?: string;
  readonly axis: SeriesAxis;
  /** Of all its rows: how many, the least x and the greatest. */
  readonly total: number;
  readonly firstX: number;
  readonly lastX: number;
  /** Where 0 is of relative times: when the run began, or was made. */
  readonly startedAt?: Instant;
  readonly width: number;
  readonly buckets: readonly Bucket[];
};
