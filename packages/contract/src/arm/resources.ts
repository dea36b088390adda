// Resources as Azure Resource Manager shows them, as far as the v1 clients read them.
import Type, { type Static } from "typebox";
import { anyObject, dateTime, mapOf, model, oneOf, optional } from "../model.ts";

/** The clouds that a client may choose from: where each service of it is. */
export const Cloud = model("Cloud", {
  name: Type.String(),
  portal: Type.String(),
  authentication: model("CloudAuthentication", {
    loginEndpoint: Type.String(),
    audiences: Type.Array(Type.String()),
    tenant: Type.String(),
    identityProvider: Type.String(),
  }),
  graphAudience: Type.String(),
  graph: Type.String(),
  resourceManager: Type.String(),
  gallery: Type.String(),
  batch: Type.String(),
  sqlManagement: Type.String(),
  vmImageAliasDoc: Type.String(),
  media: Type.String(),
  activeDirectoryDataLake: Type.String(),
  suffixes: mapOf(Type.String()),
});
export type Cloud = Static<typeof Cloud>;

export const Subscription = model("Subscription", {
  id: Type.String(),
  subscriptionId: Type.String(),
  tenantId: Type.String(),
  displayName: Type.String(),
  state: oneOf(["Enabled"]),
  subscriptionPolicies: mapOf(Type.String()),
  authorizationSource: Type.String(),
});
export type Subscription = Static<typeof Subscription>;

export const Tenant = model("Tenant", { id: Type.String(), tenantId: Type.String() });
export type Tenant = Static<typeof Tenant>;

export const ResourceGroup = model("ResourceGroup", {
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  location: Type.String(),
  tags: mapOf(Type.String()),
  properties: model("ResourceGroupProperties", { provisioningState: Type.String() }),
});
export type ResourceGroup = Static<typeof ResourceGroup>;

/** Any resource, as a list of all of them shows it. */
export const Resource = model("Resource", {
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  location: Type.String(),
  tags: mapOf(Type.String()),
});
export type Resource = Static<typeof Resource>;

export const WorkspaceProperties = model("WorkspaceProperties", {
  workspaceId: Type.String({ format: "uuid", description: "Another one in each data folder." }),
  friendlyName: Type.String(),
  description: Type.String(),
  creationTime: optional(dateTime()),
  discoveryUrl: Type.String({ description: "Where the addresses of the workspace's services are told." }),
  mlFlowTrackingUri: Type.String(),
  storageAccount: Type.String({ description: "The id of the data folder's own storage." }),
  keyVault: optional(Type.String()),
  provisioningState: oneOf(["Succeeded"]),
  hbiWorkspace: Type.Boolean(),
});
/** A workspace. */
export const Workspace = model("Workspace", {
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  location: Type.String(),
  kind: Type.String(),
  etag: optional(Type.String()),
  tags: mapOf(Type.String()),
  identity: anyObject(),
  sku: model("Sku", { name: Type.String(), tier: Type.String() }),
  properties: WorkspaceProperties,
});
export type Workspace = Static<typeof Workspace>;

/** A compute target of the settings, as a compute resource of a workspace. */
export const Compute = model("ComputeResource", {
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  location: Type.String(),
  tags: mapOf(Type.String()),
  properties: anyObject({ description: "computeType, computeLocation, provisioningState, properties." }),
});
export type Compute = Static<typeof Compute>;
