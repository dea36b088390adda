// What a workspace and its users have of their quotas.
import type { Scope } from "../domain/scope.ts";
import type { QuotaPage } from "../ports/keptFiles.ts";
import type { FlowPorts } from "./ports.ts";
import { getWorkspace } from "./workspaces.ts";

/** Throws WorkspaceNotFound. */
export async function quotasOf(
  scope: Scope,
  whose: { readonly user?: string },
  ask: { readonly after?: string; readonly limit: number },
  ports: Pick<FlowPorts, "kept" | "workspaces" | "settings">,
): Promise<QuotaPage> {
  await getWorkspace(scope, ports);
  return await ports.kept.used(scope, { ...ask, ...whose });
}
