// A workspace comes into being by its first write, unless the settings forbid it.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Scope } from "../domain/scope.ts";
import type { FlowPorts } from "./ports.ts";

/** Throws WorkspaceNotFound when the workspace is new and may not be made. */
export async function allowWorkspace(
  scope: Scope,
  { workspaces, settings }: Pick<FlowPorts, "workspaces" | "settings">,
): Promise<void> {
  if (settings.workspacesByFirstWrite || (await workspaces.has(scope))) return;
  const known = (await workspaces.list())
    .map((w) => w.workspace)
    .slice(0, 10)
    .join(", ");
  throw new MalachiteError(
    "WorkspaceNotFound",
    `There is no workspace '${scope.workspace}' and the settings forbid making one by writing to it. There are: ${known || "none"}.`,
  );
}
