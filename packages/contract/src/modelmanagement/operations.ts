// Model management: registered models (by name:version), and the assets that name their files. The newer address of the same is
// /modelregistry; clients before 1.1 know it as /api.
import Type from "typebox";
import { integer, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";
import {
  Asset,
  CreateAsset,
  JsonPatchOperation,
  Model,
  PaginatedAssetList,
  PaginatedModelList,
  RegisterModel,
} from "./model.ts";

const addresses = (rest: string) => ({
  path: `/modelmanagement/v1.0${workspacePath}${rest}`,
  alsoAt: [`/modelregistry/v1.0${workspacePath}${rest}`, `/api${workspacePath}${rest}`],
});
const source = "modelManagement 2019-09-30";
const workspace = Type.Object(workspaceParams);
const byId = Type.Object({
  ...workspaceParams,
  id: Type.String({ minLength: 1, maxLength: 300, description: "A model: name:version. An asset: its id." }),
});
const ORDERS = ["CreatedAtDesc", "CreatedAtAsc", "UpdatedAtDesc", "UpdatedAtAsc"] as const;
const text = () => optional(Type.String());
const patch = {
  kind: "json",
  schema: Type.Array(JsonPatchOperation),
  required: true,
  name: "patch",
} as const;
const model = { kind: "json", schema: Model, description: "The model." } as const;
const asset = { kind: "json", schema: Asset, description: "The asset." } as const;
const models = { kind: "json", schema: PaginatedModelList, description: "A page of models." } as const;
const gone = { kind: "empty", description: "It is gone.", noContent: "It was not there." } as const;

const modelFilters = {
  name: text(),
  tag: text(),
  version: text(),
  framework: text(),
  modelFramework: text(),
  description: text(),
  count: optional(integer({ format: "int32", minimum: 1 })),
  offset: text(),
  tags: optional(Type.String({ description: "k,k2=v: keys that are there, or have that value." })),
  properties: text(),
  runId: text(),
  datasetId: text(),
  orderBy: optional(oneOf(ORDERS)),
  latestVersionOnly: optional(Type.Boolean()),
};

export const listModels = operation({
  id: "MLModels_ListQuery",
  method: "GET",
  ...addresses("/models"),
  summary: "List models.",
  source,
  params: workspace,
  query: Type.Object({ ...modelFilters, $skipToken: text() }),
  answer: models,
});
export const listModelsByBody = operation({
  id: "MLModels_PostListQuery",
  method: "POST",
  ...addresses("/models/list"),
  summary: "List models by a query in the body.",
  source: "sdk",
  params: workspace,
  body: {
    kind: "json",
    schema: Type.Object({ ...modelFilters, skipToken: text() }),
    required: false,
  },
  answer: models,
});
export const registerModel = operation({
  id: "MLModels_Register",
  method: "POST",
  ...addresses("/models"),
  summary: "Register a model: the next version of its name.",
  source,
  params: workspace,
  body: { kind: "json", schema: RegisterModel, required: true, name: "model" },
  answer: model,
});
export const getModel = operation({
  id: "MLModels_QueryById",
  method: "GET",
  ...addresses("/models/{id}"),
  summary: "Get a model.",
  source,
  params: byId,
  answer: model,
});
export const patchModel = operation({
  id: "MLModels_Patch",
  method: "PATCH",
  ...addresses("/models/{id}"),
  summary: "Change a model by a JSON Patch.",
  source,
  params: byId,
  body: patch,
  answer: model,
});
export const deleteModel = operation({
  id: "MLModels_Delete",
  method: "DELETE",
  ...addresses("/models/{id}"),
  summary: "Delete a model.",
  source,
  params: byId,
  answer: gone,
});
export const listAssets = operation({
  id: "Assets_ListQuery",
  method: "GET",
  ...addresses("/assets"),
  summary: "List assets.",
  source,
  params: workspace,
  query: Type.Object({
    runId: text(),
    name: text(),
    tag: text(),
    type: text(),
    count: optional(integer({ format: "int32", minimum: 1 })),
    $skipToken: text(),
    tags: text(),
    properties: text(),
    orderby: optional(oneOf(ORDERS)),
  }),
  answer: { kind: "json", schema: PaginatedAssetList, description: "A page of assets." },
});
export const createAsset = operation({
  id: "Assets_Create",
  method: "POST",
  ...addresses("/assets"),
  summary: "Create an asset.",
  source,
  params: workspace,
  body: { kind: "json", schema: CreateAsset, required: true, name: "asset" },
  answer: asset,
});
export const getAsset = operation({
  id: "Assets_QueryById",
  method: "GET",
  ...addresses("/assets/{id}"),
  summary: "Get an asset.",
  source,
  params: byId,
  answer: asset,
});
export const patchAsset = operation({
  id: "Assets_Patch",
  method: "PATCH",
  ...addresses("/assets/{id}"),
  summary: "Change an asset by a JSON Patch.",
  source,
  params: byId,
  body: patch,
  answer: asset,
});
export const deleteAsset = operation({
  id: "Assets_Delete",
  method: "DELETE",
  ...addresses("/assets/{id}"),
  summary: "Delete an asset.",
  source,
  params: byId,
  answer: gone,
});
