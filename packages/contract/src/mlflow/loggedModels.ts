// Logged models of MLflow 3: a model by itself, beside the run that made it.
import Type from "typebox";
import { model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { callAddresses, gives, nothing, post, source } from "./address.ts";
import { FileInfo, int64, KeyValue, LoggedModel } from "./models.ts";

const params = Type.Object({ ...workspaceParams, modelId: Type.String() });
const one = gives(model("MlflowOneLoggedModel", { model: LoggedModel }), "The model.");
const at = (rest = "") => callAddresses(`/logged-models/{modelId}${rest}`);

export const createLoggedModel = post({
  id: "CreateLoggedModel",
  path: "/logged-models",
  summary: "Create a model, to be sent and then made ready.",
  takes: {
    experiment_id: Type.String(),
    name: optional(Type.String()),
    model_type: optional(Type.String()),
    source_run_id: optional(Type.String()),
    params: optional(Type.Array(KeyValue)),
    tags: optional(Type.Array(KeyValue)),
  },
  gives: one,
});
export const searchLoggedModels = post({
  id: "SearchLoggedModels",
  path: "/logged-models/search",
  summary: "Search logged models.",
  takes: {
    experiment_ids: optional(Type.Array(Type.String())),
    filter: optional(Type.String()),
    datasets: optional(
      Type.Array(
        model("MlflowDatasetName", {
          dataset_name: optional(Type.String()),
          dataset_digest: optional(Type.String()),
        }),
      ),
    ),
    max_results: optional(int64()),
    order_by: optional(
      Type.Array(
        model("MlflowOrderBy", {
          field_name: optional(Type.String()),
          ascending: optional(Type.Boolean()),
          dataset_name: optional(Type.String()),
          dataset_digest: optional(Type.String()),
        }),
      ),
    ),
    page_token: optional(Type.String()),
  },
  gives: gives(
    model("MlflowLoggedModels", {
      models: Type.Array(LoggedModel),
      next_page_token: optional(Type.String()),
    }),
    "A page of models.",
  ),
});
export const getLoggedModel = operation({
  id: "Mlflow_GetLoggedModel",
  method: "GET",
  ...at(),
  summary: "Get a logged model.",
  source,
  params,
  query: Type.Object({ allow_deleted: optional(Type.Boolean()) }),
  answer: one,
});
export const finalizeLoggedModel = operation({
  id: "Mlflow_FinalizeLoggedModel",
  method: "PATCH",
  ...at(),
  summary: "Say that a model is ready, or that it failed.",
  source,
  params,
  body: {
    kind: "json",
    schema: model("MlflowFinalizeLoggedModel", { status: Type.Unsafe<string | number>({}) }),
    required: true,
  },
  answer: one,
});
export const deleteLoggedModel = operation({
  id: "Mlflow_DeleteLoggedModel",
  method: "DELETE",
  ...at(),
  summary: "Delete a logged model.",
  source,
  params,
  answer: nothing,
});
export const setLoggedModelTags = operation({
  id: "Mlflow_SetLoggedModelTags",
  method: "PATCH",
  ...at("/tags"),
  summary: "Set tags of a logged model.",
  source,
  params,
  body: {
    kind: "json",
    schema: model("MlflowSetLoggedModelTags", { tags: optional(Type.Array(KeyValue)) }),
    required: true,
  },
  answer: one,
});
export const deleteLoggedModelTag = operation({
  id: "Mlflow_DeleteLoggedModelTag",
  method: "DELETE",
  ...at("/tags/{tagKey}"),
  summary: "Remove a tag of a logged model.",
  source,
  params: Type.Object({ ...workspaceParams, modelId: Type.String(), tagKey: Type.String() }),
  answer: nothing,
});
export const logLoggedModelParams = operation({
  id: "Mlflow_LogLoggedModelParams",
  method: "POST",
  ...at("/params"),
  summary: "Add parameters to a logged model.",
  source,
  params,
  body: {
    kind: "json",
    schema: model("MlflowLogLoggedModelParams", { params: optional(Type.Array(KeyValue)) }),
    required: true,
  },
  answer: nothing,
});
export const listLoggedModelArtifacts = operation({
  id: "Mlflow_ListLoggedModelArtifacts",
  method: "GET",
  ...at("/artifacts/directories"),
  summary: "List the files of a logged model below a path.",
  source,
  params,
  query: Type.Object({
    artifact_directory_path: optional(Type.String()),
    page_token: optional(Type.String()),
  }),
  answer: gives(
    model("MlflowLoggedModelArtifacts", {
      root_uri: Type.String(),
      files: Type.Array(FileInfo),
      next_page_token: optional(Type.String()),
    }),
    "The files and folders right below the path.",
  ),
});
