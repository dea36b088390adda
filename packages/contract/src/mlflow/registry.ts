// The model registry, as MLflow's REST API has it.
import Type, { type Static } from "typebox";
import { model, optional } from "../model.ts";
import { get, gives, nothing, patch, post, remove } from "./address.ts";
import { int64, KeyValue } from "./models.ts";

/** Clients send versions as numbers and as texts. */
const version = Type.Unsafe<string | number>({ description: "A whole number, or its digits as a text." });
const byName = { name: Type.String() };
const byVersion = { ...byName, version };
/** In a query string everything is text. */
const versionInQuery = { ...byName, version: Type.String() };
const tag = { key: Type.String(), value: optional(Type.String()) };

export const ModelVersion = model("MlflowModelVersion", {
  name: Type.String(),
  version: Type.String(),
  creation_timestamp: int64(),
  last_updated_timestamp: int64(),
  user_id: optional(Type.String()),
  current_stage: Type.String(),
  description: optional(Type.String()),
  source: optional(Type.String()),
  run_id: optional(Type.String()),
  run_link: optional(Type.String()),
  status: Type.String(),
  tags: Type.Array(KeyValue),
  aliases: Type.Array(Type.String()),
  model_id: optional(Type.String()),
});
export type ModelVersion = Static<typeof ModelVersion>;

export const RegisteredModel = model("MlflowRegisteredModel", {
  name: Type.String(),
  creation_timestamp: int64(),
  last_updated_timestamp: int64(),
  description: optional(Type.String()),
  latest_versions: Type.Array(ModelVersion),
  tags: Type.Array(KeyValue),
  aliases: Type.Array(
    model("MlflowModelAlias", { alias: optional(Type.String()), version: optional(Type.String()) }),
  ),
});
export type RegisteredModel = Static<typeof RegisteredModel>;

const oneModel = gives(
  model("MlflowOneRegisteredModel", { registered_model: RegisteredModel }),
  "The model.",
);
const oneVersion = gives(model("MlflowOneModelVersion", { model_version: ModelVersion }), "The version.");
const versions = gives(
  model("MlflowModelVersions", {
    model_versions: Type.Array(ModelVersion),
    next_page_token: optional(Type.String()),
  }),
  "Versions.",
);

export const createRegisteredModel = post({
  id: "CreateRegisteredModel",
  path: "/registered-models/create",
  summary: "Create a name for models; it must be new.",
  takes: {
    ...byName,
    tags: optional(Type.Array(KeyValue)),
    description: optional(Type.String()),
  },
  gives: oneModel,
});
export const renameRegisteredModel = post({
  id: "RenameRegisteredModel",
  path: "/registered-models/rename",
  summary: "Rename a model; its versions move with it.",
  takes: { ...byName, new_name: Type.String() },
  gives: oneModel,
});
export const updateRegisteredModel = patch({
  id: "UpdateRegisteredModel",
  path: "/registered-models/update",
  summary: "Describe a model.",
  takes: { ...byName, description: optional(Type.String()) },
  gives: oneModel,
});
export const deleteRegisteredModel = remove({
  id: "DeleteRegisteredModel",
  path: "/registered-models/delete",
  summary: "Delete a model and its versions.",
  takes: byName,
  gives: nothing,
});
export const getRegisteredModel = get({
  id: "GetRegisteredModel",
  path: "/registered-models/get",
  summary: "Get a model with the newest version of each stage.",
  takes: byName,
  gives: oneModel,
});
const search = {
  filter: optional(Type.String()),
  max_results: optional(int64()),
  order_by: optional(Type.Array(Type.String())),
  page_token: optional(Type.String()),
};
const page = gives(
  model("MlflowRegisteredModels", {
    registered_models: Type.Array(RegisteredModel),
    next_page_token: optional(Type.String()),
  }),
  "A page of models.",
);
export const searchRegisteredModels = get({
  id: "SearchRegisteredModels",
  path: "/registered-models/search",
  summary: "Search models.",
  takes: search,
  gives: page,
});
export const listRegisteredModels = get({
  id: "ListRegisteredModels",
  path: "/registered-models/list",
  summary: "List models, as clients of MLflow 1 ask.",
  takes: { max_results: optional(int64()), page_token: optional(Type.String()) },
  gives: page,
});
const stages = { ...byName, stages: optional(Type.Array(Type.String())) };
export const getLatestVersions = post({
  id: "GetLatestVersions",
  path: "/registered-models/get-latest-versions",
  summary: "The newest version of each stage.",
  takes: stages,
  gives: versions,
});
export const getLatestVersionsByQuery = get({
  id: "GetLatestVersionsByQuery",
  path: "/registered-models/get-latest-versions",
  summary: "The newest version of each stage, asked by a query string.",
  takes: stages,
  gives: versions,
});
export const setRegisteredModelTag = post({
  id: "SetRegisteredModelTag",
  path: "/registered-models/set-tag",
  summary: "Set a tag of a model.",
  takes: { ...byName, ...tag },
  gives: nothing,
});
export const deleteRegisteredModelTag = remove({
  id: "DeleteRegisteredModelTag",
  path: "/registered-models/delete-tag",
  summary: "Remove a tag of a model.",
  takes: { ...byName, key: Type.String() },
  gives: nothing,
});
export const setModelAlias = post({
  id: "SetRegisteredModelAlias",
  path: "/registered-models/alias",
  summary: "Point an alias to a version.",
  takes: { ...byVersion, alias: Type.String() },
  gives: nothing,
});
export const deleteModelAlias = remove({
  id: "DeleteRegisteredModelAlias",
  path: "/registered-models/alias",
  summary: "Remove an alias.",
  takes: { ...byName, alias: Type.String() },
  gives: nothing,
});
export const getModelVersionByAlias = get({
  id: "GetModelVersionByAlias",
  path: "/registered-models/alias",
  summary: "The version that an alias points to.",
  takes: { ...byName, alias: Type.String() },
  gives: oneVersion,
});

export const createModelVersion = post({
  id: "CreateModelVersion",
  path: "/model-versions/create",
  summary: "Register a version of a model.",
  takes: {
    ...byName,
    source: Type.String(),
    run_id: optional(Type.String()),
    run_link: optional(Type.String()),
    description: optional(Type.String()),
    tags: optional(Type.Array(KeyValue)),
    model_id: optional(Type.String()),
  },
  gives: oneVersion,
});
export const getModelVersion = get({
  id: "GetModelVersion",
  path: "/model-versions/get",
  summary: "Get a version.",
  takes: versionInQuery,
  gives: oneVersion,
});
export const updateModelVersion = patch({
  id: "UpdateModelVersion",
  path: "/model-versions/update",
  summary: "Describe a version.",
  takes: { ...byVersion, description: optional(Type.String()) },
  gives: oneVersion,
});
export const deleteModelVersion = remove({
  id: "DeleteModelVersion",
  path: "/model-versions/delete",
  summary: "Delete a version.",
  takes: byVersion,
  gives: nothing,
});
export const searchModelVersions = get({
  id: "SearchModelVersions",
  path: "/model-versions/search",
  summary: "Search versions.",
  takes: search,
  gives: versions,
});
export const getModelVersionDownloadUri = get({
  id: "GetModelVersionDownloadUri",
  path: "/model-versions/get-download-uri",
  summary: "Where the files of a version are.",
  takes: versionInQuery,
  gives: gives(model("MlflowArtifactUri", { artifact_uri: Type.String() }), "The URI."),
});
export const transitionModelVersionStage = post({
  id: "TransitionModelVersionStage",
  path: "/model-versions/transition-stage",
  summary: "Move a version to another stage.",
  takes: {
    ...byVersion,
    stage: Type.String(),
    archive_existing_versions: optional(Type.Boolean()),
  },
  gives: oneVersion,
});
export const setModelVersionTag = post({
  id: "SetModelVersionTag",
  path: "/model-versions/set-tag",
  summary: "Set a tag of a version.",
  takes: { ...byVersion, ...tag },
  gives: nothing,
});
export const deleteModelVersionTag = remove({
  id: "DeleteModelVersionTag",
  path: "/model-versions/delete-tag",
  summary: "Remove a tag of a version.",
  takes: { ...byVersion, key: Type.String() },
  gives: nothing,
});
