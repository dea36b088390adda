// What MLflow's clients log to runs.
import { mlflow } from "@malachite/contract";
import { type DatasetUse, type LogBatch, type LoggedMetric, MalachiteError } from "@malachite/core";
import { doubleIn, pairsOf, textsOf } from "../../dto/mlflow/words.ts";
import { given } from "../../dto/run.ts";
import { route } from "../../route.ts";
import { runIdOf } from "./runs.ts";

export const logMetric = route(mlflow.logMetric, async (ask, { flow }) => {
  const sent = await ask.body();
  await flow.tracking.log(ask.scope, runIdOf(sent), { metrics: [metricOf(sent, "")] }, ask.by);
  return {};
});

export const logParam = route(mlflow.logParam, async (ask, { flow }) => {
  const { key, value = "", ...sent } = await ask.body();
  await flow.tracking.log(ask.scope, runIdOf(sent), { params: [[key, value]] }, ask.by);
  return {};
});

export const setTag = route(mlflow.setTag, async (ask, { flow }) => {
  const { key, value = "", ...sent } = await ask.body();
  await flow.tracking.log(ask.scope, runIdOf(sent), { tags: [[key, value]] }, ask.by);
  return {};
});

export const deleteTag = route(mlflow.deleteTag, async (ask, { flow }) => {
  const sent = await ask.body();
  await flow.tracking.removeTag(ask.scope, runIdOf(sent), sent.key, ask.by);
  return {};
});

type Sent = {
  readonly metrics?: readonly mlflow.Metric[];
  readonly params?: readonly mlflow.KeyValue[];
  readonly tags?: readonly mlflow.KeyValue[];
};

const batchOf = ({ metrics = [], params, tags }: Sent): LogBatch => ({
  metrics: metrics.map((metric, i) => metricOf(metric, `metrics[${i}].`)),
  params: pairsOf(params, "params"),
  tags: pairsOf(tags, "tags"),
});

function metricOf(sent: mlflow.Metric, place: string): LoggedMetric {
  if (sent.key === undefined)
    throw new MalachiteError("InvalidRequest", `Missing value for required parameter '${place}key'.`, {
      target: `${place}key`,
    });
  const {
    timestamp: at,
    step,
    model_id: modelId,
    dataset_name: datasetName,
    dataset_digest: datasetDigest,
  } = sent;
  // Property by property: there may be a thousand of these in a request.
  const metric: { -readonly [K in keyof LoggedMetric]: LoggedMetric[K] } = {
    name: sent.key,
    value: doubleIn(sent.value, `${place}value`),
  };
  if (at !== undefined) metric.at = at;
  if (step !== undefined) metric.step = step;
  if (modelId !== undefined) metric.modelId = modelId;
  if (datasetName !== undefined) metric.datasetName = datasetName;
  if (datasetDigest !== undefined) metric.datasetDigest = datasetDigest;
  return metric;
}

export const logBatch = route(mlflow.logBatch, async (ask, { flow }) => {
  const sent = await ask.body();
  await flow.tracking.log(ask.scope, runIdOf(sent), batchOf(sent), ask.by);
  return {};
});

/** Written at once: there is nothing to wait for. */
export const logBatchAsync = route(mlflow.logBatchAsync, async (ask, { flow }) => {
  const sent = await ask.body();
  await flow.tracking.log(ask.scope, runIdOf(sent), batchOf(sent), ask.by);
  return { batch_tracking_id: "" };
});

export const getRunDataStatus = route(mlflow.getRunDataStatus, async ({ scope, query }, { flow }) => {
  await flow.tracking.run(scope, query.run_id);
  return { is_complete: true };
});

export const logInputs = route(mlflow.logInputs, async (ask, { flow }) => {
  const { datasets = [], models = [], ...sent } = await ask.body();
  const uses = {
    datasets: datasets.map(datasetOf),
    modelInputs: models.flatMap(({ model_id: id }) => id ?? []),
  };
  await flow.tracking.logUses(ask.scope, runIdOf(sent), uses, ask.by);
  return {};
});

function datasetOf({ dataset = {}, tags }: mlflow.DatasetInput, i: number): DatasetUse {
  const { name, digest, schema, profile } = dataset;
  if (!name || !digest)
    throw new MalachiteError(
      "InvalidRequest",
      `Missing value for required parameter 'datasets[${i}].dataset.${name ? "digest" : "name"}'.`,
      { target: `datasets[${i}].dataset` },
    );
  return {
    name,
    digest,
    sourceType: dataset.source_type ?? "",
    source: dataset.source ?? "",
    ...given({ schema, profile }),
    tags: textsOf(tags, `datasets[${i}].tags`),
  };
}

export const logOutputs = route(mlflow.logOutputs, async (ask, { flow }) => {
  const { models = [], ...sent } = await ask.body();
  const modelOutputs = models.flatMap(({ model_id: id, step = 0 }) =>
    id === undefined ? [] : [{ modelId: id, step }],
  );
  await flow.tracking.logUses(ask.scope, runIdOf(sent), { modelOutputs }, ask.by);
  return {};
});

export const logModel = route(mlflow.logModel, async (ask, { flow }) => {
  const sent = await ask.body();
  await flow.tracking.noteModel(ask.scope, runIdOf(sent), sent.model_json, ask.by);
  return {};
});
