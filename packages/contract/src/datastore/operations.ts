// Datastores: named storages of a workspace, one of them the default. Creating and changing answers without a body.
import Type from "typebox";
import { integer, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";
import { DataStore, PaginatedDataStoreList } from "./dataStore.ts";

const base = `/datastore/v1.0${workspacePath}`;
const source = "datastore 2019-09-30";
const workspace = Type.Object(workspaceParams);
const one = Type.Object({
  ...workspaceParams,
  name: Type.String({ minLength: 1, maxLength: 255, description: "The datastore's name, in any case." }),
});
const write = Type.Object({
  createIfNotExists: optional(
    Type.Boolean({ description: "Change: make it when it is not there. The storage behind it is not made." }),
  ),
  skipValidation: optional(
    Type.Boolean({
      description: "Taken and of no effect: the storage is first called by the run that has data in it.",
    }),
  ),
});
const secret = {
  includeSecret: optional(Type.Boolean({ description: "With keys and passwords. Default: true." })),
};
const body = { kind: "json", schema: DataStore, required: true, name: "dto" } as const;
const datastore = { kind: "json", schema: DataStore, description: "The datastore." } as const;
const done = { kind: "empty", description: "It is done." } as const;

export const listDataStores = operation({
  id: "DataStores_List",
  method: "GET",
  path: `${base}/datastores`,
  summary: "List the datastores of a workspace.",
  source,
  params: workspace,
  query: Type.Object({
    dataStoreNames: optional(Type.Array(Type.String())),
    continuationToken: optional(Type.String()),
    count: optional(integer({ format: "int32", minimum: 1 })),
    ...secret,
  }),
  answer: { kind: "json", schema: PaginatedDataStoreList, description: "A page of datastores." },
});
export const createDataStore = operation({
  id: "DataStores_Create",
  method: "POST",
  path: `${base}/datastores`,
  summary: "Register a datastore.",
  source,
  params: workspace,
  query: write,
  body,
  answer: done,
});
export const deleteDataStores = operation({
  id: "DataStores_DeleteAll",
  method: "DELETE",
  path: `${base}/datastores`,
  summary: "Unregister every datastore that users have registered.",
  source,
  params: workspace,
  answer: done,
});
export const getDataStore = operation({
  id: "DataStores_Get",
  method: "GET",
  path: `${base}/datastores/{name}`,
  summary: "Get a datastore.",
  source,
  params: one,
  query: Type.Object(secret),
  answer: datastore,
});
export const updateDataStore = operation({
  id: "DataStores_Update",
  method: "PUT",
  path: `${base}/datastores/{name}`,
  summary: "Change a datastore.",
  source,
  params: one,
  query: write,
  body,
  answer: done,
});
export const deleteDataStore = operation({
  id: "DataStores_Delete",
  method: "DELETE",
  path: `${base}/datastores/{name}`,
  summary: "Unregister a datastore. What it names stays.",
  source,
  params: one,
  answer: { kind: "empty", description: "It is gone.", noContent: "It was not there." },
});
export const getDefaultDataStore = operation({
  id: "DataStores_GetDefault",
  method: "GET",
  path: `${base}/default`,
  summary: "Get the default datastore of a workspace.",
  source,
  params: workspace,
  query: Type.Object(secret),
  answer: datastore,
});
export const setDefaultDataStore = operation({
  id: "DataStores_SetDefault",
  method: "PUT",
  path: `${base}/default/{name}`,
  summary: "Set the default datastore of a workspace.",
  source,
  params: one,
  answer: done,
});
