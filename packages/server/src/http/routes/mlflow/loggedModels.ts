// Logged models of MLflow 3.
import { mlflow } from "@malachite/contract";
import { type LoggedModelState, MalachiteError, modelPlace } from "@malachite/core";
import { loggedModelDto } from "../../dto/mlflow/run.ts";
import { urisFor } from "../../dto/mlflow/uris.ts";
import { howMany, textsOf, tokenOf } from "../../dto/mlflow/words.ts";
import { given } from "../../dto/run.ts";
import { route } from "../../route.ts";
import { filesBelow } from "./artifacts.ts";

const USUAL = 50;
const MOST = 1_000;

export const createLoggedModel = route(mlflow.createLoggedModel, async (ask, { flow }) => {
  const sent = await ask.body();
  const made = await flow.tracking.createModel(
    ask.scope,
    {
      experimentId: sent.experiment_id,
      ...given({
        name: sent.name || undefined,
        type: sent.model_type || undefined,
        sourceRunId: sent.source_run_id || undefined,
      }),
      params: textsOf(sent.params, "params"),
      tags: textsOf(sent.tags, "tags"),
    },
    ask.by,
  );
  return { model: loggedModelDto(made, urisFor(ask)) };
});

export const getLoggedModel = route(mlflow.getLoggedModel, async (ask, { flow }) => ({
  model: loggedModelDto(
    await flow.tracking.model(ask.scope, ask.params.modelId, ask.query.allow_deleted),
    urisFor(ask),
  ),
}));

const STATES: Readonly<Record<string, LoggedModelState>> = {
  "1": "PENDING",
  "2": "READY",
  "3": "FAILED",
  LOGGED_MODEL_PENDING: "PENDING",
  LOGGED_MODEL_READY: "READY",
  LOGGED_MODEL_UPLOAD_FAILED: "FAILED",
};

export const finalizeLoggedModel = route(mlflow.finalizeLoggedModel, async (ask, { flow }) => {
  const { status } = await ask.body();
  const state = STATES[String(status)];
  if (state === undefined || state === "PENDING")
    throw new MalachiteError(
      "InvalidRequest",
      `Invalid model status: ${String(status).slice(0, 60)}. Expected statuses: LOGGED_MODEL_READY, LOGGED_MODEL_UPLOAD_FAILED.`,
      { target: "status" },
    );
  const model = await flow.tracking.changeModel(ask.scope, ask.params.modelId, { state }, ask.by);
  return { model: loggedModelDto(model, urisFor(ask)) };
});

export const deleteLoggedModel = route(mlflow.deleteLoggedModel, async (ask, { flow }) => {
  await flow.tracking.changeModel(ask.scope, ask.params.modelId, { deleted: true }, ask.by);
  return {};
});

export const setLoggedModelTags = route(mlflow.setLoggedModelTags, async (ask, { flow }) => {
  const tags = textsOf((await ask.body()).tags, "tags");
  const model = await flow.tracking.changeModel(ask.scope, ask.params.modelId, { tags }, ask.by);
  return { model: loggedModelDto(model, urisFor(ask)) };
});

export const deleteLoggedModelTag = route(mlflow.deleteLoggedModelTag, async (ask, { flow }) => {
  const { modelId, tagKey } = ask.params;
  await flow.tracking.changeModel(ask.scope, modelId, { removeTag: tagKey }, ask.by);
  return {};
});

export const logLoggedModelParams = route(mlflow.logLoggedModelParams, async (ask, { flow }) => {
  const params = textsOf((await ask.body()).params, "params");
  await flow.tracking.changeModel(ask.scope, ask.params.modelId, { params }, ask.by);
  return {};
});

export const searchLoggedModels = route(mlflow.searchLoggedModels, async (ask, { flow }) => {
  const sent = await ask.body();
  const page = await flow.tracking.searchModels(ask.scope, {
    ...given({ filter: sent.filter }),
    ...tokenOf(sent.page_token),
    limit: howMany(sent.max_results, USUAL, MOST),
    experimentIds: sent.experiment_ids ?? [],
    order: (sent.order_by ?? []).map(({ field_name: name = "", ascending = true }) => ({
      name,
      descending: !ascending,
    })),
    datasets: (sent.datasets ?? []).flatMap(({ dataset_name: name, dataset_digest: digest }) =>
      name === undefined ? [] : [{ name, ...given({ digest }) }],
    ),
  });
  const uris = urisFor(ask);
  return {
    models: page.values.map((model) => loggedModelDto(model, uris)),
    ...given({ next_page_token: page.next }),
  };
});

export const listLoggedModelArtifacts = route(mlflow.listLoggedModelArtifacts, async (ask, { flow }) => {
  const model = await flow.tracking.model(ask.scope, ask.params.modelId);
  const place = modelPlace(model);
  const folder = (ask.query.artifact_directory_path ?? "").replace(/^\/+|\/+$/g, "");
  const path = [place.path, folder].filter((part) => part !== "").join("/");
  const files = await filesBelow(flow, { scope: ask.scope, container: place.container }, path);
  return {
    root_uri: urisFor(ask)(place, model.experimentId),
    files: files.map((file) => ({ ...file, path: folder === "" ? file.path : `${folder}/${file.path}` })),
  };
});
