// What Azure Resource Manager answers to the v1 clients: addresses, subscriptions, workspaces, compute targets.
import { arm } from "@malachite/contract";
import { type Flow, MalachiteError, type Workspace } from "@malachite/core";
import {
  cloudDto,
  computeDto,
  discoveryDto,
  resourceDto,
  resourceGroupDto,
  subscriptionDto,
  workspaceDto,
} from "../dto/resources.ts";
import { route } from "../route.ts";

export const listClouds = route(arm.listClouds, async ({ secureBase }) => [cloudDto(secureBase)]);

export const discover = route(arm.discover, async ({ secureBase }) => discoveryDto(secureBase));

export const listTenants = route(arm.listTenants, async ({ by }) => ({
  value: [{ id: `/tenants/${by.tenantId}`, tenantId: by.tenantId }],
}));

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The first of each kind, in the order they come in. */
function firstOfEach(workspaces: readonly Workspace[], kindOf: (w: Workspace) => string): Workspace[] {
  const kinds = new Map<string, Workspace>();
  for (const one of workspaces) {
    const kind = kindOf(one).toLowerCase();
    if (!kinds.has(kind)) kinds.set(kind, one);
  }
  return [...kinds.values()];
}

export const listSubscriptions = route(arm.listSubscriptions, async ({ by }, { flow }) => ({
  value: firstOfEach(await flow.listWorkspaces(), ({ scope }) => scope.subscriptionId).map(({ scope }) =>
    subscriptionDto(scope.subscriptionId, by.tenantId),
  ),
}));

/** Throws SubscriptionNotFound where there is none. */
async function inSubscription(flow: Flow, subscriptionId: string, group?: string): Promise<Workspace[]> {
  const all = await flow.listWorkspaces();
  const found = all.filter(
    ({ scope }) =>
      same(scope.subscriptionId, subscriptionId) && (group === undefined || same(scope.resourceGroup, group)),
  );
  if (found.length > 0) return found;
  const what = group === undefined ? "" : `resource group '${group}' of the `;
  throw new MalachiteError(
    "SubscriptionNotFound",
    `No workspace is in the ${what}subscription '${subscriptionId}'. Make one with: malachite workspace create ${subscriptionId}/${group ?? "GROUP"}/NAME`,
  );
}

export const getSubscription = route(arm.getSubscription, async ({ params, by }, { flow }) => {
  const [first] = await inSubscription(flow, params.subscriptionId);
  return subscriptionDto(first?.scope.subscriptionId ?? params.subscriptionId, by.tenantId);
});

export const listResourceGroups = route(arm.listResourceGroups, async ({ params }, { flow }) => ({
  value: firstOfEach(
    await inSubscription(flow, params.subscriptionId),
    ({ scope }) => scope.resourceGroup,
  ).map(({ scope }) => resourceGroupDto(scope)),
}));

export const getResourceGroup = route(arm.getResourceGroup, async ({ params, scope }, { flow }) => {
  const [first] = await inSubscription(flow, params.subscriptionId, params.resourceGroupName);
  return resourceGroupDto(first?.scope ?? scope);
});

export const listWorkspaces = route(arm.listWorkspaces, async ({ params, secureBase }, { flow }) => ({
  value: (await inSubscription(flow, params.subscriptionId)).map((one) => workspaceDto(one, secureBase)),
}));

export const listWorkspacesOfGroup = route(
  arm.listWorkspacesOfGroup,
  async ({ params, secureBase }, { flow }) => ({
    value: (await inSubscription(flow, params.subscriptionId, params.resourceGroupName)).map((one) =>
      workspaceDto(one, secureBase),
    ),
  }),
);

const TERM = /^\s*(resourceType|resourceGroup)\s+eq\s+'([^']*)'\s*$/i;

/** What a resource must be. Throws BadFilter for another form than clients send. */
function readFilter(filter: string | undefined): (workspace: Workspace) => boolean {
  const terms = (filter ?? "").trim() === "" ? [] : (filter ?? "").split(/\s+and\s+/i);
  const tests = terms.map((text) => {
    const [, property = "", value = ""] = TERM.exec(text) ?? [];
    if (property === "")
      throw new MalachiteError(
        "BadFilter",
        `The filter '${text.slice(0, 200)}' is not understood. Write resourceType eq 'TYPE' and resourceGroup eq 'GROUP'.`,
        { target: "$filter" },
      );
    return property.toLowerCase() === "resourcetype"
      ? (one: Workspace) => same(resourceDto(one).type, value)
      : (one: Workspace) => same(one.scope.resourceGroup, value);
  });
  return (workspace) => tests.every((test) => test(workspace));
}

export const listResources = route(arm.listResources, async ({ params, query }, { flow }) => {
  const keep = readFilter(query.$filter);
  return { value: (await inSubscription(flow, params.subscriptionId)).filter(keep).map(resourceDto) };
});

export const getWorkspace = route(arm.getWorkspace, async ({ scope, secureBase }, { flow }) =>
  workspaceDto(await flow.getWorkspace(scope), secureBase),
);

export const putWorkspace = route(arm.putWorkspace, async ({ scope, body, secureBase }, { flow }) => {
  await body();
  return workspaceDto(await flow.createWorkspace(scope), secureBase);
});

const refuse = (message: string) => async (): Promise<undefined> => {
  throw new MalachiteError("NotOffered", message);
};

export const patchWorkspace = route(
  arm.patchWorkspace,
  refuse("A workspace here is a name and its runs: it has no description, tags or settings to change."),
);
export const deleteWorkspace = route(
  arm.deleteWorkspace,
  refuse(
    "A workspace is not deleted here. Stop the service and remove its data folder to be rid of all of them.",
  ),
);

export const listComputes = route(arm.listComputes, async ({ scope }, { flow }) => {
  const { scope: known } = await flow.getWorkspace(scope);
  const targets = (await flow.targets()).filter(({ name }) => name !== "local" && name !== "*");
  return { value: targets.map((target) => computeDto(known, target)) };
});

export const getCompute = route(arm.getCompute, async ({ scope, params }, { flow }) => {
  const { scope: known } = await flow.getWorkspace(scope);
  return computeDto(known, await flow.target(params.computeName));
});

const FROM_SETTINGS =
  "Compute targets come from the settings of the service: start it with --target NAME=process, or name them in its settings file.";
export const putCompute = route(arm.putCompute, refuse(FROM_SETTINGS));
export const deleteCompute = route(arm.deleteCompute, refuse(FROM_SETTINGS));
