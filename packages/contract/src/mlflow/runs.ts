// Runs and what is logged to them, as MLflow's REST API has them.
import Type from "typebox";
import { integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { get, gives, inWorkspace, nothing, post, source, trackingAddresses } from "./address.ts";
import {
  DatasetInput,
  double,
  int64,
  KeyValue,
  Metric,
  ModelInput,
  ModelOutput,
  RUN_STATES,
  Run,
  RunInfo,
  VIEW_TYPES,
} from "./models.ts";

/** The run by one of two names: `run_uuid` is what MLflow 1 called it. */
const byRun = { run_id: optional(Type.String()), run_uuid: optional(Type.String()) };
const one = gives(model("MlflowOneRun", { run: Run }), "The run.");

export const createRun = post({
  id: "CreateRun",
  path: "/runs/create",
  summary: "Create a run that its caller executes.",
  takes: {
    experiment_id: optional(Type.String({ description: "0, the experiment Default, when it is left out." })),
    user_id: optional(Type.String()),
    run_name: optional(Type.String()),
    start_time: optional(int64()),
    tags: optional(Type.Array(KeyValue)),
  },
  gives: one,
});
export const getRun = get({
  id: "GetRun",
  path: "/runs/get",
  summary: "Get a run with its parameters, tags and latest metrics.",
  takes: byRun,
  gives: one,
});
export const updateRun = post({
  id: "UpdateRun",
  path: "/runs/update",
  summary: "Report a run's status, or name it. The status of a run that the service executes is its own.",
  takes: {
    ...byRun,
    status: optional(oneOf(RUN_STATES)),
    end_time: optional(int64()),
    run_name: optional(Type.String()),
  },
  gives: gives(model("MlflowUpdatedRun", { run_info: RunInfo }), "The run."),
});
export const deleteRun = post({
  id: "DeleteRun",
  path: "/runs/delete",
  summary: "Hide a run.",
  takes: byRun,
  gives: nothing,
});
export const restoreRun = post({
  id: "RestoreRun",
  path: "/runs/restore",
  summary: "Show a hidden run again.",
  takes: byRun,
  gives: nothing,
});
export const searchRuns = post({
  id: "SearchRuns",
  path: "/runs/search",
  summary: "Search runs with MLflow's filter language.",
  takes: {
    experiment_ids: optional(Type.Array(Type.String())),
    filter: optional(Type.String()),
    run_view_type: optional(oneOf(VIEW_TYPES)),
    max_results: optional(integer({ format: "int32" })),
    order_by: optional(Type.Array(Type.String())),
    page_token: optional(Type.String()),
  },
  gives: gives(
    model("MlflowRuns", { runs: Type.Array(Run), next_page_token: optional(Type.String()) }),
    "A page of runs.",
  ),
});

export const logMetric = post({
  id: "LogMetric",
  path: "/runs/log-metric",
  summary: "Log one value of a metric.",
  takes: {
    ...byRun,
    key: Type.String(),
    value: double(),
    timestamp: optional(int64("Now when it is left out.")),
    step: optional(int64()),
    model_id: optional(Type.String()),
    dataset_name: optional(Type.String()),
    dataset_digest: optional(Type.String()),
  },
  gives: nothing,
});
export const logParam = post({
  id: "LogParam",
  path: "/runs/log-parameter",
  summary: "Log a parameter; a parameter never changes.",
  takes: { ...byRun, key: Type.String(), value: optional(Type.String()) },
  gives: nothing,
});
export const setTag = post({
  id: "SetTag",
  path: "/runs/set-tag",
  summary: "Set a tag of a run.",
  takes: { ...byRun, key: Type.String(), value: optional(Type.String()) },
  gives: nothing,
});
export const deleteTag = post({
  id: "DeleteTag",
  path: "/runs/delete-tag",
  summary: "Remove a tag of a run.",
  takes: { ...byRun, key: Type.String() },
  gives: nothing,
});

const batch = {
  ...byRun,
  metrics: optional(Type.Array(Metric)),
  params: optional(Type.Array(KeyValue)),
  tags: optional(Type.Array(KeyValue)),
};
export const logBatch = post({
  id: "LogBatch",
  path: "/runs/log-batch",
  summary: "Log metrics, parameters and tags at once.",
  takes: batch,
  gives: nothing,
});
/** The plug-in's own call: the batch is written at once all the same, so there is no tracking id to ask about. */
export const logBatchAsync = operation({
  id: "Mlflow_LogBatchAsync",
  method: "POST",
  ...trackingAddresses("/api/2.0/preview/mlflow/runs/log-batch-async"),
  summary: "Log metrics, parameters and tags; they are kept when this is answered.",
  source,
  params: inWorkspace,
  body: { kind: "json", schema: model("MlflowLogBatchAsync", batch), required: true },
  answer: gives(model("MlflowBatchTracking", { batch_tracking_id: Type.String() }), "Empty: all is kept."),
});
export const getRunDataStatus = operation({
  id: "Mlflow_GetRunDataStatus",
  method: "GET",
  ...trackingAddresses("/api/2.0/preview/mlflow/runs/get-run-data-status"),
  summary: "Whether a batch is kept: always.",
  source,
  params: inWorkspace,
  query: Type.Object({ run_id: Type.String(), batch_tracking_id: optional(Type.String()) }),
  answer: gives(model("MlflowRunDataStatus", { is_complete: Type.Boolean() }), "Whether it is kept."),
});
export const logInputs = post({
  id: "LogInputs",
  path: "/runs/log-inputs",
  summary: "Log the datasets and models that a run read.",
  takes: {
    ...byRun,
    datasets: optional(Type.Array(DatasetInput)),
    models: optional(Type.Array(ModelInput)),
  },
  gives: nothing,
});
export const logOutputs = post({
  id: "LogOutputs",
  path: "/runs/outputs",
  summary: "Log the models that a run made.",
  takes: { ...byRun, models: optional(Type.Array(ModelOutput)) },
  gives: nothing,
});
export const logModel = post({
  id: "LogModel",
  path: "/runs/log-model",
  summary: "Note that a model was logged, in the tag mlflow.log-model.history.",
  takes: { ...byRun, model_json: Type.String() },
  gives: nothing,
});

const history = gives(
  model("MlflowMetrics", { metrics: Type.Array(Metric), next_page_token: optional(Type.String()) }),
  "Values of the metric, in order of time.",
);
export const getMetricHistory = get({
  id: "GetMetricHistory",
  path: "/metrics/get-history",
  summary: "Every value of a metric of a run.",
  takes: {
    ...byRun,
    metric_key: Type.String(),
    page_token: optional(Type.String()),
    max_results: optional(integer({ format: "int32" })),
  },
  gives: history,
});
export const getMetricHistoryBulk = get({
  id: "GetMetricHistoryBulk",
  path: "/metrics/get-history-bulk",
  summary: "Values of a metric of several runs.",
  takes: {
    run_id: optional(Type.Array(Type.String())),
    run_ids: optional(Type.Array(Type.String())),
    metric_key: Type.String(),
    max_results: optional(integer({ format: "int32" })),
  },
  gives: history,
});
export const getMetricHistoryBulkInterval = get({
  id: "GetMetricHistoryBulkInterval",
  path: "/metrics/get-history-bulk-interval",
  summary: "A sample of the values of a metric of several runs.",
  takes: {
    run_id: optional(Type.Array(Type.String())),
    run_ids: optional(Type.Array(Type.String())),
    metric_key: Type.String(),
    start_step: optional(integer({ format: "int32" })),
    end_step: optional(integer({ format: "int32" })),
    max_results: optional(integer({ format: "int32" })),
  },
  gives: history,
});
