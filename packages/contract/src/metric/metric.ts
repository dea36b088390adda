// Metrics as the newer API has them (metric v2.0): a name, columns with types, and rows.
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { anyObject, dateTime, integer, mapOf, model, optional } from "../model.ts";

export const MetricV2Value = model("MetricV2Value", {
  metricId: optional(Type.String({ description: "The same id twice is the same value." })),
  createdUtc: optional(dateTime()),
  step: optional(integer({ format: "int64" })),
  data: optional(
    anyObject({
      description:
        'A cell for each column: a number, a text, true, false or null; "NaN", "Infinity", "-Infinity".',
    }),
  ),
});
export type MetricV2Value = Static<typeof MetricV2Value>;

export const MetricProperties = model("MetricProperties", { uxMetricType: optional(Type.String()) });

/** What is posted; clients send the properties too. */
export const IMetricV2 = model("IMetricV2", {
  dataContainerId: optional(Type.String()),
  name: optional(Type.String()),
  columns: optional(mapOf(Type.String(), { description: "Int, Double, String, Bool or Artifact." })),
  namespace: optional(Type.String()),
  standardSchemaId: optional(Type.String()),
  value: optional(Type.Array(MetricV2Value)),
  properties: optional(MetricProperties),
});
export type IMetricV2 = Static<typeof IMetricV2>;

export const BatchIMetricV2 = model("BatchIMetricV2", {
  values: optional(Type.Array(IMetricV2)),
  reportErrors: optional(Type.Boolean()),
});

export const PostRunMetricsResult = model("PostRunMetricsResult", {
  errors: optional(
    Type.Array(
      model("PostRunMetricsError", { metric: optional(IMetricV2), errorResponse: optional(ErrorResponse) }),
    ),
  ),
});
export type PostRunMetricsResult = Static<typeof PostRunMetricsResult>;

export const ListMetrics = model("ListMetrics", {
  metricNamespace: optional(Type.String()),
  continuationToken: optional(Type.String()),
});

export const MetricDefinition = model("MetricDefinition", {
  metricKey: optional(
    model("DerivedMetricKey", {
      namespace: optional(Type.String()),
      name: optional(Type.String()),
      labels: optional(Type.Array(Type.String())),
      columnNames: optional(Type.Array(Type.String())),
    }),
  ),
  columns: optional(mapOf(Type.String())),
  properties: optional(MetricProperties),
  numValuesLogged: optional(
    integer({ format: "int64", description: "How many rows it has; Malachite alone tells." }),
  ),
});
export type MetricDefinition = Static<typeof MetricDefinition>;

/** The last page has no token. */
const token = optional(Type.Union([Type.String(), Type.Null()]));

export const PaginatedMetricDefinitionList = model("PaginatedMetricDefinitionList", {
  value: optional(Type.Array(MetricDefinition)),
  continuationToken: token,
  nextLink: token,
});

export const RetrieveFullFidelityMetricRequest = model("RetrieveFullFidelityMetricRequest", {
  metricName: Type.String(),
  continuationToken: optional(Type.String()),
  startTime: optional(dateTime()),
  endTime: optional(dateTime()),
  metricNamespace: optional(Type.String()),
});

export const GetSampledMetricRequest = model("GetSampledMetricRequest", {
  metricName: Type.String(),
  metricNamespace: optional(Type.String()),
});

const metricV2 = {
  dataContainerId: optional(Type.String()),
  name: optional(Type.String()),
  columns: optional(mapOf(Type.String())),
  properties: optional(MetricProperties),
  namespace: optional(Type.String()),
  standardSchemaId: optional(Type.String()),
  value: optional(Type.Array(MetricV2Value)),
  continuationToken: token,
  nextLink: token,
};

export const MetricV2 = model("MetricV2", metricV2);
export type MetricV2 = Static<typeof MetricV2>;

export const MetricSample = model("MetricSample", {
  ...metricV2,
  derivedLabelValues: optional(mapOf(Type.String())),
  isPartialResult: optional(Type.Boolean()),
  numValuesLogged: optional(integer({ format: "int64" })),
});
export type MetricSample = Static<typeof MetricSample>;
