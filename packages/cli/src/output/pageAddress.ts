// Where a run is seen in a browser.
import type { WorkspaceAddress } from "@malachite/client";
import { DEFAULT_WORKSPACE } from "../connection/connection.ts";

/** The address of a run's page on the service at `endpoint`. */
export function pageAddress(endpoint: string, workspace: WorkspaceAddress, runId: string): string {
  const isDefault = (Object.keys(DEFAULT_WORKSPACE) as (keyof WorkspaceAddress)[]).every(
    (part) => workspace[part] === DEFAULT_WORKSPACE[part],
  );
  const { subscriptionId, resourceGroup, workspace: name } = workspace;
  const query = isDefault ? "" : `?ws=${encodeURIComponent(`${subscriptionId}/${resourceGroup}/${name}`)}`;
  return `${endpoint}/ui/runs/${encodeURIComponent(runId)}${query}`;
}
