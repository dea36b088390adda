// A run as it is copied out of these pages: what is needed to start the same again, and nothing that only repeats a default. Pure.
import type { WholeRunDefinition, WorkspaceAddress } from "@malachite/client";

export type Configuration = Readonly<Record<string, unknown>>;
export type Copied = {
  readonly endpoint: string;
  readonly workspace: WorkspaceAddress;
  readonly experimentName: string;
  readonly runId: string;
  readonly snapshotId: string | undefined;
  readonly parentRunId: string | undefined;
  readonly configuration: Configuration;
};

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the service fills in by itself. */
const DEFAULTS: Configuration = {
  framework: "Python",
  communicator: "None",
  nodeCount: 1,
  command: "",
  target: "local",
};

/** The definition of a run, as it was understood, without what says nothing. */
export function configurationOf({ resolved }: Pick<WholeRunDefinition, "resolved">): Configuration {
  const configuration = resolved?.configuration;
  const all = (withoutEmpty(isMap(configuration) ? configuration : {}) ?? {}) as Configuration;
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => DEFAULTS[name] !== value));
}

/** Without nulls, and without lists and sections that have nothing in them. False, 0 and empty texts say something. */
function withoutEmpty(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  if (!isMap(value)) return value;
  const kept = Object.entries(value)
    .map(([name, inner]) => [name, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

export const workspacePathOf = ({ subscriptionId, resourceGroup, workspace }: WorkspaceAddress): string =>
  `/subscriptions/${encodeURIComponent(subscriptionId)}/resourceGroups/${encodeURIComponent(resourceGroup)}/providers/Microsoft.MachineLearningServices/workspaces/${encodeURIComponent(workspace)}`;

/** The arguments of the script, as texts. */
export const argumentsOf = ({ arguments: words }: Configuration): string[] =>
  Array.isArray(words) ? words.map((word) => (typeof word === "string" ? word : JSON.stringify(word))) : [];

/** The line of a run that has one instead of a script. */
export function commandOf({ command }: Configuration): string | undefined {
  const line = Array.isArray(command) ? command.join(" ") : command;
  return typeof line === "string" && line !== "" ? line : undefined;
}
