// Workspaces, subscriptions and compute targets as Azure Resource Manager shows them.
import type { arm } from "@malachite/contract";
import { workspacePath } from "@malachite/contract";
import type { Scope, ShownTarget, Workspace } from "@malachite/core";
import { STORAGE_ACCOUNT } from "../auth/sas.ts";
import { dateText } from "./dates.ts";

/** There is one place: this service. */
const LOCATION = "local";

const groupId = ({ subscriptionId, resourceGroup }: Pick<Scope, "subscriptionId" | "resourceGroup">) =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;

const workspaceResourceId = (scope: Scope): string =>
  workspacePath
    .replace("{subscriptionId}", scope.subscriptionId)
    .replace("{resourceGroupName}", scope.resourceGroup)
    .replace("{workspaceName}", scope.workspace);

export const WORKSPACE_TYPE = "Microsoft.MachineLearningServices/workspaces";

export const resourceDto = ({ scope }: Workspace): arm.Resource => ({
  id: workspaceResourceId(scope),
  name: scope.workspace,
  type: WORKSPACE_TYPE,
  location: LOCATION,
  tags: {},
});

/** `base` is the service's address over TLS: clients send tokens nowhere else. */
export const workspaceDto = ({ scope, id, createdAt }: Workspace, base: string): arm.Workspace => ({
  ...resourceDto({ scope, id, createdAt }),
  kind: "Default",
  identity: { type: "None" },
  sku: { name: "Basic", tier: "Basic" },
  properties: {
    workspaceId: id,
    friendlyName: scope.workspace,
    description: "",
    creationTime: dateText(createdAt),
    discoveryUrl: `${base}/discovery/workspaces/${id}`,
    mlFlowTrackingUri: `azureml://${new URL(base).host}/mlflow/v1.0${encodeURI(workspaceResourceId(scope))}`,
    storageAccount: `${groupId(scope)}/providers/Microsoft.Storage/storageAccounts/${STORAGE_ACCOUNT}`,
    provisioningState: "Succeeded",
    hbiWorkspace: false,
  },
});

export const subscriptionDto = (subscriptionId: string, tenantId: string): arm.Subscription => ({
  id: `/subscriptions/${subscriptionId}`,
  subscriptionId,
  tenantId,
  displayName: "Malachite",
  state: "Enabled",
  subscriptionPolicies: {},
  authorizationSource: "Legacy",
});

export const resourceGroupDto = (scope: Scope): arm.ResourceGroup => ({
  id: groupId(scope),
  name: scope.resourceGroup,
  type: "Microsoft.Resources/resourceGroups",
  location: LOCATION,
  tags: {},
  properties: { provisioningState: "Succeeded" },
});

/** Shown as the kind of compute that clients take scripts to without further settings: a cluster of this one machine. */
export function computeDto(scope: Scope, target: ShownTarget): arm.Compute {
  // Where nobody counts nodes, each run at work is one.
  const { running = 0, runsAtOnce = 1, nodes = runsAtOnce, nodesFree } = target;
  const busy = nodesFree === undefined ? running : nodes - nodesFree;
  return {
    id: `${workspaceResourceId(scope)}/computes/${target.name}`,
    name: target.name,
    type: "Microsoft.MachineLearningServices/workspaces/computes",
    location: LOCATION,
    tags: {},
    properties: {
      computeType: "AmlCompute",
      computeLocation: LOCATION,
      description: `A compute target of Malachite, of the kind ${target.kind}.`,
      provisioningState: target.usable ? "Succeeded" : "Failed",
      provisioningErrors: target.usable
        ? null
        : [{ error: { code: "NotUsable", message: target.reason ?? "It is not usable." } }],
      resourceId: null,
      isAttachedCompute: false,
      properties: {
        vmSize: target.kind,
        vmPriority: "Dedicated",
        scaleSettings: {
          minNodeCount: 0,
          maxNodeCount: nodes,
          nodeIdleTimeBeforeScaleDown: "PT120S",
        },
        subnet: null,
        remoteLoginPortPublicAccess: "NotSpecified",
        allocationState: "Steady",
        currentNodeCount: nodes,
        targetNodeCount: nodes,
        nodeStateCounts: {
          preparingNodeCount: 0,
          runningNodeCount: busy,
          idleNodeCount: Math.max(0, nodes - busy),
          unusableNodeCount: 0,
          leavingNodeCount: 0,
          preemptedNodeCount: 0,
        },
      },
    },
  };
}

/** The cloud whose every service is this one. `base` is its address over TLS. */
export const cloudDto = (base: string): arm.Cloud => {
  const { host } = new URL(base);
  return {
    name: "AzureCloud",
    portal: base,
    authentication: {
      // Clients put the name of the tenant in the place of the last part; below `adfs` they ask no other host whether it is real.
      loginEndpoint: `${base}/adfs/common`,
      audiences: [base],
      tenant: "common",
      identityProvider: "AAD",
    },
    graphAudience: base,
    graph: base,
    resourceManager: base,
    gallery: base,
    batch: base,
    sqlManagement: base,
    vmImageAliasDoc: base,
    media: base,
    activeDirectoryDataLake: base,
    suffixes: {
      // The part before @ is the user of a URL, which all clients send nowhere: `https://account.blob.x@HOST` leads to HOST.
      storage: `x@${host}`,
      keyVaultDns: host,
      sqlServerHostname: host,
      acrLoginServer: host,
      azureDataLakeStoreFileSystem: host,
      azureDataLakeAnalyticsCatalogAndJob: host,
    },
  };
};

const SERVICES = [
  "api",
  "catalog",
  "datastore",
  "experimentation",
  "gallery",
  "history",
  "hyperdrive",
  "labeling",
  "mlflow",
  "modelmanagement",
  "pipelines",
  "studio",
];

/** Every service of a workspace is at the same address. */
export const discoveryDto = (base: string): Record<string, string> =>
  Object.fromEntries(SERVICES.map((name) => [name, base]));
