// Which service, which token, which workspace: from flags, environment, files and defaults, in that order.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { MalachiteClient, WorkspaceClient } from "@malachite/client";
import type { Command } from "commander";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { trustKept } from "../trust/authority.ts";
import { findWorkspaceConfig, type WorkspaceAddress } from "./workspaceConfig.ts";

export type ConnectionOptions = {
  readonly endpoint?: string;
  readonly token?: string;
  readonly workspace?: string;
};
export type Connection = {
  readonly endpoint: string;
  readonly token: string;
  readonly workspace: WorkspaceAddress;
  /** Where the workspace was found, in words. */
  readonly workspaceFrom: string;
};

export const DEFAULT_ENDPOINT = "http://127.0.0.1:7464";
/** The workspace that every service begins with. */
export const DEFAULT_WORKSPACE: WorkspaceAddress = {
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "rg",
  workspace: "ws1",
};
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/i;

/** Adds the options that every command has which talks to a service. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("--endpoint <url>", "where the service is (MALACHITE_ENDPOINT)")
    .option(
      "--token <token>",
      "the bearer token; better in MALACHITE_TOKEN, where other users cannot read it",
    )
    .option("-w, --workspace <subscription/group/name>", "the workspace (MALACHITE_WORKSPACE)");
}

/** The address that a service of this user on this machine has written into its data folder. */
function runningHere({ env }: Io): string | undefined {
  const folder = env.MALACHITE_DATA ?? join(env.HOME ?? homedir(), ".malachite", "data");
  try {
    const { url } = JSON.parse(readFileSync(join(folder, "server.json"), "utf8")) as { url?: unknown };
    return typeof url === "string" ? url : undefined;
  } catch {
    return undefined; // No service has run here; the default address will say so.
  }
}

function readWorkspace(text: string, from: string): WorkspaceAddress {
  const [subscriptionId, resourceGroup, workspace, ...more] = text.split("/");
  if (!subscriptionId || !resourceGroup || !workspace || more.length > 0)
    throw new UsageError(`${from} must be SUBSCRIPTION/GROUP/NAME; it is '${text}'.`);
  return { subscriptionId, resourceGroup, workspace };
}

/** Works out the connection. `folder` is where the search for a workspace file begins. Throws UsageError. */
export function readConnection(options: ConnectionOptions, io: Io, folder: string = io.cwd): Connection {
  const { env } = io;
  const endpoint = (
    options.endpoint ??
    env.MALACHITE_ENDPOINT ??
    runningHere(io) ??
    DEFAULT_ENDPOINT
  ).replace(/\/+$/, "");
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
    throw new UsageError(`The endpoint must be a URL such as ${DEFAULT_ENDPOINT}; it is '${endpoint}'.`);
  const local = LOOPBACK.test(new URL(endpoint).hostname);
  const token = options.token ?? env.MALACHITE_TOKEN ?? (local ? "dev" : undefined);
  if (token === undefined || token === "")
    throw new UsageError(`${endpoint} is on another machine, so a token is needed. Set MALACHITE_TOKEN.`);
  const common = { endpoint, token };
  if (options.workspace !== undefined)
    return {
      ...common,
      workspace: readWorkspace(options.workspace, "--workspace"),
      workspaceFrom: "--workspace",
    };
  if (env.MALACHITE_WORKSPACE)
    return {
      ...common,
      workspace: readWorkspace(env.MALACHITE_WORKSPACE, "MALACHITE_WORKSPACE"),
      workspaceFrom: "MALACHITE_WORKSPACE",
    };
  const found = findWorkspaceConfig(folder);
  return found === undefined
    ? { ...common, workspace: DEFAULT_WORKSPACE, workspaceFrom: "the default" }
    : { ...common, workspace: found.address, workspaceFrom: found.path };
}

/** Opens the client; loads it only now. The frame learns the endpoint, so that errors can name it. */
export async function connect(
  options: ConnectionOptions,
  io: Io,
  frame: Frame,
  folder?: string,
): Promise<Connection & { readonly client: MalachiteClient; readonly runs: WorkspaceClient }> {
  const connection = readConnection(options, io, folder);
  frame.endpoint = connection.endpoint;
  trustKept(connection.endpoint, io);
  const { MalachiteClient } = await import("@malachite/client");
  // A command is used by a person who waits: a service that is not there is told at once.
  const client = new MalachiteClient(connection.endpoint, connection.token, {
    retryOptions: { maxRetries: 2, retryDelayInMs: 200 },
  });
  return { ...connection, client, runs: client.workspace(connection.workspace) };
}
