// The address every workspace-scoped operation begins with.
import Type from "typebox";

/** The pattern of run ids (execution.json). 1 to 256 characters. */
export const RUN_ID_PATTERN = "^[a-zA-Z0-9][\\w-]{0,255}$";

export const workspacePath =
  "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.MachineLearningServices/workspaces/{workspaceName}";

export const workspaceParams = {
  subscriptionId: Type.String({ format: "uuid", description: "The Azure Subscription ID." }),
  resourceGroupName: Type.String({
    minLength: 1,
    maxLength: 260,
    description: "The resource group of the workspace.",
  }),
  workspaceName: Type.String({ minLength: 1, maxLength: 260, description: "The name of the workspace." }),
};
export const experimentName = Type.String({
  minLength: 1,
  maxLength: 255,
  description: "The experiment name.",
});
export const experimentId = Type.String({ minLength: 1, maxLength: 255, description: "The experiment id." });
export const runId = Type.String({ pattern: RUN_ID_PATTERN, description: "The run id." });

export const experimentParams = { ...workspaceParams, experimentName };
export const runParams = { ...experimentParams, runId };

/** The three addresses of a run: by experiment name, by experiment id, by workspace alone. */
export const runAddresses = (base: string, rest = "") => ({
  path: `${base}${workspacePath}/experiments/{experimentName}/runs/{runId}${rest}`,
  alsoAt: [
    `${base}${workspacePath}/experimentids/{experimentId}/runs/{runId}${rest}`,
    `${base}${workspacePath}/runs/{runId}${rest}`,
  ],
});
