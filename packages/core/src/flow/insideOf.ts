// What the code inside a run is told about it, wherever it runs.
import type { Inside } from "../domain/launch/variables.ts";
import type { Run } from "../domain/run/run.ts";
import { workspaceKey } from "../domain/scope.ts";
import type { FlowPorts } from "./ports.ts";

/** `serviceUrl` is the service as that code reaches it. */
export const insideOf = (
  run: Run,
  serviceUrl: string,
  { settings }: Pick<FlowPorts, "settings">,
): Inside => ({
  scope: run.scope,
  runId: run.id,
  experimentName: run.experimentName,
  experimentId: run.experimentId,
  rootRunId: run.rootRunId,
  parentRunId: run.parentRunId,
  serviceUrl,
  workspaceId: settings.workspaceId(workspaceKey(run.scope)),
});
