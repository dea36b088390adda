// What MLflow's REST API sends and reads, by the public REST documentation. Times are milliseconds since 1970.
import Type, { type Static } from "typebox";
import { integer, model, optional } from "../model.ts";

export const int64 = (description?: string) =>
  integer({ format: "int64", ...(description === undefined ? {} : { description }) });

/** A number, or one of the words "NaN", "Infinity" and "-Infinity", for which JSON has no number. */
export const double = () =>
  Type.Unsafe<number | string>({ description: 'A number, or "NaN", "Infinity" or "-Infinity".' });

export const VIEW_TYPES = ["ACTIVE_ONLY", "DELETED_ONLY", "ALL"] as const;
export const RUN_STATES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] as const;
export type RunState = (typeof RUN_STATES)[number];

/** A key and its text: a tag or a parameter. */
export const KeyValue = model("MlflowKeyValue", {
  key: optional(Type.String()),
  value: optional(Type.String()),
});
export type KeyValue = Static<typeof KeyValue>;

export const Experiment = model("MlflowExperiment", {
  experiment_id: Type.String(),
  name: Type.String(),
  artifact_location: Type.String(),
  lifecycle_stage: Type.String({ description: "active or deleted." }),
  creation_time: int64(),
  last_update_time: int64(),
  tags: Type.Array(KeyValue),
});
export type Experiment = Static<typeof Experiment>;

export const Metric = model("MlflowMetric", {
  key: optional(Type.String()),
  value: optional(double()),
  timestamp: optional(int64()),
  step: optional(int64()),
  model_id: optional(Type.String()),
  dataset_name: optional(Type.String()),
  dataset_digest: optional(Type.String()),
  run_id: optional(Type.String()),
});
export type Metric = Static<typeof Metric>;

export const Dataset = model("MlflowDataset", {
  name: optional(Type.String()),
  digest: optional(Type.String()),
  source_type: optional(Type.String()),
  source: optional(Type.String()),
  schema: optional(Type.String()),
  profile: optional(Type.String()),
});
export type Dataset = Static<typeof Dataset>;

export const DatasetInput = model("MlflowDatasetInput", {
  tags: optional(Type.Array(KeyValue)),
  dataset: optional(Dataset),
});
export type DatasetInput = Static<typeof DatasetInput>;

export const ModelInput = model("MlflowModelInput", { model_id: optional(Type.String()) });
export const ModelOutput = model("MlflowModelOutput", {
  model_id: optional(Type.String()),
  step: optional(int64()),
});

export const RunInfo = model("MlflowRunInfo", {
  run_id: Type.String(),
  run_uuid: Type.String({ description: "The same as run_id, for clients of MLflow 1." }),
  run_name: optional(Type.String()),
  experiment_id: Type.String(),
  user_id: optional(Type.String()),
  status: Type.String(),
  start_time: optional(int64()),
  end_time: optional(int64()),
  artifact_uri: Type.String(),
  lifecycle_stage: Type.String(),
});
export type RunInfo = Static<typeof RunInfo>;

export const Run = model("MlflowRun", {
  info: RunInfo,
  data: model("MlflowRunData", {
    metrics: Type.Array(Metric),
    params: Type.Array(KeyValue),
    tags: Type.Array(KeyValue),
  }),
  inputs: model("MlflowRunInputs", {
    dataset_inputs: Type.Array(DatasetInput),
    model_inputs: Type.Array(ModelInput),
  }),
  outputs: model("MlflowRunOutputs", { model_outputs: Type.Array(ModelOutput) }),
});
export type Run = Static<typeof Run>;

export const FileInfo = model("MlflowFileInfo", {
  path: Type.String(),
  is_dir: Type.Boolean(),
  file_size: optional(int64()),
});
export type FileInfo = Static<typeof FileInfo>;

export const LoggedModel = model("MlflowLoggedModel", {
  info: model("MlflowLoggedModelInfo", {
    model_id: Type.String(),
    experiment_id: Type.String(),
    name: Type.String(),
    creation_timestamp_ms: int64(),
    last_updated_timestamp_ms: int64(),
    artifact_uri: Type.String(),
    status: Type.String(),
    model_type: optional(Type.String()),
    source_run_id: optional(Type.String()),
    tags: Type.Array(KeyValue),
  }),
  data: model("MlflowLoggedModelData", {
    params: Type.Array(KeyValue),
    metrics: Type.Array(Metric),
  }),
});
export type LoggedModel = Static<typeof LoggedModel>;
