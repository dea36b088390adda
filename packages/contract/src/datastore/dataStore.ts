// A datastore: a named storage of a workspace (datastore.json 2019-09-30), with the kinds that newer clients know beside.
import Type, { type Static } from "typebox";
import { integer, mapOf, model, oneOf, optional } from "../model.ts";

const text = () => optional(Type.String());

export const DATA_STORE_TYPES = [
  "AzureBlob",
  "AzureFile",
  "AzureDataLake",
  "AzureSqlDatabase",
  "AzurePostgreSql",
  "DBFS",
  "AzureDataLakeGen2",
  "GlusterFs",
  "AzureMySql",
  "Custom",
  "Hdfs",
] as const;

const credentials = {
  clientId: text(),
  tenantId: text(),
  isCertAuth: optional(Type.Boolean()),
  certificate: text(),
  thumbprint: text(),
  clientSecret: text(),
  authorityUrl: text(),
  resourceUri: text(),
  subscriptionId: text(),
  resourceGroup: text(),
};
const identity = { serviceDataAccessAuthIdentity: text() };

export const ClientCredentials = model("ClientCredentials", credentials);

export const AzureStorage = model("AzureStorage", {
  accountName: text(),
  containerName: text(),
  endpoint: text(),
  protocol: text(),
  credentialType: optional(oneOf(["None", "Sas", "AccountKey", "ClientCredentials"])),
  credential: text(),
  clientCredentials: optional(ClientCredentials),
  blobCacheTimeout: optional(integer({ format: "int32" })),
  isSas: optional(Type.Boolean()),
  accountKey: text(),
  sasToken: text(),
  areWorkspaceManagedIdentitiesAllowed: optional(Type.Boolean()),
  subscriptionId: text(),
  resourceGroup: text(),
  ...identity,
});
export const AzureDataLake = model("AzureDataLake", { storeName: text(), ...credentials, ...identity });
/** `portNumber` is a text on the wire. */
const server = {
  serverName: text(),
  databaseName: text(),
  endpoint: text(),
  userId: text(),
  userPassword: text(),
  portNumber: text(),
  credentialType: text(),
  ...credentials,
};
export const AzureSqlDatabase = model("AzureSqlDatabase", { ...server, ...identity });
export const AzurePostgreSql = model("AzurePostgreSql", { ...server, enableSSL: optional(Type.Boolean()) });
export const AzureMySql = model("AzureMySql", server);
export const OnPremHdfs = model("OnPremHdfs", {
  protocol: text(),
  nameNodeAddress: text(),
  hdfsServerCertificate: text(),
  kerberosRealm: text(),
  kerberosKdcAddress: text(),
  kerberosPrincipal: text(),
  credentialValue: text(),
  credentialType: text(),
});
export const GlusterFs = model("GlusterFs", { serverAddress: text(), volumeName: text() });

export const DataStore = model("DataStore", {
  name: text(),
  dataStoreType: optional(oneOf(DATA_STORE_TYPES)),
  hasBeenValidated: optional(Type.Boolean()),
  tags: optional(mapOf(Type.String())),
  azureStorageSection: optional(AzureStorage),
  azureDataLakeSection: optional(AzureDataLake),
  azureSqlDatabaseSection: optional(AzureSqlDatabase),
  azurePostgreSqlSection: optional(AzurePostgreSql),
  azureMySqlSection: optional(AzureMySql),
  hdfsSection: optional(OnPremHdfs),
  glusterFsSection: optional(GlusterFs),
});
export type DataStore = Static<typeof DataStore>;

export const PaginatedDataStoreList = model("PaginatedDataStoreList", {
  value: optional(Type.Array(DataStore)),
  continuationToken: optional(Type.String()),
  nextLink: optional(Type.String()),
});
