// The variables a script finds in its environment (azureml clients read them, see docs/run.md). Pure.
import type { Scope } from "../scope.ts";

/** What the service tells the code inside a run about itself. */
export type Inside = {
  readonly scope: Scope;
  readonly runId: string;
  readonly experimentName: string;
  readonly experimentId: string;
  readonly rootRunId: string;
  readonly parentRunId?: string;
  readonly serviceUrl: string;
  readonly workspaceId: string;
};

/** Variables that are no secret; kept in the launch plan. */
export const insideVariables = (inside: Inside): Record<string, string> => ({
  AZUREML_RUN_ID: inside.runId,
  AZUREML_ROOT_RUN_ID: inside.rootRunId,
  ...(inside.parentRunId ? { AZUREML_PARENT_RUN_ID: inside.parentRunId } : {}),
  AZUREML_ARM_SUBSCRIPTION: inside.scope.subscriptionId,
  AZUREML_ARM_RESOURCEGROUP: inside.scope.resourceGroup,
  AZUREML_ARM_WORKSPACE_NAME: inside.scope.workspace,
  AZUREML_ARM_PROJECT_NAME: inside.experimentName,
  AZUREML_EXPERIMENT_ID: inside.experimentId,
  AZUREML_WORKSPACE_ID: inside.workspaceId,
  AZUREML_WORKSPACE_SCOPE: `/subscriptions/${inside.scope.subscriptionId}/resourceGroups/${inside.scope.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${inside.scope.workspace}`,
  AZUREML_SERVICE_ENDPOINT: inside.serviceUrl,
  AZUREML_CURRENT_CLOUD: "AzureCloud",
});

/** The run's token and its end, as ISO 8601: clients read a number as local time. Never kept. */
export const tokenVariables = (token: {
  readonly token: string;
  readonly expiresAt: number;
}): Record<string, string> => ({
  AZUREML_RUN_TOKEN: token.token,
  AZUREML_RUN_TOKEN_EXPIRY: new Date(token.expiresAt).toISOString(),
});

/** Names a definition may not give: they tell the code which run it is and what it may reach. */
export const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  "AZUREML_RUN_ID",
  "AZUREML_ROOT_RUN_ID",
  "AZUREML_PARENT_RUN_ID",
  "AZUREML_ARM_SUBSCRIPTION",
  "AZUREML_ARM_RESOURCEGROUP",
  "AZUREML_ARM_WORKSPACE_NAME",
  "AZUREML_ARM_PROJECT_NAME",
  "AZUREML_EXPERIMENT_ID",
  "AZUREML_WORKSPACE_ID",
  "AZUREML_WORKSPACE_SCOPE",
  "AZUREML_SERVICE_ENDPOINT",
  "AZUREML_RUN_TOKEN",
  "AZUREML_RUN_TOKEN_EXPIRY",
  "MALACHITE_LAUNCH_KEY",
  "MALACHITE_RUN_FOLDER",
]);
