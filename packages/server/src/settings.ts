// All settings of the service: what they default to and where they come from (file < environment < flag). settings/ has the
// table of them and how each kind is read. Read once, checked once, frozen. Nobody else reads the environment.
import { readFileSync } from "node:fs";
import { availableParallelism, homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { didYouMean, MalachiteError, type RetentionPolicy } from "@malachite/core";
import { parse as parseYaml } from "yaml";
import { type BlobsSetting, readBlobs } from "./settings/blobs.ts";
import { checkValue } from "./settings/checkValue.ts";
import type { DatastoreEntry } from "./settings/datastores.ts";
import { faultsTogether, isLoopback } from "./settings/faultsTogether.ts";
import { SETTINGS } from "./settings/table.ts";
import type { TargetEntry } from "./settings/targets.ts";
import { tracesEndpoint } from "./settings/tracesEndpoint.ts";

export { type DatastoreEntry, isLoopback, SETTINGS, type TargetEntry };

/** What is written to stderr: that and all that is graver. */
export type LogLevel = "info" | "warn" | "error" | "silent";

export type Settings = {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  /** The URL of the database that holds the records; undefined for the file of the data folder. */
  readonly database: string | undefined;
  readonly databasePassword: string | undefined;
  /** Where files are kept, with what opens it. */
  readonly blobs: BlobsSetting;
  /** What the machine is called to other servers on the database. */
  readonly machine: string;
  readonly token: readonly string[];
  readonly msiSecret: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly jwksUri: string | undefined;
  readonly clockSkewSeconds: number;
  readonly publicUrl: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
  /** The settings file: the one that was named, else malachite.yaml in the data folder, which need not be there. */
  readonly settingsFile: string;
  readonly target: Readonly<Record<string, TargetEntry>>;
  readonly runsAtOnce: number;
  /** The numbers of this machine's GPUs, or that nvidia-smi is asked for them. */
  readonly gpus: "auto" | readonly number[];
  readonly containerSocket: string | undefined;
  readonly containerImage: string | undefined;
  readonly containerVolumes: readonly string[];
  readonly containerPrivileges: boolean;
  /** Where engines for containers are looked for besides. */
  readonly dockerHost: string | undefined;
  readonly runtimeFolder: string | undefined;
  readonly workspacesByFirstWrite: boolean;
  readonly workspace: readonly string[];
  readonly graceSeconds: number;
  readonly retries: number;
  readonly datastores: Readonly<Record<string, DatastoreEntry>>;
  readonly allowDataHost: readonly string[];
  readonly dataIdentity: readonly string[];
  readonly dataRoot: readonly string[];
  readonly systemMetricsSeconds: number;
  readonly metricsPort: number | undefined;
  readonly metricsHost: string;
  /** The address that traces are sent to, whole. */
  readonly tracesEndpoint: string | undefined;
  readonly tracesPercent: number;
  readonly quota: readonly string[];
  readonly retention: readonly RetentionPolicy[];
  readonly retentionHours: number;
  readonly retentionProjectDays: number | undefined;
  readonly requestLog: boolean;
  readonly operator: readonly string[];
  readonly auditBytes: number;
  readonly logLevel: LogLevel;
  readonly uv: string | undefined;
  readonly conda: string | undefined;
  readonly condaChannels: readonly string[];
  readonly packageIndex: string | undefined;
  readonly pythonDownloads: boolean;
  readonly environmentBytes: number;
  readonly environmentBuildMinutes: number;
  /** The PATH on which interpreters are looked up. */
  readonly path: string;
  /** Files of certificate authorities that this environment trusts beside the system's. */
  readonly trusted: readonly string[];
};

const DEFAULT_DATA = (): string => join(homedir(), ".malachite", "data");

type Name = keyof typeof SETTINGS;
export type GivenSettings = Readonly<Partial<Record<Name, unknown>>>;

/** Where a machine names authorities of its own, as those of a company's proxy. */
const TRUST_VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/** The workspace that every data folder begins with; the one that the examples and `malachite env` name. */
export const DEFAULT_WORKSPACE = "11111111-1111-1111-1111-111111111111/rg/ws1";

/** Throws InvalidRequest naming every setting that is wrong and where it came from. */
export function readSettings(
  flags: GivenSettings & { readonly settings?: string },
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const faults: string[] = [];
  const settingsFile = settingsFileOf(flags, env);
  const file = readFile(settingsFile.path, settingsFile.named, faults);
  /** What is given of a setting, the strongest first. */
  const given = (name: Name) => {
    const variable = `MALACHITE_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
    const flag = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    return [
      { value: flags[name], from: flag },
      { value: env[variable], from: variable },
      { value: file[name], from: `'${name}' in the settings file` },
    ].filter(({ value }) => value !== undefined && value !== null);
  };
  const check = (name: Name, { value, from }: { value: unknown; from: string }): unknown =>
    checkValue(SETTINGS[name], value, from, faults);
  const read = (name: Name): unknown => {
    const [strongest] = given(name);
    return strongest === undefined ? undefined : check(name, strongest);
  };
  const settings = {
    host: (read("host") as string | undefined) ?? "127.0.0.1",
    port: (read("port") as number | undefined) ?? 7464,
    data: resolve((read("data") as string | undefined) ?? DEFAULT_DATA()),
    database: read("database") as string | undefined,
    machine: (read("machine") as string | undefined) ?? hostname(),
    databasePassword: passwordOf(read("databasePasswordFile") as string | undefined, env.PGPASSWORD, faults),
    blobs: readBlobs(
      {
        blobs: read("blobs") as string | undefined,
        blobsEndpoint: read("blobsEndpoint") as string | undefined,
        blobsRegion: read("blobsRegion") as string | undefined,
        blobsKeys: read("blobsKeys") as string | undefined,
        blobLinks: read("blobLinks") as string | undefined,
        blobCacheBytes: read("blobCacheBytes") as number | undefined,
      },
      env,
      faults,
    ),
    token: (read("token") as string[] | undefined) ?? [],
    msiSecret: read("msiSecret") as string | undefined,
    issuer: read("issuer") as string | undefined,
    audience: read("audience") as string | undefined,
    jwksUri: read("jwksUri") as string | undefined,
    clockSkewSeconds: (read("clockSkewSeconds") as number | undefined) ?? 60,
    publicUrl: read("publicUrl") as string | undefined,
    tlsCert: read("tlsCert") as string | undefined,
    tlsKey: read("tlsKey") as string | undefined,
    allowHost: (read("allowHost") as string[] | undefined) ?? [],
    allowOrigin: (read("allowOrigin") as string[] | undefined) ?? [],
    settingsFile: settingsFile.path,
    // Each place adds targets to those of the others.
    target: Object.assign(
      {},
      ...given("target")
        .toReversed()
        .map((from) => check("target", from)),
    ) as Record<string, TargetEntry>,
    runsAtOnce: (read("runsAtOnce") as number | undefined) ?? availableParallelism(),
    gpus: (read("gpus") as Settings["gpus"] | undefined) ?? "auto",
    containerSocket: read("containerSocket") as string | undefined,
    containerImage: read("containerImage") as string | undefined,
    containerVolumes: (read("containerVolumes") as string[] | undefined) ?? [],
    containerPrivileges: (read("containerPrivileges") as boolean | undefined) ?? false,
    dockerHost: env.DOCKER_HOST,
    runtimeFolder: env.XDG_RUNTIME_DIR,
    workspacesByFirstWrite: (read("workspacesByFirstWrite") as boolean | undefined) ?? true,
    workspace: (read("workspace") as string[] | undefined) ?? [DEFAULT_WORKSPACE],
    graceSeconds: (read("graceSeconds") as number | undefined) ?? 10,
    systemMetricsSeconds: (read("systemMetricsSeconds") as number | undefined) ?? 10,
    retries: (read("retries") as number | undefined) ?? 0,
    datastores: (read("datastores") as Record<string, DatastoreEntry> | undefined) ?? {},
    allowDataHost: (read("allowDataHost") as string[] | undefined) ?? [],
    dataIdentity: (read("dataIdentity") as string[] | undefined) ?? [],
    dataRoot: ((read("dataRoot") as string[] | undefined) ?? []).map((folder) => resolve(folder)),
    metricsPort: read("metricsPort") as number | undefined,
    metricsHost: (read("metricsHost") as string | undefined) ?? "127.0.0.1",
    tracesEndpoint: tracesEndpoint(read("tracesEndpoint") as string | undefined, env, faults),
    tracesPercent: (read("tracesPercent") as number | undefined) ?? 100,
    retention: (read("retention") as readonly RetentionPolicy[] | undefined) ?? [],
    retentionProjectDays: read("retentionProjectDays") as number | undefined,
    retentionHours: (read("retentionHours") as number | undefined) ?? 24,
    quota: (read("quota") as string[] | undefined) ?? [],
    requestLog: (read("requestLog") as boolean | undefined) ?? false,
    operator: (read("operator") as string[] | undefined) ?? [],
    auditBytes: (read("auditBytes") as number | undefined) ?? 1_000_000_000,
    logLevel: (read("logLevel") as LogLevel | undefined) ?? "warn",
    uv: read("uv") as string | undefined,
    conda: read("conda") as string | undefined,
    condaChannels: (read("condaChannels") as string[] | undefined) ?? [],
    packageIndex: read("packageIndex") as string | undefined,
    pythonDownloads: (read("pythonDownloads") as boolean | undefined) ?? true,
    environmentBytes: (read("environmentBytes") as number | undefined) ?? 20_000_000_000,
    environmentBuildMinutes: (read("environmentBuildMinutes") as number | undefined) ?? 60,
    path: env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
    trusted: TRUST_VARIABLES.flatMap((name) => env[name] || []),
  };
  faults.push(...faultsTogether(settings));
  /** A fault that begins with a flag begins with the place instead, where its value is from another. */
  const placed = (fault: string): string =>
    fault.replace(/^--([a-z-]+)/, (flag, words: string) => {
      const name = words.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return (name in SETTINGS && given(name as Name)[0]?.from) || flag;
    });
  if (faults.length > 0)
    throw new MalachiteError(
      "InvalidRequest",
      `The settings are not right:\n${faults.map((fault) => `  ${placed(fault)}`).join("\n")}`,
    );
  return Object.freeze(settings);
}

/** The password that stands in the file, without the end of its line; else the other one. */
function passwordOf(
  file: string | undefined,
  other: string | undefined,
  faults: string[],
): string | undefined {
  if (file === undefined) return other;
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    faults.push(
      `--database-password-file '${file}' cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
    return undefined;
  }
}

/** Without a name it is the malachite.yaml of the data folder that the command line or the environment names. */
export function settingsFileOf(
  flags: Readonly<{ settings?: string; data?: unknown }>,
  env: Readonly<Record<string, string | undefined>>,
): { readonly path: string; readonly named: boolean } {
  const named = flags.settings ?? env.MALACHITE_SETTINGS;
  if (named !== undefined) return { path: resolve(named), named: true };
  const data = flags.data ?? env.MALACHITE_DATA ?? DEFAULT_DATA();
  return { path: resolve(String(data), "malachite.yaml"), named: false };
}

function readFile(path: string, named: boolean, faults: string[]): Record<string, unknown> {
  try {
    const content: unknown = parseYaml(readFileSync(path, "utf8")) ?? {};
    if (typeof content !== "object" || Array.isArray(content))
      throw new Error("it is not a list of NAME: VALUE");
    for (const name of Object.keys(content as object))
      if (!(name in SETTINGS))
        faults.push(
          `'${name}' in ${path} is not a setting. There are: ${Object.keys(SETTINGS).join(", ")}.${didYouMean(name, Object.keys(SETTINGS))}`,
        );
    if (!named && "data" in (content as object))
      faults.push(
        `'data' in ${path} cannot be: the file lies in the data folder. Name another with --settings.`,
      );
    return content as Record<string, unknown>;
  } catch (cause) {
    if (!named && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return {};
    faults.push(
      `The settings file '${path}' cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
    return {};
  }
}
