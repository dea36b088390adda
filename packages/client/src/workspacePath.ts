// A workspace as the parameters of a path.
import type { WorkspaceAddress } from "./models.ts";

export const workspacePath = (address: WorkspaceAddress) => ({
  subscriptionId: address.subscriptionId,
  resourceGroupName: address.resourceGroup,
  workspaceName: address.workspace,
});
