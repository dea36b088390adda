// `malachite env`: what a shell needs, so that curl, the Azure ML SDK and MLflow reach the same place as this command line.
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  addConnectionOptions,
  type Connection,
  type ConnectionOptions,
  connect,
  readConnection,
} from "../connection/connection.ts";
import { configText } from "../connection/workspaceConfig.ts";
import { isUnreachable } from "../errors/explain.ts";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";
import { json } from "../output/format.ts";
import type { Frame } from "../program.ts";
import { keptAuthority, learnAuthority, readIfThere, replaceFile } from "../trust/authority.ts";
import { makeConfigFolder, writeBundle } from "../trust/clientFiles.ts";

type Shell = "bash" | "zsh" | "sh" | "fish" | "powershell";
type Options = ConnectionOptions & {
  readonly shell: Shell;
  readonly write?: string;
  readonly trust?: string;
  readonly msiSecret?: string;
  readonly oldSdk?: boolean;
  readonly output: "json" | "table";
};

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  addConnectionOptions(command)
    .addOption(
      new Option("--shell <name>", "for which shell")
        .choices(["bash", "zsh", "sh", "fish", "powershell"])
        .default("bash"),
    )
    .option("--write <folder>", "also write the workspace to .azureml/config.json of that folder")
    .option("--trust <sha256>", "take the certificate authority of another machine that has this fingerprint")
    .option("--msi-secret <text>", "the secret of the service's token endpoint (MALACHITE_MSI_SECRET)")
    .option("--old-sdk", "for azureml-core before 1.40, which finds the service only as a proxy for https")
    .addOption(
      new Option("-o, --output <format>", "table prints lines for the shell")
        .choices(["table", "json"])
        .default("table"),
    )
    .addHelpText(
      "after",
      `
The workspace is made if it is new. A config.json at or above the folder wins over MALACHITE_WORKSPACE here.

Examples:
  eval "$(malachite env)"
  malachite env --shell fish | source
  malachite env --shell powershell | Out-String | Invoke-Expression
  malachite env --write .
  curl -H "Authorization: Bearer $MALACHITE_TOKEN" "$MALACHITE_HISTORY_URL/experiments"`,
    )
    .action((options: Options) => env(options, io, frame));
}

async function env(options: Options, io: Io, frame: Frame): Promise<void> {
  // The variable is most often of an earlier `malachite env`, in another folder.
  const inFolder = { ...io, env: { ...io.env, MALACHITE_WORKSPACE: undefined } };
  const found = readConnection(options, inFolder);
  const connection = found.workspaceFrom === "the default" ? readConnection(options, io) : found;
  const { endpoint, workspace } = connection;
  frame.endpoint = endpoint;
  const { authority, answers } = await ask(endpoint, options, io);
  const variables = variablesOf(connection, {
    bundle: answers || authority !== undefined ? writeBundle(endpoint, authority, io) : undefined,
    configFolder: makeConfigFolder(endpoint, io),
    msiSecret: options.msiSecret ?? io.env.MALACHITE_MSI_SECRET,
    env: io.env,
    oldSdk: options.oldSdk === true,
  });
  if (answers) {
    const name = `${workspace.subscriptionId}/${workspace.resourceGroup}/${workspace.workspace}`;
    const { runs } = await connect({ ...options, workspace: name }, io, frame);
    await runs.create();
  } else
    io.say(
      `# No service answers at ${endpoint}: run this again when it does, so that the workspace is made and Python clients trust it.`,
    );
  if (options.write !== undefined) writeConfig(resolve(io.cwd, options.write), connection, io);

  io.say(`# workspace from ${connection.workspaceFrom}`);
  if (options.output === "json") return io.out(json(variables));
  for (const [variable, value] of Object.entries(variables))
    await io.out(`${assignment(options.shell, variable, value)}\n`);
}

/** The service's authority; what is kept of it where the service does not answer. */
async function ask(
  endpoint: string,
  { trust }: Options,
  io: Io,
): Promise<{ readonly authority: string | undefined; readonly answers: boolean }> {
  try {
    return { authority: await learnAuthority(endpoint, io, trust), answers: true };
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    return { authority: keptAuthority(endpoint, io), answers: false };
  }
}

/** Never replaces a file that names another workspace: it may be the only note of that one. */
function writeConfig(folder: string, { workspace }: Connection, io: Io): void {
  const file = join(folder, ".azureml", "config.json");
  const text = configText(workspace);
  const there = readIfThere(file);
  if (there === text) return;
  if (there !== undefined)
    throw new UsageError(
      `${file} is there already and is not the same. Without --write, 'malachite env' in that folder uses it as it is.`,
    );
  replaceFile(file, text);
  io.say(`# wrote ${file}`);
}

export type ClientSetup = {
  /** Absent where the service's authority is not known. */
  readonly bundle: string | undefined;
  readonly configFolder: string;
  readonly msiSecret: string | undefined;
  readonly env: Io["env"];
  /** Whether the shell is for clients that ask a fixed address about resources. */
  readonly oldSdk?: boolean;
};

/** What the command line, curl and the Python clients need to reach the workspace. */
export function variablesOf(
  { endpoint, token, workspace }: Connection,
  { bundle, configFolder, msiSecret, env, oldSdk = false }: ClientSetup,
): Record<string, string> {
  const { subscriptionId, resourceGroup, workspace: name } = workspace;
  const part = encodeURIComponent;
  const scope = `subscriptions/${part(subscriptionId)}/resourceGroups/${part(resourceGroup)}/providers/Microsoft.MachineLearningServices/workspaces/${part(name)}`;
  return {
    MALACHITE_ENDPOINT: endpoint,
    MALACHITE_TOKEN: token,
    MALACHITE_WORKSPACE: `${subscriptionId}/${resourceGroup}/${name}`,
    MALACHITE_EXECUTION_URL: `${endpoint}/execution/v1.0/${scope}`,
    MALACHITE_HISTORY_URL: `${endpoint}/history/v1.0/${scope}`,
    ARM_CLOUD_METADATA_URL: `${endpoint}/metadata/endpoints`,
    AZUREML_CURRENT_CLOUD: "AzureCloud",
    AZURE_CONFIG_DIR: configFolder,
    ...tokenSource(endpoint, msiSecret ?? token),
    ...trusting(bundle, endpoint),
    MLFLOW_TRACKING_URI: `${endpoint}/mlflow/v1.0/${scope}`,
    MLFLOW_TRACKING_TOKEN: token,
    ...(oldSdk ? asProxy(new URL(endpoint), env) : pastProxy(new URL(endpoint).hostname, env)),
  };
}

/** Python's own urllib, by which the SDK reads the metadata, knows SSL_CERT_FILE alone; Node has a name of its own. */
function trusting(bundle: string | undefined, endpoint: string): Record<string, string> {
  if (bundle === undefined) return {};
  const others = { SSL_CERT_FILE: bundle, NODE_EXTRA_CA_CERTS: bundle };
  return { REQUESTS_CA_BUNDLE: bundle, ...(endpoint.startsWith("https:") ? others : {}) };
}

/**
 * Where clients get tokens. The SDK sends no MSI_SECRET, so it is in the address too; azure-identity wants the variable. A token
 * of an issuer is no secret of the service: who has one gives it to the SDK in code.
 */
function tokenSource(endpoint: string, secret: string): Record<string, string> {
  const url = `${endpoint}/msi/token`;
  if (secret === "dev") return { MSI_ENDPOINT: url, MSI_SECRET: secret };
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(secret)) return {};
  return { MSI_ENDPOINT: `${url}?secret=${encodeURIComponent(secret)}`, MSI_SECRET: secret };
}

/** The service in the place of Azure Resource Manager; it passes other hosts on. Proxies are spoken to over plain HTTP. */
function asProxy({ hostname, host }: URL, env: Io["env"]): Record<string, string> {
  const proxy = `http://${host}`;
  return { HTTPS_PROXY: proxy, https_proxy: proxy, ...pastProxy(hostname, { ...env, HTTPS_PROXY: proxy }) };
}

/** A shell behind a proxy must not send requests to this service there. */
function pastProxy(hostname: string, env: Io["env"]): Record<string, string> {
  const proxies = ["http_proxy", "https_proxy", "all_proxy"].flatMap((name) => [
    env[name],
    env[name.toUpperCase()],
  ]);
  if (!proxies.some((proxy) => proxy)) return {};
  const before = env.no_proxy ?? env.NO_PROXY ?? "";
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const listed = before.split(",").map((name) => name.trim());
  const value = listed.includes(host) ? before : [...listed.filter((name) => name), host].join(",");
  return { no_proxy: value, NO_PROXY: value };
}

/** One line that sets a variable, whatever characters the value has. */
export function assignment(shell: Shell, name: string, value: string): string {
  if (shell === "powershell") return `$env:${name} = '${value.replace(/['‘’‚‛]/g, "$&$&")}'`;
  if (shell === "fish") return `set -gx ${name} '${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
}
