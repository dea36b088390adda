// Workspaces: told and made by name. Most come into being by their first write (allowWorkspace.ts).
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { type Scope, workspaceKey } from "../domain/scope.ts";
import type { KnownWorkspace } from "../ports/index.ts";
import type { Workspace } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type Ports = Pick<FlowPorts, "workspaces" | "settings">;

export const listWorkspaces = async ({ workspaces, settings }: Ports): Promise<readonly Workspace[]> =>
  (await workspaces.list()).map((known) => show(known, settings));

export async function getWorkspace(scope: Scope, { workspaces, settings }: Ports): Promise<Workspace> {
  const known = await workspaces.get(scope);
  if (known) return show(known, settings);
  const { subscriptionId, resourceGroup, workspace } = scope;
  throw new MalachiteError(
    "WorkspaceNotFound",
    `There is no workspace '${workspace}' in the resource group '${resourceGroup}' of the subscription '${subscriptionId}'. ${await others(workspaces)} Make it with: malachite workspace create ${subscriptionId}/${resourceGroup}/${workspace}`,
  );
}

export async function createWorkspace(
  scope: Scope,
  { workspaces, settings, clock }: Ports & Pick<FlowPorts, "clock">,
): Promise<Workspace> {
  await workspaces.ensure(scope, clock.now());
  return getWorkspace(scope, { workspaces, settings });
}

const show = ({ createdAt, ...scope }: KnownWorkspace, settings: Ports["settings"]): Workspace => ({
  scope,
  id: settings.workspaceId(workspaceKey(scope)),
  createdAt,
});

async function others(workspaces: Ports["workspaces"]): Promise<string> {
  const known = (await workspaces.list()).slice(0, 10).map((w) => `${w.resourceGroup}/${w.workspace}`);
  return known.length === 0 ? "There is none at all." : `There are: ${known.join(", ")}.`;
}
