// `malachite env`: the settings in use, for a shell, so that curl and scripts reach the same place.
import { type Command, Option } from "commander";
import {
  addConnectionOptions,
  type Connection,
  type ConnectionOptions,
  readConnection,
} from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { json } from "../output/format.ts";

type Shell = "sh" | "fish" | "powershell";
type Options = ConnectionOptions & { readonly shell: Shell; readonly output: "json" | "table" };

/** Adds the options and the action. Nothing is sent. */
export function define(command: Command, io: Io): void {
  addConnectionOptions(command)
    .addOption(
      new Option("--shell <name>", "for which shell").choices(["sh", "fish", "powershell"]).default("sh"),
    )
    .addOption(
      new Option("-o, --output <format>", "table prints lines for the shell")
        .choices(["table", "json"])
        .default("table"),
    )
    .addHelpText(
      "after",
      `
Examples:
  eval "$(malachite env)"
  curl -H "Authorization: Bearer $MALACHITE_TOKEN" "$MALACHITE_HISTORY_URL/experiments"
  malachite env --shell powershell | Invoke-Expression`,
    )
    .action(async (options: Options) => {
      const connection = readConnection(options, io);
      const variables = variablesOf(connection);
      io.say(`# workspace from ${connection.workspaceFrom}`);
      if (options.output === "json") return io.out(json(variables));
      for (const [name, value] of Object.entries(variables))
        await io.out(`${assignment(options.shell, name, value)}\n`);
    });
}

/** What the command line and curl need to reach the workspace. */
export function variablesOf({ endpoint, token, workspace }: Connection): Record<string, string> {
  const { subscriptionId, resourceGroup, workspace: name } = workspace;
  const part = encodeURIComponent;
  const scope = `subscriptions/${part(subscriptionId)}/resourceGroups/${part(resourceGroup)}/providers/Microsoft.MachineLearningServices/workspaces/${part(name)}`;
  return {
    MALACHITE_ENDPOINT: endpoint,
    MALACHITE_TOKEN: token,
    MALACHITE_WORKSPACE: `${subscriptionId}/${resourceGroup}/${name}`,
    MALACHITE_EXECUTION_URL: `${endpoint}/execution/v1.0/${scope}`,
    MALACHITE_HISTORY_URL: `${endpoint}/history/v1.0/${scope}`,
  };
}

/** One line that sets a variable, whatever characters the value has. */
export function assignment(shell: Shell, name: string, value: string): string {
  if (shell === "powershell") return `$env:${name} = '${value.replaceAll("'", "''")}'`;
  if (shell === "fish") return `set -gx ${name} '${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
}
