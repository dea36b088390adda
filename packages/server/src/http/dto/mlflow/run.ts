// Runs, experiments and logged models as MLflow's clients read them.
import type { mlflow } from "@malachite/contract";
import {
  type DatasetUse,
  type Experiment,
  type LoggedModel,
  modelPlace,
  proxiedUri,
  runPlace,
  STATE_OF,
  shownTags,
  type TrackedRun,
  tagTexts,
} from "@malachite/core";
import type { Uris } from "./uris.ts";
import { doubleOut, keyValues } from "./words.ts";

export function runInfoDto({ run, status }: Pick<TrackedRun, "run" | "status">, uris: Uris): mlflow.RunInfo {
  const { startedAt, endedAt } = run.life;
  return {
    run_id: run.id,
    run_uuid: run.id,
    run_name: run.about.displayName ?? run.about.name ?? run.id,
    experiment_id: run.experimentId,
    user_id: run.about.tags["mlflow.user"] ?? run.createdBy.name,
    status: STATE_OF[status],
    ...(startedAt === undefined ? {} : { start_time: Math.trunc(startedAt) }),
    ...(endedAt === undefined ? {} : { end_time: Math.trunc(endedAt) }),
    artifact_uri: uris(runPlace(run.id), run.experimentId),
    lifecycle_stage: run.about.hidden === true ? "deleted" : "active",
  };
}

export const trackedRunDto = (tracked: TrackedRun, uris: Uris): mlflow.Run => ({
  info: runInfoDto(tracked, uris),
  data: {
    metrics: tracked.metrics.map(({ name, value, step, at }) => ({
      key: name,
      value: doubleOut(value),
      timestamp: Math.trunc(at),
      step,
    })),
    params: keyValues(tracked.log.params),
    tags: keyValues(shownTags(tracked.run)),
  },
  inputs: {
    dataset_inputs: tracked.log.datasets.map(datasetDto),
    model_inputs: tracked.log.modelInputs.map((id) => ({ model_id: id })),
  },
  outputs: {
    model_outputs: tracked.log.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step })),
  },
});

const datasetDto = (use: DatasetUse): mlflow.DatasetInput => ({
  tags: keyValues(use.tags),
  dataset: {
    name: use.name,
    digest: use.digest,
    source_type: use.sourceType,
    source: use.source,
    ...(use.schema === undefined ? {} : { schema: use.schema }),
    ...(use.profile === undefined ? {} : { profile: use.profile }),
  },
});

/** Files belong to runs; an experiment only has a place that could hold some. */
export const trackedExperimentDto = (experiment: Experiment): mlflow.Experiment => ({
  experiment_id: experiment.id,
  name: experiment.name,
  artifact_location: proxiedUri({ container: `mlflow-experiment.${experiment.id}`, path: "" }),
  lifecycle_stage: experiment.archivedAt === undefined ? "active" : "deleted",
  creation_time: experiment.createdAt,
  last_update_time: experiment.changedAt ?? experiment.createdAt,
  tags: keyValues(tagTexts(experiment.tags)),
});

const STATES = {
  PENDING: "LOGGED_MODEL_PENDING",
  READY: "LOGGED_MODEL_READY",
  FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
} as const;

export const loggedModelDto = (model: LoggedModel, uris: Uris): mlflow.LoggedModel => ({
  info: {
    model_id: model.id,
    experiment_id: model.experimentId,
    name: model.name,
    creation_timestamp_ms: model.createdAt,
    last_updated_timestamp_ms: model.changedAt,
    artifact_uri: uris(modelPlace(model), model.experimentId),
    status: STATES[model.state],
    ...(model.type === undefined ? {} : { model_type: model.type }),
    ...(model.sourceRunId === undefined ? {} : { source_run_id: model.sourceRunId }),
    tags: keyValues(model.tags),
  },
  data: {
    params: keyValues(model.params),
    metrics: model.metrics.map((metric) => ({
      key: metric.name,
      value: doubleOut(metric.value),
      timestamp: metric.at,
      step: metric.step,
      model_id: model.id,
      run_id: metric.runId,
      ...(metric.datasetName === undefined ? {} : { dataset_name: metric.datasetName }),
      ...(metric.datasetDigest === undefined ? {} : { dataset_digest: metric.datasetDigest }),
    })),
  },
});
