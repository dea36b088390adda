// Metrics of one or many runs as plots need them: put together in buckets, so that a million values are a few hundred.
import Type, { type Static } from "typebox";
import { integer, model, nullable, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { RUN_ID_PATTERN, workspaceParams, workspacePath } from "../scope.ts";

/** What a plot has on its horizontal axis. */
export const SERIES_AXES = ["step", "time", "relativeTime"] as const;

export const MetricSeriesAsk = model("MetricSeriesAsk", {
  runIds: Type.Array(Type.String({ pattern: RUN_ID_PATTERN }), {
    description: "At most 100. Runs that are not there, or lack a metric, have no series in the answer.",
  }),
  names: Type.Array(Type.String(), {
    description: "Names of metrics, at most 100, and at most 1,000 series in all.",
  }),
  namespace: optional(
    Type.String({
      description:
        "Default: none, where users log. Names that begin with `system/` are looked for in `system` as well: what the service measured.",
    }),
  ),
  x: optional(
    oneOf(SERIES_AXES, {
      description:
        "Default: step. Times are milliseconds: since 1970, or since the run began (was made, where it has not begun).",
    }),
  ),
  from: optional(Type.Number({ description: "Only values whose x is not less." })),
  to: optional(Type.Number({ description: "Only values whose x is not greater." })),
  points: optional(
    integer({
      minimum: 1,
      maximum: 5000,
      description: "At most so many buckets in a series. Default: 500. At most 500,000 in all.",
    }),
  ),
});
export type MetricSeriesAsk = Static<typeof MetricSeriesAsk>;

const numbers = (description: string) => Type.Array(nullable(Type.Number()), { description });

/** Values that no plot can place, of one bucket. */
export const NonFiniteMark = model("NonFiniteMark", {
  value: oneOf(["NaN", "Infinity", "-Infinity"]),
  x: Type.Number({ description: "Of the first of them." }),
  count: integer({ format: "int64" }),
});
export type NonFiniteMark = Static<typeof NonFiniteMark>;

export const MetricSeries = model("MetricSeries", {
  runId: Type.String(),
  name: Type.String(),
  namespace: optional(Type.String()),
  uxMetricType: optional(Type.String({ description: "What the SDK meant it to be shown as." })),
  axis: oneOf([...SERIES_AXES, "index"], {
    description:
      "What x is. `index` where steps were asked for and the run gave none: the place of a value among all, from 0.",
  }),
  total: integer({ format: "int64", description: "Rows of the metric, whatever is asked for." }),
  firstX: Type.Number({ description: "The least x of all its rows." }),
  lastX: Type.Number({ description: "The greatest x of all its rows." }),
  startedAt: optional(
    Type.Number({ description: "For relativeTime: where 0 is, in milliseconds since 1970." }),
  ),
  width: Type.Number({
    description:
      "Bucket i of a plot is from i·width up to, not including, (i+1)·width: the same for all runs, and for the same range always.",
  }),
  x: Type.Array(Type.Number(), {
    description: "For each bucket that has values the x of its last one; ascending.",
  }),
  min: numbers("The least value of the bucket. Null where it has only NaN or infinities, as all below."),
  max: numbers("The greatest value."),
  mean: numbers("The mean."),
  last: numbers("The last value: of the greatest x, then of the latest time."),
  count: Type.Array(integer({ format: "int64" }), {
    description: "How many values, NaN and infinities among them.",
  }),
  nonFinite: Type.Array(NonFiniteMark, {
    description: "One for each kind in each bucket, in the order of the buckets.",
  }),
});
export type MetricSeries = Static<typeof MetricSeries>;

export const metricSeries = operation({
  id: "Malachite_MetricSeries",
  method: "POST",
  path: `/malachite/v1.0${workspacePath}/metrics/series`,
  summary: "Metrics of runs as plots need them, in buckets: no peak is lost, and a smaller range is finer.",
  source: "malachite",
  params: Type.Object(workspaceParams),
  body: { kind: "json", schema: MetricSeriesAsk, required: true },
  answer: {
    kind: "json",
    schema: model("MetricSeriesList", { value: Type.Array(MetricSeries) }),
    description: "The series that there are, by name as asked for, then by run as asked for.",
  },
});
