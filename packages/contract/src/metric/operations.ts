// Operations on metrics: the newer API by runs, and the older one, which is a part of run history.
import Type from "typebox";
import { QueryParams } from "../history/query.ts";
import { integer, optional } from "../model.ts";
import { operation } from "../operation.ts";
import {
  experimentId,
  experimentName,
  runAddresses,
  runId,
  workspaceParams,
  workspacePath,
} from "../scope.ts";
import {
  BatchIMetricV2,
  GetSampledMetricRequest,
  ListMetrics,
  MetricSample,
  MetricV2,
  PaginatedMetricDefinitionList,
  PostRunMetricsResult,
  RetrieveFullFidelityMetricRequest,
} from "./metric.ts";
import { BatchMetric, Metric, mergeStrategy, PaginatedRunMetricList, RunMetric } from "./runMetric.ts";

const base = "/metric/v2.0";
const source = "metric v2.0";
const older = "/history/v1.0";
const olderSource = "runHistory 2019-09-30";
const inExperiment = {
  ...workspaceParams,
  experimentName: optional(experimentName),
  experimentId: optional(experimentId),
};
const oneRun = Type.Object({ ...inExperiment, runId });

export const postMetrics = operation({
  id: "Metrics_PostRunMetrics",
  method: "POST",
  ...runAddresses(base, "/batch"),
  summary:
    "Add values to metrics of a run. Metrics that cannot be kept are told with status 207, the others are kept.",
  source,
  params: oneRun,
  body: { kind: "json", schema: BatchIMetricV2, required: true, nonFinite: true },
  answer: { kind: "json", schema: PostRunMetricsResult, description: "What could not be kept." },
});
export const listMetrics = operation({
  id: "Metrics_ListMetric",
  method: "POST",
  ...runAddresses(base, "/list"),
  summary: "List the metrics of a run by name.",
  source,
  params: oneRun,
  body: { kind: "json", schema: ListMetrics, required: false },
  answer: { kind: "json", schema: PaginatedMetricDefinitionList, description: "A page of metrics." },
});
export const getFullMetric = operation({
  id: "Metrics_GetFullFidelityMetric",
  method: "POST",
  ...runAddresses(base, "/full"),
  summary: "The values of a metric in order of time.",
  source,
  params: oneRun,
  body: { kind: "json", schema: RetrieveFullFidelityMetricRequest, required: true },
  answer: { kind: "json", schema: MetricV2, description: "The metric with a page of its values." },
});
export const sampleMetric = operation({
  id: "Metrics_GetSampledMetric",
  method: "POST",
  ...runAddresses(base, "/sample"),
  summary: "Values of a metric, evenly taken over time.",
  source,
  params: oneRun,
  body: { kind: "json", schema: GetSampledMetricRequest, required: true },
  answer: { kind: "json", schema: MetricSample, description: "The metric with some of its values." },
});
export const deleteMetrics = operation({
  id: "Metrics_DeleteMetricsByRunId",
  method: "DELETE",
  ...runAddresses(base, "/deleteMetrics"),
  summary: "Remove all metrics of a run.",
  source,
  params: oneRun,
  answer: { kind: "empty", description: "The metrics are gone." },
});

export const postRunMetric = operation({
  id: "RunMetrics_Post",
  method: "POST",
  ...runAddresses(older, "/metrics"),
  summary: "Post a metric to a run.",
  source: olderSource,
  params: oneRun,
  body: { kind: "json", schema: Metric, required: true, nonFinite: true },
  answer: { kind: "empty", description: "The metric is kept." },
});
export const postRunMetrics = operation({
  id: "RunMetrics_BatchPost",
  method: "POST",
  ...runAddresses(older, "/batch/metrics"),
  summary: "Post metrics to a run.",
  source: olderSource,
  params: oneRun,
  body: { kind: "json", schema: BatchMetric, required: true, nonFinite: true },
  answer: { kind: "empty", description: "The metrics are kept." },
});
export const getRunMetric = operation({
  id: "RunMetrics_Get",
  method: "GET",
  path: `${older}${workspacePath}/experiments/{experimentName}/metrics/{metricId}`,
  alsoAt: [`${older}${workspacePath}/experimentids/{experimentId}/metrics/{metricId}`],
  summary: "Get a metric by its id.",
  source: olderSource,
  params: Type.Object({ ...inExperiment, metricId: Type.String({ format: "uuid" }) }),
  answer: { kind: "json", schema: RunMetric, description: "The metric." },
});
export const queryRunMetrics = operation({
  id: "RunMetrics_GetByQuery",
  method: "POST",
  path: `${older}${workspacePath}/experiments/{experimentName}/metrics:query`,
  alsoAt: [`${older}${workspacePath}/experimentids/{experimentId}/metrics:query`],
  summary: "List metrics of an experiment's runs by a query.",
  source: olderSource,
  params: Type.Object(inExperiment),
  query: Type.Object(mergeStrategy),
  body: { kind: "json", schema: QueryParams, required: false },
  answer: { kind: "json", schema: PaginatedRunMetricList, description: "A page of metrics." },
});
export const listRunMetrics = operation({
  id: "RunMetrics_List",
  method: "GET",
  path: `${older}${workspacePath}/experiments/{experimentName}/metrics`,
  summary: "List metrics of an experiment's runs, as the first releases of the v1 SDK do it.",
  source: "sdk",
  params: Type.Object(inExperiment),
  query: Type.Object({
    $filter: optional(Type.String()),
    $continuationtoken: optional(Type.String()),
    $top: optional(integer({ format: "int32", minimum: 1 })),
    ...mergeStrategy,
  }),
  answer: { kind: "json", schema: PaginatedRunMetricList, description: "A page of metrics." },
});
export const waitForMetrics = operation({
  id: "RunMetrics_WaitOnIngest",
  method: "GET",
  ...runAddresses(older, "/metricsingest/wait"),
  summary: "Answers when no metric of the run has come for a moment, and all that came can be read.",
  source: "sdk",
  params: oneRun,
  query: Type.Object({ sourceValue: optional(Type.String()) }),
  answer: { kind: "empty", description: "All metrics posted so far can be read." },
});
