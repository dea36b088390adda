// Metrics as the older API has them (runHistory.json): what was logged at once is a metric of its own, in cells.
import Type, { type Static } from "typebox";
import { pageOf } from "../history/query.ts";
import { anyObject, dateTime, integer, model, oneOf, optional } from "../model.ts";

export const MetricSchema = model("MetricSchema", {
  numProperties: optional(integer({ format: "int32" })),
  properties: optional(
    Type.Array(
      model("MetricSchemaProperty", {
        propertyId: optional(Type.String()),
        name: optional(Type.String()),
        type: optional(Type.String()),
      }),
    ),
  ),
});

const metric = {
  metricId: optional(Type.String({ format: "uuid" })),
  dataContainerId: optional(Type.String()),
  metricType: optional(Type.String()),
  createdUtc: optional(dateTime()),
  name: optional(Type.String()),
  description: optional(Type.String()),
  label: optional(Type.String()),
  numCells: optional(integer({ format: "int32" })),
  dataLocation: optional(Type.String()),
  cells: optional(Type.Array(anyObject())),
  schema: optional(MetricSchema),
};

export const Metric = model("Metric", metric);
export type Metric = Static<typeof Metric>;

export const BatchMetric = model("BatchMetric", { values: optional(Type.Array(Metric)) });

export const RunMetric = model("RunMetric", { runId: optional(Type.String()), ...metric });
export type RunMetric = Static<typeof RunMetric>;

export const PaginatedRunMetricList = pageOf("PaginatedRunMetricList", RunMetric);

/** How values of one name are put together in the answers of a query. */
export const mergeStrategy = {
  MergeStrategyType: optional(oneOf(["Default", "None", "MergeToVector"])),
  MergeStrategyOptions: optional(oneOf(["None", "ReportUnmergedMetricsValues"])),
  "MergeStrategySettings.Version": optional(Type.String()),
  "MergeStrategySettings.SelectMetrics": optional(
    oneOf(["SelectAll", "SelectByFirstValueSchema", "SelectByFirstValueSchemaMergeNumericValues"]),
  ),
};
