// What `Workspace.create` of the v1 SDK asks beside the workspace: which places there are, a resource group, a deployment.
import Type from "typebox";
import { anyObject, model, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { workspaceParams } from "../scope.ts";
import { ResourceGroup } from "./resources.ts";

const source = "sdk";
const { subscriptionId, resourceGroupName } = workspaceParams;
const group = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}";
const ofGroup = Type.Object({ subscriptionId, resourceGroupName });
const deployment = `${group}/providers/Microsoft.Resources/deployments/{deploymentName}`;
const ofDeployment = Type.Object({
  subscriptionId,
  resourceGroupName,
  deploymentName: Type.String({ minLength: 1, maxLength: 64, description: "The name of the deployment." }),
});

export const Provider = model("Provider", {
  id: Type.String(),
  namespace: Type.String(),
  registrationState: Type.String(),
  resourceTypes: Type.Array(
    model("ProviderResourceType", {
      resourceType: Type.String(),
      locations: Type.Array(Type.String()),
      apiVersions: Type.Array(Type.String()),
    }),
  ),
});

export const getProvider = operation({
  id: "Providers_Get",
  method: "GET",
  path: "/subscriptions/{subscriptionId}/providers/{providerNamespace}",
  summary: "Where workspaces may be: every place is this service.",
  source,
  params: Type.Object({
    subscriptionId,
    providerNamespace: Type.String({ minLength: 1, maxLength: 100, description: "The provider." }),
  }),
  answer: { kind: "json", schema: Provider, description: "The provider." },
});

export const putResourceGroup = operation({
  id: "ResourceGroups_CreateOrUpdate",
  method: "PUT",
  path: group,
  summary: "Answers as if it had made the group, which comes into being with the first workspace in it.",
  source,
  params: ofGroup,
  body: { kind: "json", schema: anyObject(), required: false },
  answer: { kind: "json", schema: ResourceGroup, description: "The resource group." },
});

export const Deployment = model("Deployment", {
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  properties: model("DeploymentProperties", {
    provisioningState: Type.String(),
    mode: optional(Type.String()),
    timestamp: Type.String(),
  }),
});
const deploymentAsk = {
  mode: optional(Type.String()),
  template: optional(
    model("DeploymentTemplate", {
      resources: Type.Array(model("TemplateResource", { type: Type.String(), name: Type.String() })),
    }),
  ),
};
export const putDeployment = operation({
  id: "Deployments_CreateOrUpdate",
  method: "PUT",
  path: deployment,
  summary: "Makes the workspaces of a template. What else a workspace has in Azure, it has here by itself.",
  source,
  params: ofDeployment,
  body: {
    kind: "json",
    // Clients of 2020 with a newer library leave the outer object out.
    schema: model("DeploymentAsk", {
      properties: optional(model("DeploymentAskProperties", deploymentAsk)),
      ...deploymentAsk,
    }),
    required: true,
  },
  answer: { kind: "json", schema: Deployment, description: "The deployment, which is done." },
});
export const listDeployments = operation({
  id: "Deployments_List",
  method: "GET",
  path: "/subscriptions/{subscriptionId}/providers/Microsoft.Resources/deployments",
  summary: "The deployments that are kept: none, because they are done at once.",
  source,
  params: Type.Object({ subscriptionId }),
  answer: {
    kind: "json",
    schema: model("Deployments", { value: Type.Array(Deployment) }),
    description: "None.",
  },
});
export const listDeploymentOperations = operation({
  id: "DeploymentOperations_List",
  method: "GET",
  path: `${group}/deployments/{deploymentName}/operations`,
  alsoAt: [`${deployment}/operations`],
  summary: "The steps of a deployment: there are none, because it is done at once.",
  source,
  params: ofDeployment,
  answer: {
    kind: "json",
    schema: model("DeploymentOperations", { value: Type.Array(anyObject()) }),
    description: "None.",
  },
});
