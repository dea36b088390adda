// Finds and reads the workspace file of Azure Machine Learning v1, which says where a project's runs belong.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../errors/usageError.ts";

/** Where runs belong. */
export type WorkspaceAddress = {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspace: string;
};

/** The names the file has had, in the order in which they win. */
const PLACES = [".azureml/config.json", "aml_config/config.json", "aml_config/project.json", "config.json"];
const KEYS = {
  subscription_id: "subscriptionId",
  resource_group: "resourceGroup",
  workspace_name: "workspace",
} as const;

/** The content of a workspace file, as the SDK itself writes it. */
export const configText = ({ subscriptionId, resourceGroup, workspace }: WorkspaceAddress): string =>
  `${JSON.stringify(
    { subscription_id: subscriptionId, resource_group: resourceGroup, workspace_name: workspace },
    null,
    4,
  )}\n`;

/** The first workspace file at or above a folder, or undefined. Throws UsageError for one that is broken. */
export function findWorkspaceConfig(folder: string): { path: string; address: WorkspaceAddress } | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    for (const place of PLACES) {
      const path = join(at, place);
      if (!existsSync(path)) continue;
      const address = readWorkspaceConfig(path, place === "config.json");
      if (address !== undefined) return { path, address };
    }
    if (dirname(at) === at) return undefined;
  }
}

/** `maybe`: the name is so common that a file without any of the keys is somebody else's. */
function readWorkspaceConfig(path: string, maybe: boolean): WorkspaceAddress | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (cause) {
    if (maybe) return undefined;
    throw new UsageError(`The workspace file ${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const values = (typeof content === "object" && content !== null ? content : {}) as Record<string, unknown>;
  const missing = Object.keys(KEYS).filter((key) => typeof values[key] !== "string" || values[key] === "");
  if (missing.length === Object.keys(KEYS).length && maybe) return undefined;
  if (missing.length > 0)
    throw new UsageError(
      `The workspace file ${path} lacks ${missing.join(", ")}. It needs all three as text.`,
    );
  return Object.fromEntries(
    Object.entries(KEYS).map(([key, name]) => [name, String(values[key])]),
  ) as unknown as WorkspaceAddress;
}
