// `Workspace.create` of the v1 SDK: the places there are, a resource group, and a template that holds the workspace.
import { arm } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import { dateText } from "../dto/dates.ts";
import { resourceGroupDto, WORKSPACE_TYPE } from "../dto/resources.ts";
import { route } from "../route.ts";

/** The SDK takes no other places than those it is told of, and scripts name the regions of the public cloud. */
const PLACES =
  "local eastus eastus2 centralus northcentralus southcentralus westus westus2 westus3 westcentralus canadacentral canadaeast brazilsouth northeurope westeurope uksouth ukwest francecentral germanywestcentral norwayeast swedencentral switzerlandnorth switzerlandwest italynorth polandcentral spaincentral uaenorth qatarcentral israelcentral southafricanorth centralindia southindia jioindiawest eastasia southeastasia japaneast japanwest koreacentral australiaeast australiasoutheast".split(
    " ",
  );

export const getProvider = route(arm.getProvider, async ({ params }) => {
  const { subscriptionId, providerNamespace: namespace } = params;
  const types = namespace.toLowerCase() === "microsoft.machinelearningservices" ? ["workspaces"] : [];
  return {
    id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
    namespace,
    registrationState: "Registered",
    resourceTypes: types.map((resourceType) => ({
      resourceType,
      locations: PLACES,
      apiVersions: ["2022-05-01"],
    })),
  };
});

export const putResourceGroup = route(arm.putResourceGroup, async ({ scope, body }) => {
  await body();
  return resourceGroupDto(scope);
});

/** What a workspace has in Azure and here has no counterpart, or is part of the data folder. */
const BESIDE =
  /^(microsoft\.(storage\/storageaccounts|keyvault\/vaults|insights\/components|operationalinsights\/workspaces|containerregistry\/registries|resources\/(deployments|resourcegroups)))$/i;

export const putDeployment = route(arm.putDeployment, async ({ scope, params, body }, { flow, clock }) => {
  const sent = await body();
  const { mode, template } = sent.properties ?? sent;
  if (template === undefined)
    throw new MalachiteError("InvalidRequest", "The deployment has no template. Send it in the request.", {
      target: "properties.template",
    });
  const isWorkspace = ({ type }: { readonly type: string }) =>
    type.toLowerCase() === WORKSPACE_TYPE.toLowerCase();
  const strange = template.resources.find(
    (resource) => !isWorkspace(resource) && !BESIDE.test(resource.type),
  );
  if (strange !== undefined)
    throw new MalachiteError(
      "NotOffered",
      `A deployment here makes workspaces; it has nothing of the type '${strange.type}'. Leave that out.`,
      { target: "properties.template.resources" },
    );
  const workspaces = template.resources.filter(isWorkspace);
  const unclear = workspaces.find(({ name }) => name.startsWith("["));
  if (unclear !== undefined)
    throw new MalachiteError(
      "NotOffered",
      `Expressions in templates are not evaluated here. Write the name of the workspace instead of '${unclear.name}'.`,
      { target: "properties.template.resources" },
    );
  for (const { name } of workspaces) await flow.createWorkspace({ ...scope, workspace: name });
  return {
    id: `${resourceGroupDto(scope).id}/providers/Microsoft.Resources/deployments/${params.deploymentName}`,
    name: params.deploymentName,
    type: "Microsoft.Resources/deployments",
    properties: {
      provisioningState: "Succeeded",
      ...(mode === undefined ? {} : { mode }),
      timestamp: dateText(clock.now()),
    },
  };
});

export const listDeployments = route(arm.listDeployments, async () => ({ value: [] }));

export const listDeploymentOperations = route(arm.listDeploymentOperations, async () => ({ value: [] }));
