// Registered models and assets (modelManagement.json 2019-09-30). What an answer always holds is null when it has no value: older
// clients read it without asking.
import Type, { type Static } from "typebox";
import { anyObject, dateTime, integer, model, nullable, optional } from "../model.ts";

/** Texts by key. Numbers and booleans are taken for texts, as clients send them. */
const texts = () => Type.Record(Type.String(), Type.Unknown());

const DatasetReference = model("DatasetReference", {
  name: optional(Type.String()),
  id: optional(Type.String()),
});

/** A model as it is sent. Its name, version and times are the service's to say. */
export const RegisterModel = model("RegisterModel", {
  name: Type.String({ pattern: "^[a-zA-Z0-9][a-zA-Z0-9\\-._]{0,254}$" }),
  url: Type.String({ minLength: 1, description: "aml://asset/ID, or where the files are." }),
  mimeType: optional(Type.String()),
  description: optional(Type.String()),
  framework: optional(Type.String()),
  frameworkVersion: optional(Type.String()),
  unpack: optional(Type.Boolean()),
  parentModelId: optional(Type.String()),
  runId: optional(Type.String()),
  experimentName: optional(Type.String()),
  kvTags: optional(texts()),
  properties: optional(texts()),
  datasets: optional(Type.Array(DatasetReference)),
  sampleInputData: optional(Type.String()),
  sampleOutputData: optional(Type.String()),
  resourceRequirements: optional(anyObject()),
});
export type RegisterModel = Static<typeof RegisterModel>;

const createdBy = model("ModelCreatedBy", {
  userObjectId: Type.String(),
  userTenantId: Type.String(),
  userName: Type.String(),
});

export const Model = model("Model", {
  id: Type.String({ description: "name:version" }),
  name: Type.String(),
  version: integer({ format: "int64" }),
  framework: nullable(Type.String()),
  frameworkVersion: nullable(Type.String()),
  datasets: Type.Array(DatasetReference),
  url: Type.String(),
  mimeType: Type.String(),
  description: nullable(Type.String()),
  createdTime: dateTime(),
  modifiedTime: dateTime(),
  createdBy,
  unpack: Type.Boolean(),
  parentModelId: nullable(Type.String()),
  derivedModelIds: Type.Array(Type.String()),
  runId: nullable(Type.String()),
  experimentName: nullable(Type.String()),
  kvTags: Type.Record(Type.String(), Type.String()),
  properties: Type.Record(Type.String(), Type.String()),
  sampleInputData: nullable(Type.String()),
  sampleOutputData: nullable(Type.String()),
  resourceRequirements: nullable(anyObject()),
});
export type Model = Static<typeof Model>;

/** `nextLink` is absent on the last page. */
export const PaginatedModelList = model("PaginatedModelList", {
  value: Type.Array(Model),
  nextLink: optional(Type.String()),
  continuationToken: optional(Type.String()),
});

export const ArtifactDetails = model("ArtifactDetails", {
  id: optional(Type.String({ description: "One file: origin/container/path." })),
  prefix: optional(Type.String({ description: "All files whose origin/container/path begins so." })),
});

export const CreateAsset = model("CreateAsset", {
  name: Type.String({ minLength: 1, maxLength: 255 }),
  type: optional(Type.String()),
  description: optional(Type.String()),
  artifacts: optional(Type.Array(ArtifactDetails)),
  kvTags: optional(texts()),
  properties: optional(texts()),
  runid: optional(Type.String()),
  meta: optional(texts()),
});
export type CreateAsset = Static<typeof CreateAsset>;

export const Asset = model("Asset", {
  id: Type.String(),
  name: Type.String(),
  type: nullable(Type.String()),
  description: nullable(Type.String()),
  artifacts: Type.Array(ArtifactDetails),
  kvTags: Type.Record(Type.String(), Type.String()),
  properties: Type.Record(Type.String(), Type.String()),
  runid: nullable(Type.String()),
  meta: Type.Record(Type.String(), Type.String()),
  createdTime: dateTime(),
});
export type Asset = Static<typeof Asset>;

export const PaginatedAssetList = model("PaginatedAssetList", {
  value: Type.Array(Asset),
  nextLink: optional(Type.String()),
  continuationToken: optional(Type.String()),
});

/** RFC 6902. */
export const JsonPatchOperation = model("JsonPatchOperation", {
  op: Type.String({ description: "add, replace, remove or test." }),
  path: Type.String({ description: "A JSON pointer: /kvTags, /kvTags/KEY, /description, …" }),
  value: optional(Type.Unknown()),
  from: optional(Type.String()),
});
export type JsonPatchOperation = Static<typeof JsonPatchOperation>;
