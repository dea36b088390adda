// What the v1 clients ask of Azure Resource Manager: the cloud's addresses, subscriptions, workspaces, compute targets.
import Type from "typebox";
import { anyObject, mapOf, model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams, workspacePath } from "../scope.ts";
import { Cloud, Compute, Resource, ResourceGroup, Subscription, Tenant, Workspace } from "./resources.ts";

const source = "sdk";
const { subscriptionId, resourceGroupName } = workspaceParams;
const workspaces = "/providers/Microsoft.MachineLearningServices/workspaces";
const group = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}";
const ofSubscription = Type.Object({ subscriptionId });
const ofGroup = Type.Object({ subscriptionId, resourceGroupName });
const ofWorkspace = Type.Object(workspaceParams);
const ofCompute = Type.Object({
  ...workspaceParams,
  computeName: Type.String({ minLength: 1, maxLength: 255, description: "The name of the compute target." }),
});

export const listClouds = operation({
  id: "Metadata_Endpoints",
  method: "GET",
  path: "/metadata/endpoints",
  summary: "The clouds that a client may choose from: this service alone, by the name of the public one.",
  source,
  params: Type.Object({}),
  answer: { kind: "json", schema: Type.Array(Cloud), description: "The clouds." },
  authenticated: false,
});

export const listSubscriptions = operation({
  id: "Subscriptions_List",
  method: "GET",
  path: "/subscriptions",
  summary: "The subscriptions that have workspaces.",
  source,
  params: Type.Object({}),
  answer: {
    kind: "json",
    schema: model("Subscriptions", { value: Type.Array(Subscription) }),
    description: "All of them.",
  },
});
export const getSubscription = operation({
  id: "Subscriptions_Get",
  method: "GET",
  path: "/subscriptions/{subscriptionId}",
  summary: "One subscription.",
  source,
  params: ofSubscription,
  answer: { kind: "json", schema: Subscription, description: "The subscription." },
});
export const listTenants = operation({
  id: "Tenants_List",
  method: "GET",
  path: "/tenants",
  summary: "The one tenant.",
  source,
  params: Type.Object({}),
  answer: {
    kind: "json",
    schema: model("Tenants", { value: Type.Array(Tenant) }),
    description: "The tenant.",
  },
});

export const listResourceGroups = operation({
  id: "ResourceGroups_List",
  method: "GET",
  path: "/subscriptions/{subscriptionId}/resourceGroups",
  summary: "The resource groups that have workspaces.",
  source,
  params: ofSubscription,
  answer: {
    kind: "json",
    schema: model("ResourceGroups", { value: Type.Array(ResourceGroup) }),
    description: "All of them.",
  },
});
export const getResourceGroup = operation({
  id: "ResourceGroups_Get",
  method: "GET",
  path: group,
  summary: "One resource group.",
  source,
  params: ofGroup,
  answer: { kind: "json", schema: ResourceGroup, description: "The resource group." },
});

const listed = {
  kind: "json",
  schema: model("Workspaces", { value: Type.Array(Workspace) }),
  description: "All of them.",
} as const;
export const listWorkspaces = operation({
  id: "Workspaces_ListBySubscription",
  method: "GET",
  path: `/subscriptions/{subscriptionId}${workspaces}`,
  summary: "The workspaces of a subscription.",
  source,
  params: ofSubscription,
  answer: listed,
});
export const listWorkspacesOfGroup = operation({
  id: "Workspaces_ListByResourceGroup",
  method: "GET",
  path: `${group}${workspaces}`,
  summary: "The workspaces of a resource group.",
  source,
  params: ofGroup,
  answer: listed,
});
export const listResources = operation({
  id: "Resources_List",
  method: "GET",
  path: "/subscriptions/{subscriptionId}/resources",
  summary: "The resources of a subscription: workspaces, there are no others.",
  source,
  params: ofSubscription,
  query: Type.Object({
    $filter: optional(
      Type.String({ description: "resourceType and resourceGroup, compared by eq, joined by and." }),
    ),
  }),
  answer: {
    kind: "json",
    schema: model("Resources", { value: Type.Array(Resource) }),
    description: "Those that the filter keeps.",
  },
});
export const getWorkspace = operation({
  id: "Workspaces_Get",
  method: "GET",
  path: workspacePath,
  alsoAt: [`/rp/workspaces${workspacePath}`],
  summary: "One workspace; 404 for one that nothing was written to and nobody made.",
  source,
  params: ofWorkspace,
  answer: { kind: "json", schema: Workspace, description: "The workspace." },
});
export const putWorkspace = operation({
  id: "Workspaces_CreateOrUpdate",
  method: "PUT",
  path: workspacePath,
  summary: "Make a workspace; one that is there is answered as it is.",
  source,
  params: ofWorkspace,
  body: {
    kind: "json",
    schema: model("WorkspaceAsk", {
      location: optional(Type.String()),
      tags: optional(mapOf(Type.Unknown())),
      properties: optional(anyObject()),
    }),
    required: false,
  },
  answer: { kind: "json", schema: Workspace, description: "The workspace." },
});
const refused = {
  path: workspacePath,
  source,
  params: ofWorkspace,
  answer: { kind: "empty", description: "Never: it is refused, with what to do instead." },
} as const;
export const patchWorkspace = operation({
  ...refused,
  id: "Workspaces_Update",
  method: "PATCH",
  summary: "Refused: a workspace has nothing here that could be changed.",
});
export const deleteWorkspace = operation({
  ...refused,
  id: "Workspaces_Delete",
  method: "DELETE",
  summary: "Refused: what a workspace holds goes with the data folder.",
});

export const listComputes = operation({
  id: "Computes_List",
  method: "GET",
  path: `${workspacePath}/computes`,
  alsoAt: [`/rp/workspaces${workspacePath}/computes`],
  summary: "The compute targets of the settings.",
  source,
  params: ofWorkspace,
  answer: {
    kind: "json",
    schema: model("Computes", { value: Type.Array(Compute) }),
    description: "All that have a name of their own, but `local`.",
  },
});
export const getCompute = operation({
  id: "Computes_Get",
  method: "GET",
  path: `${workspacePath}/computes/{computeName}`,
  alsoAt: [`/rp/workspaces${workspacePath}/computes/{computeName}`],
  summary: "One compute target.",
  source,
  params: ofCompute,
  answer: { kind: "json", schema: Compute, description: "The compute target." },
});

const fromSettings = {
  path: `${workspacePath}/computes/{computeName}`,
  alsoAt: [`/rp/workspaces${workspacePath}/computes/{computeName}`],
  summary: "Refused: compute targets come from the settings.",
  source,
  params: ofCompute,
  answer: { kind: "empty", description: "Never: it is refused, with what to do instead." },
} as const;
export const putCompute = operation({ ...fromSettings, id: "Computes_CreateOrUpdate", method: "PUT" });
export const deleteCompute = operation({ ...fromSettings, id: "Computes_Delete", method: "DELETE" });

export const discover = operation({
  id: "Discovery_Get",
  method: "GET",
  path: "/discovery/workspaces/{workspaceId}",
  // Inside a run, clients before 1.1 know only the address of the service.
  alsoAt: ["/discovery"],
  summary: "Where the services of a workspace are.",
  source,
  params: Type.Object({ workspaceId: optional(Type.String({ format: "uuid" })) }),
  answer: {
    kind: "json",
    schema: mapOf(Type.String()),
    description: "Base URLs by the name of the service.",
  },
  authenticated: false,
});
