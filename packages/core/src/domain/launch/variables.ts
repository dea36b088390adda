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
  /** A file that holds the authorities of the service and the public ones, where the code finds one. */
  readonly caBundle?: string;
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
  AZUREML_WORKSPACE_SCOPE: workspaceScope(inside.scope),
  AZUREML_SERVICE_ENDPOINT: inside.serviceUrl,
});

const workspaceScope = ({ subscriptionId, resourceGroup, workspace }: Scope): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;

/**
 * Variables that a definition may set otherwise: where more is found, and whom to trust. Only what the clients read
 * (REQUESTS_CA_BUNDLE): SSL_CERT_FILE would change whom every other program of the run trusts.
 */
export const inviteVariables = (inside: Inside): Record<string, string> => ({
  AZUREML_CURRENT_CLOUD: "AzureCloud",
  AZUREML_DISCOVERY_SERVICE_ENDPOINT: `${inside.serviceUrl}/discovery/workspaces/${inside.workspaceId}`,
  // Older releases of the SDK make a host of Azure's out of AZUREML_SERVICE_ENDPOINT to find the models, unless this one names it.
  AZUREML_MMS_TEST_ENDPOINT: inside.serviceUrl,
  ...(inside.caBundle === undefined ? {} : { REQUESTS_CA_BUNDLE: inside.caBundle }),
});

/**
 * What makes mlflow log to this run. Plain mlflow and azureml's plug-in both take this form of the address. None of them for a
 * definition that names another tracking server: this run's id and token are nothing to that one.
 */
export const mlflowVariables = (
  inside: Inside,
  given: Readonly<Record<string, string>>,
): Record<string, string> =>
  given[TRACKING_URI] === undefined
    ? {
        [TRACKING_URI]: `${inside.serviceUrl}/mlflow/v1.0${workspaceScope(inside.scope)}`,
        MLFLOW_RUN_ID: inside.runId,
        MLFLOW_EXPERIMENT_ID: inside.experimentId,
        MLFLOW_EXPERIMENT_NAME: inside.experimentName,
      }
    : {};

const TRACKING_URI = "MLFLOW_TRACKING_URI";

/**
 * The run's token and its end, as ISO 8601: clients read a number as local time. Never kept. mlflow gets it only where the
 * planned variables send mlflow to this service.
 */
export const tokenVariables = (
  { token, expiresAt }: { readonly token: string; readonly expiresAt: number },
  planned: Readonly<Record<string, string>>,
): Record<string, string> => ({
  AZUREML_RUN_TOKEN: token,
  AZUREML_RUN_TOKEN_EXPIRY: new Date(expiresAt).toISOString(),
  ...(planned[TRACKING_URI]?.startsWith(`${planned.AZUREML_SERVICE_ENDPOINT}/`)
    ? { MLFLOW_TRACKING_TOKEN: token }
    : {}),
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
