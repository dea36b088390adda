// All settings of the service: what they are, what they default to, where they come from (file < environment < flag). Read
// once, checked once, frozen. Nobody else reads the environment.
import { readFileSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { join, resolve } from "node:path";
import { MalachiteError } from "@malachite/core";
import { parse as parseYaml } from "yaml";

/** What is written to stderr: that and all that is graver. */
export type LogLevel = "info" | "warn" | "error" | "silent";

/** A compute target in the settings. `options` are the driver's own, checked by it. */
export type TargetEntry = {
  readonly kind: string;
  readonly runsAtOnce?: number;
  /** Nodes of all its runs together. */
  readonly nodes?: number;
  /** The GPUs that its runs have for themselves, by number. */
  readonly gpuIds?: readonly number[];
  /** GPUs of each node of a run that does not ask for some. */
  readonly gpusPerRun?: number;
  readonly options: Readonly<Record<string, unknown>>;
};

/** A datastore in the settings, for every workspace. */
export type DatastoreEntry =
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly endpoint?: string;
      readonly region?: string;
      readonly prefix?: string;
      readonly accessKeyId?: string;
      readonly secretAccessKey?: string;
    }
  | { readonly kind: "folder"; readonly path: string; readonly readOnly?: boolean };

export type Settings = {
  readonly host: string;
  readonly port: number;
  readonly data: string;
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
  readonly dataRoot: readonly string[];
  readonly systemMetricsSeconds: number;
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

type Kind = "text" | "number" | "boolean" | "list" | "targets" | "datastores" | "level" | "gpus";
type Entry = { readonly kind: Kind; readonly about: string; readonly least?: number; readonly most?: number };

/** Every setting that a person can give. The flag is `--name-in-kebab-case`, the variable `MALACHITE_NAME_IN_CAPITALS`. */
export const SETTINGS = {
  host: {
    kind: "text",
    about: "Address to listen on. Default 127.0.0.1; any other needs an issuer or a token.",
  },
  port: {
    kind: "number",
    about: "Port to listen on; 0 takes a free one. Default 7464.",
    least: 0,
    most: 65_535,
  },
  data: { kind: "text", about: "The data folder. Default ~/.malachite/data." },
  token: { kind: "list", about: "Tokens of the operator's own, accepted as bearer tokens." },
  msiSecret: {
    kind: "text",
    about: "What a caller must send to get a token of the service's own, where callers are to be known.",
  },
  issuer: { kind: "text", about: "URL of an OIDC issuer whose tokens are accepted." },
  audience: { kind: "text", about: "The audience a token of the issuer must have. Needed with issuer." },
  jwksUri: { kind: "text", about: "Where the issuer's keys are, if its discovery document does not say." },
  clockSkewSeconds: {
    kind: "number",
    about: "How far the issuer's clock may be off. Default 60.",
    least: 0,
    most: 3600,
  },
  publicUrl: {
    kind: "text",
    about: "The address clients use, when it is not the one listened on (behind a proxy).",
  },
  tlsCert: {
    kind: "text",
    about: "A certificate of your own, PEM, with its chain. Default: one of the data folder's own authority.",
  },
  tlsKey: { kind: "text", about: "The key of that certificate, PEM. Needed with tlsCert." },
  allowHost: { kind: "list", about: "Further Host names that requests may name." },
  allowOrigin: { kind: "list", about: "Further Origins whose pages may call the service." },
  target: {
    kind: "targets",
    about:
      "Compute targets: NAME=process or NAME=container; '*=process' takes any name. `local` always exists.",
  },
  runsAtOnce: {
    kind: "number",
    about: "How many runs may be at work on this machine at once. Default: its cores.",
    least: 1,
    most: 100_000,
  },
  gpus: {
    kind: "gpus",
    about:
      "The GPUs of this machine that runs share: auto (asks nvidia-smi), none, how many, or their numbers joined by commas. Default auto.",
  },
  containerSocket: {
    kind: "text",
    about:
      "The socket of Docker or Podman on this machine. Default: DOCKER_HOST, else the first of the usual ones that is there.",
  },
  containerImage: {
    kind: "text",
    about: "The image of runs in containers whose definition and target name none.",
  },
  containerVolumes: {
    kind: "list",
    about: "Folders of this machine that docker.arguments may show to a run by --volume.",
  },
  containerPrivileges: {
    kind: "boolean",
    about:
      "Whether docker.arguments may hold --privileged, --cap-add, --device and --security-opt. Default false.",
  },
  workspacesByFirstWrite: {
    kind: "boolean",
    about: "Whether a write to an unknown workspace makes it. Default true.",
  },
  workspace: { kind: "list", about: "Workspaces that exist from the start: SUBSCRIPTION/GROUP/NAME." },
  graceSeconds: {
    kind: "number",
    about: "How long a canceled run may take to end after SIGTERM. Default 10.",
    least: 0,
    most: 3600,
  },
  uv: {
    kind: "text",
    about: "The uv that builds environments. Default: that of the PATH, else one installed at first need.",
  },
  conda: {
    kind: "text",
    about:
      "What solves conda packages: a micromamba, mamba or conda, or the word rattler. Default: that of the PATH, else py-rattler, installed at first need.",
  },
  condaChannels: {
    kind: "list",
    about: "Where conda channels are: NAME=URL; '*=URL' stands for all others. Default: anaconda.org.",
  },
  packageIndex: {
    kind: "text",
    about: "The index that pip packages come from. Default: that of uv and pip on this machine, else PyPI.",
  },
  pythonDownloads: {
    kind: "boolean",
    about: "Whether uv may fetch a python of a version that this machine lacks. Default true.",
  },
  environmentBytes: {
    kind: "number",
    about: "How much built environments may take; those used longest ago go first. Default 20000000000.",
    least: 0,
  },
  environmentBuildMinutes: {
    kind: "number",
    about: "The longest that building one environment may take. Default 60.",
    least: 1,
    most: 10_080,
  },
  retries: {
    kind: "number",
    about:
      "How often a run is started again whose process is gone without an exit record, as after a power cut. Its script may have had effects, so the default is 0.",
    least: 0,
    most: 100,
  },
  datastores: {
    kind: "datastores",
    about:
      "Datastores of every workspace, in the settings file or as JSON: NAME: {kind: s3, bucket, …} or {kind: folder, path}.",
  },
  allowDataHost: {
    kind: "list",
    about:
      "Hosts at private addresses, HOST or HOST:PORT, that registered datastores and data of runs may name; * for all.",
  },
  dataRoot: {
    kind: "list",
    about: "Folders of this machine below which a run may ask for its data by an absolute path.",
  },
  systemMetricsSeconds: {
    kind: "number",
    about: "How often the CPU, memory, disk and GPU that a run uses are measured; 0 for never. Default 10.",
    least: 0,
    most: 3600,
  },
  logLevel: {
    kind: "level",
    about: "What the service writes to stderr: info, warn, error or silent. Default warn.",
  },
} as const satisfies Record<string, Entry>;

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
  const file = readFile(flags.settings ?? env.MALACHITE_SETTINGS, faults);
  const read = (name: Name): unknown => {
    const variable = `MALACHITE_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
    const flag = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    const given =
      flags[name] !== undefined
        ? { value: flags[name], from: flag }
        : env[variable] !== undefined
          ? { value: env[variable], from: variable }
          : { value: file[name], from: `'${name}' in the settings file` };
    return given.value === undefined || given.value === null
      ? undefined
      : check(SETTINGS[name], given.value, given.from, faults);
  };
  const settings = {
    host: (read("host") as string | undefined) ?? "127.0.0.1",
    port: (read("port") as number | undefined) ?? 7464,
    data: resolve((read("data") as string | undefined) ?? join(homedir(), ".malachite", "data")),
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
    target: (read("target") as Record<string, TargetEntry> | undefined) ?? {},
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
    dataRoot: ((read("dataRoot") as string[] | undefined) ?? []).map((folder) => resolve(folder)),
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
  if (faults.length > 0)
    throw new MalachiteError(
      "InvalidRequest",
      `The settings are not right:\n${faults.map((fault) => `  ${fault}`).join("\n")}`,
    );
  return Object.freeze(settings);
}

function readFile(path: string | undefined, faults: string[]): Record<string, unknown> {
  if (path === undefined) return {};
  try {
    const content: unknown = parseYaml(readFileSync(path, "utf8")) ?? {};
    if (typeof content !== "object" || Array.isArray(content))
      throw new Error("it is not a list of NAME: VALUE");
    for (const name of Object.keys(content as object))
      if (!(name in SETTINGS))
        faults.push(`'${name}' in ${path} is not a setting. There are: ${Object.keys(SETTINGS).join(", ")}.`);
    return content as Record<string, unknown>;
  } catch (cause) {
    faults.push(
      `The settings file '${path}' cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
    return {};
  }
}

function check(entry: Entry, value: unknown, from: string, faults: string[]): unknown {
  const wrong = (wanted: string) => {
    faults.push(`${from} must be ${wanted}; it is ${JSON.stringify(value)}.`);
    return undefined;
  };
  switch (entry.kind) {
    case "text":
      return typeof value === "string" && value !== "" ? value : wrong("text");
    case "number": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      const { least = 0, most = Number.MAX_SAFE_INTEGER } = entry;
      return typeof number === "number" && Number.isInteger(number) && number >= least && number <= most
        ? number
        : wrong(`a whole number from ${least} to ${most}`);
    }
    case "boolean":
      return typeof value === "boolean"
        ? value
        : value === "true"
          ? true
          : value === "false"
            ? false
            : wrong("true or false");
    case "list": {
      const list = typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;
      return Array.isArray(list) && list.every((part) => typeof part === "string" && part !== "")
        ? list
        : wrong("a list of texts");
    }
    case "level":
      return ["info", "warn", "error", "silent"].includes(String(value))
        ? value
        : wrong("info, warn, error or silent");
    case "gpus":
      return (
        readGpus(value) ?? wrong("auto, none, how many GPUs there are, or their numbers joined by commas")
      );
    case "targets":
      return readTargets(value, from, faults);
    case "datastores":
      return readDatastores(value, from, faults);
  }
}

const DATASTORE_NAME = /^[a-z0-9_-]{1,255}$/;
const DATASTORE_WORDS: Readonly<
  Record<string, { readonly needs: readonly string[]; readonly may: readonly string[] }>
> = {
  s3: {
    needs: ["bucket"],
    may: ["endpoint", "region", "prefix", "accessKeyId", "secretAccessKey"],
  },
  folder: { needs: ["path"], may: ["readOnly"] },
};

/** No message here tells a value: some of them are keys. */
function readDatastores(value: unknown, from: string, faults: string[]): Record<string, DatastoreEntry> {
  const entries: Record<string, DatastoreEntry> = {};
  const given = typeof value === "string" ? parsed(value) : value;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    faults.push(`${from} must be datastores by their names: NAME: {kind: s3, bucket: …}.`);
    return entries;
  }
  for (const [name, entry] of Object.entries(given)) {
    const { kind, ...words } = (typeof entry === "object" && entry !== null ? entry : {}) as Record<
      string,
      unknown
    >;
    const known = DATASTORE_WORDS[String(kind)];
    const fault = (what: string) => faults.push(`${from}: the datastore '${name}' ${what}.`);
    if (!DATASTORE_NAME.test(name)) fault("must have a name of lower-case letters, digits, '_' and '-'");
    else if (known === undefined) fault(`must have a kind: ${Object.keys(DATASTORE_WORDS).join(" or ")}`);
    else {
      const wrong = [
        ...known.needs.filter((word) => !words[word]).map((word) => `needs '${word}'`),
        ...Object.keys(words)
          .filter((word) => ![...known.needs, ...known.may].includes(word))
          .map((word) => `has '${word}', which the kind ${kind} does not know`),
        ...Object.entries(words)
          .filter(([word, one]) => typeof one !== (word === "readOnly" ? "boolean" : "string"))
          .map(([word]) => `has a '${word}' that is no ${word === "readOnly" ? "boolean" : "text"}`),
        ...(Boolean(words.accessKeyId) === Boolean(words.secretAccessKey)
          ? []
          : ["needs both accessKeyId and secretAccessKey, or neither"]),
        ...(words.endpoint === undefined || /^https?:\/\/[^/]/.test(String(words.endpoint))
          ? []
          : ["has an endpoint that is no URL"]),
        ...(kind === "folder" && !String(words.path).startsWith("/")
          ? ["has a path that is not absolute"]
          : []),
      ];
      if (wrong.length === 0) entries[name] = { kind, ...words } as DatastoreEntry;
      wrong.forEach(fault);
    }
  }
  return entries;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const KINDS = ["process", "container"];
const TARGET_NAME = /^(\*|[A-Za-z0-9][\w.-]{0,254})$/;

/** `NAME=process` or `NAME=container` as text, or `NAME: process` and `NAME: { kind, runsAtOnce, …options }` in a file. */
function readTargets(value: unknown, from: string, faults: string[]): Record<string, TargetEntry> {
  const texts =
    typeof value === "string" ? value.split(",") : Array.isArray(value) ? value.map(String) : undefined;
  const pairs: [string, unknown][] = texts
    ? texts.map((text) => split(text))
    : Object.entries((value ?? {}) as object);
  const targets: Record<string, TargetEntry> = {};
  for (const [name, given] of pairs) {
    const { kind, ...rest } =
      typeof given === "object" && given !== null ? (given as Record<string, unknown>) : { kind: given };
    if (!TARGET_NAME.test(name)) faults.push(`${from}: '${name}' is not a name of a compute target.`);
    else if (typeof kind !== "string" || !KINDS.includes(kind))
      faults.push(
        `${from}: the target '${name}' has the kind ${JSON.stringify(kind)}. There are: ${KINDS.join(", ")}. Write NAME=process or NAME=container.`,
      );
    else {
      const { entry, wrong } = readTarget(kind, rest);
      faults.push(...wrong.map((text) => `${from}: ${text} of the target '${name}'.`));
      targets[name] = entry;
    }
  }
  faults.push(...sharedGpus(targets).map((text) => `${from}: ${text}`));
  return targets;
}

/** More than any machine has; numbers beyond are a slip. */
const MOST_GPUS = 1024;

const isCount = (value: unknown, least: number, most = 1_000_000): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** What the queue reads of a target; the rest are options of its driver, which checks them. */
function readTarget(
  kind: string,
  { runsAtOnce, nodes, gpus, gpuIds, gpusPerRun, ...options }: Record<string, unknown>,
): { entry: TargetEntry; wrong: string[] } {
  const wrong: string[] = [];
  for (const [name, value, least, most] of [
    ["runsAtOnce", runsAtOnce, 1],
    ["nodes", nodes, 1],
    ["gpus", gpus, 1, MOST_GPUS],
    ["gpusPerRun", gpusPerRun, 0, MOST_GPUS],
  ] as const)
    if (value !== undefined && !isCount(value, least, most))
      wrong.push(`a whole number from ${least} is needed as ${name}`);
  if (gpuIds !== undefined && !isListOfGpus(gpuIds))
    wrong.push("different whole numbers are needed as gpuIds");
  if (gpus !== undefined && gpuIds !== undefined) wrong.push("only one of gpus and gpuIds can be an option");
  const ids = isListOfGpus(gpuIds) ? gpuIds : isCount(gpus, 1, MOST_GPUS) ? firstGpus(gpus) : undefined;
  return {
    entry: {
      kind,
      options,
      ...(isCount(runsAtOnce, 1) ? { runsAtOnce } : {}),
      ...(isCount(nodes, 1) ? { nodes } : {}),
      ...(ids === undefined ? {} : { gpuIds: ids }),
      ...(isCount(gpusPerRun, 0) ? { gpusPerRun } : {}),
    },
    wrong,
  };
}

const firstGpus = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const isListOfGpus = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => isCount(one, 0, MOST_GPUS)) &&
  new Set(value).size === value.length;

/** A GPU that two targets have for themselves would be given to two runs. */
function sharedGpus(targets: Readonly<Record<string, TargetEntry>>): string[] {
  const owners = new Map<number, string>();
  return Object.entries(targets).flatMap(([name, { gpuIds = [] }]) =>
    gpuIds.flatMap((id) => {
      const other = owners.get(id);
      owners.set(id, name);
      return other === undefined ? [] : [`GPU ${id} is of the targets '${other}' and '${name}' at once.`];
    }),
  );
}

/** `auto`, `none`, a count, or numbers joined by commas or in a list. */
function readGpus(value: unknown): Settings["gpus"] | undefined {
  if (value === "auto") return "auto";
  if (value === "none") return [];
  if (isCount(value, 0, MOST_GPUS)) return firstGpus(value);
  if (isListOfGpus(value)) return value;
  if (typeof value !== "string" || !/^\d+(,\d+)*,?$/.test(value)) return undefined;
  if (!value.includes(",")) return readGpus(Number(value));
  const ids = value.split(",").filter(Boolean).map(Number);
  return isListOfGpus(ids) ? ids : undefined;
}

function split(text: string): [string, unknown] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim(), undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/i;
/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** What is wrong only together. A run service is remote code execution: it is closed unless somebody opens it knowingly. */
function faultsTogether(
  settings: Pick<
    Settings,
    | "host"
    | "token"
    | "msiSecret"
    | "issuer"
    | "audience"
    | "publicUrl"
    | "tlsCert"
    | "tlsKey"
    | "workspace"
    | "condaChannels"
  >,
): string[] {
  const faults: string[] = [];
  if (!isLoopback(settings.host) && settings.issuer === undefined && settings.token.length === 0) {
    faults.push(
      `--host ${settings.host} is reachable from other machines, and whoever reaches the service can run code on this one. Give --issuer and --audience, or a --token of your own.`,
    );
  }
  if (settings.issuer !== undefined && settings.audience === undefined)
    faults.push(
      "--issuer needs --audience: without it, a token made for any other service of that issuer would be accepted.",
    );
  for (const token of settings.token)
    if (token.length < 16 && !isLoopback(settings.host))
      faults.push("A --token must have at least 16 characters on an address that other machines reach.");
  const { publicUrl, tlsCert, tlsKey } = settings;
  if (publicUrl !== undefined && !(URL.canParse(publicUrl) && /^https?:/i.test(publicUrl)))
    faults.push(`--public-url must be a URL such as https://malachite.example.org; it is '${publicUrl}'.`);
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    faults.push("--tls-cert and --tls-key belong together: give both or neither.");
  if (settings.msiSecret !== undefined && settings.msiSecret.length < 16)
    faults.push("--msi-secret must have at least 16 characters: whoever knows it gets tokens.");
  for (const entry of settings.condaChannels)
    if (!/^[^=\s]+=[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(entry))
      faults.push(`--conda-channels must be NAME=URL; it is '${entry}'.`);
  for (const name of settings.workspace)
    if (name.split("/").length !== 3 || name.split("/").includes(""))
      faults.push(`--workspace must be SUBSCRIPTION/GROUP/NAME; it is '${name}'.`);
  return faults;
}
