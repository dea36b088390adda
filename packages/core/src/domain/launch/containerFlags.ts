// The flags of `docker run` that a definition may give, read into what they mean. What would undo what the service does for the
// run, or show or change more of the machine than the settings allow, is refused by name. Pure.

/** What the flags ask for; the driver makes its engine's words of it. */
export type ContainerFlags = {
  readonly shmSizeBytes?: number;
  readonly ipc?: "host" | "none" | "private" | "shareable";
  /** All of the target's, so many, or these. */
  readonly gpus?: "all" | number | readonly string[];
  readonly cpus?: number;
  readonly cpuset?: string;
  readonly memoryBytes?: number;
  /** Memory and swap together; -1 is no limit of swap. */
  readonly memorySwapBytes?: number;
  readonly memoryReservationBytes?: number;
  readonly pids?: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly environment: Readonly<Record<string, string>>;
  readonly network?: "host" | "bridge" | "none";
  readonly hostname?: string;
  readonly hosts: readonly string[];
  readonly dns: readonly string[];
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly capDrop: readonly string[];
  readonly volumes: readonly { readonly source: string; readonly at: string; readonly readOnly: boolean }[];
  /** Flags that only a setting allows, as they are named, with what they ask for. */
  readonly capAdd: readonly string[];
  readonly devices: readonly string[];
  readonly securityOptions: readonly string[];
  readonly privileged: boolean;
};

export type ReadFlags = {
  readonly flags: ContainerFlags;
  /** What is wrong, in sentences that name the flag. */
  readonly faults: readonly string[];
};

type Draft = { -readonly [Key in keyof ContainerFlags]: ContainerFlags[Key] };

/** Takes the value into the draft, or says in the rest of a sentence what is wrong with it. */
type Take = (draft: Draft, value: string) => string | undefined;

const SIZE = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i;
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** `2g` and the like in bytes, as docker reads it; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ""] = SIZE.exec(text.trim()) ?? [];
  const bytes =
    digits === undefined ? Number.NaN : Math.floor(Number(digits) * (UNITS[unit.toLowerCase()] ?? 1));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

const size =
  (key: "shmSizeBytes" | "memoryBytes" | "memoryReservationBytes"): Take =>
  (draft, value) => {
    const bytes = parseSize(value);
    if (bytes === undefined) return "must be a size such as 512m or 2g";
    draft[key] = bytes;
    return undefined;
  };

const number =
  (key: "cpus" | "pids", whole: boolean): Take =>
  (draft, value) => {
    const given = Number(value);
    if (value === "" || !(given > 0) || given > 1e6 || (whole && !Number.isInteger(given)))
      return whole ? "must be a whole number from 1" : "must be a number such as 2 or 0.5";
    draft[key] = given;
    return undefined;
  };

const oneOf =
  <Key extends "ipc" | "network">(key: Key, values: readonly string[], why: string): Take =>
  (draft, value) => {
    if (!values.includes(value)) return `must be one of ${values.join(", ")}: ${why}`;
    draft[key] = value as never;
    return undefined;
  };

const listed =
  (
    key: "hosts" | "dns" | "capDrop" | "capAdd" | "devices" | "securityOptions",
    pattern: RegExp,
    wanted: string,
  ): Take =>
  (draft, value) => {
    if (!pattern.test(value)) return `must be ${wanted}`;
    draft[key] = [...draft[key], value];
    return undefined;
  };

const memorySwap: Take = (draft, value) => {
  const bytes = value === "-1" ? -1 : parseSize(value);
  if (bytes === undefined) return "must be a size such as 4g, or -1";
  draft.memorySwapBytes = bytes;
  return undefined;
};

const gpus: Take = (draft, value) => {
  const devices = /^"?device=([\w:.,-]+)"?$/.exec(value)?.[1];
  if (devices !== undefined) draft.gpus = devices.split(",").filter(Boolean);
  else if (value === "all") draft.gpus = "all";
  else if (/^[1-9]\d{0,3}$/.test(value)) draft.gpus = Number(value);
  else return "must be all, a number, or device=0,1";
  return undefined;
};

const cpuset: Take = (draft, value) => {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(value)) return "must be a list such as 0-3 or 0,2";
  draft.cpuset = value;
  return undefined;
};

const ulimit: Take = (draft, value) => {
  const [, name, soft, hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(value) ?? [];
  if (name === undefined) return "must be NAME=SOFT or NAME=SOFT:HARD, such as memlock=-1";
  draft.ulimits = [...draft.ulimits, { name, soft: Number(soft), hard: Number(hard) }];
  return undefined;
};

const variable: Take = (draft, value) => {
  const at = value.indexOf("=");
  if (at < 1) return "must be NAME=VALUE: the variables of the service are not passed on to runs";
  draft.environment = { ...draft.environment, [value.slice(0, at)]: value.slice(at + 1) };
  return undefined;
};

const label: Take = (draft, value) => {
  const [name = "", ...rest] = value.split("=");
  if (name === "" || name.startsWith("malachite")) return "must have a name, and not one of malachite's own";
  draft.labels = { ...draft.labels, [name]: rest.join("=") };
  return undefined;
};

const hostname: Take = (draft, value) => {
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(value)) return "must be the name of a host";
  draft.hostname = value;
  return undefined;
};

const tmpfs: Take = (draft, value) => {
  const [path = "", ...rest] = value.split(":");
  if (!isPathInside(path))
    return "must begin with an absolute path in the container, outside the run's folder";
  draft.tmpfs = { ...draft.tmpfs, [path]: rest.join(":") };
  return undefined;
};

const volume: Take = (draft, value) => {
  const [source = "", at = "", mode = "rw", ...rest] = value.split(":");
  if (!source.startsWith("/"))
    return "must be /FOLDER:/PATH or /FOLDER:/PATH:ro; volumes by name are not kept here";
  if (!isPathInside(at)) return "must name an absolute path in the container, outside the run's folder";
  if (rest.length > 0 || !/^(ro|rw|z|Z)(,(ro|rw|z|Z))*$/.test(mode)) return "may end in :ro or :rw alone";
  draft.volumes = [...draft.volumes, { source, at, readOnly: mode.split(",").includes("ro") }];
  return undefined;
};

/** Where the folder of a run is in its container. */
export const CONTAINER_FOLDER = "/malachite/run";

const isPathInside = (path: string): boolean =>
  path.startsWith("/") &&
  path !== "/" &&
  !path.split("/").includes("..") &&
  !`${path.replace(/\/+$/, "")}/`.startsWith("/malachite/");

const CAPABILITY = /^(CAP_)?[A-Z_]{2,40}$/i;

const FLAGS: Readonly<Record<string, Take>> = {
  "--shm-size": size("shmSizeBytes"),
  "--ipc": oneOf(
    "ipc",
    ["host", "none", "private", "shareable"],
    "other containers are no business of a run",
  ),
  "--gpus": gpus,
  "--cpus": number("cpus", false),
  "--cpuset-cpus": cpuset,
  "--memory": size("memoryBytes"),
  "--memory-swap": memorySwap,
  "--memory-reservation": size("memoryReservationBytes"),
  "--pids-limit": number("pids", true),
  "--ulimit": ulimit,
  "--env": variable,
  "--network": oneOf("network", ["host", "bridge", "none"], "other networks are not known to the service"),
  "--hostname": hostname,
  "--add-host": listed("hosts", /^[\w.-]+:[\w.:[\]-]+$/, "NAME:ADDRESS"),
  "--dns": listed("dns", /^[0-9a-fA-F.:]+$/, "the address of a name server"),
  "--tmpfs": tmpfs,
  "--label": label,
  "--cap-drop": listed("capDrop", CAPABILITY, "the name of a capability"),
  "--volume": volume,
  "--cap-add": listed("capAdd", CAPABILITY, "the name of a capability"),
  "--device": listed(
    "devices",
    /^\/dev\/[\w./-]+(:[\w./-]+)?(:[rwm]+)?$/,
    "a device such as /dev/infiniband/uverbs0",
  ),
  "--security-opt": listed("securityOptions", /^[\w-]+([=:].+)?$/, "an option such as seccomp=unconfined"),
};

const SHORT: Readonly<Record<string, string>> = {
  "-m": "--memory",
  "-e": "--env",
  "-h": "--hostname",
  "-l": "--label",
  "-v": "--volume",
  "--net": "--network",
};

/** Flags without a value. Orphans are waited for anyway, so --init is what it says. */
const SWITCHES: Readonly<Record<string, (draft: Draft) => void>> = {
  "--privileged": (draft) => {
    draft.privileged = true;
  },
  "--init": () => {},
};

const REFUSED: Readonly<Record<string, string>> = {
  "--user": "a run is executed as the user of the service, so that its files are that user's",
  "-u": "a run is executed as the user of the service, so that its files are that user's",
  "--workdir": "a run is executed in the folder of its project",
  "-w": "a run is executed in the folder of its project",
  "--entrypoint": "what is executed is the script or the command of the definition",
  "--name": "the service names the container",
  "--rm": "the service removes the container when the run has ended",
  "--detach": "the service follows the run itself",
  "-d": "the service follows the run itself",
  "-i": "nobody sits at a run: its input is empty",
  "-t": "nobody sits at a run: it has no terminal",
  "-it": "nobody sits at a run: it has no terminal",
  "--restart": "the service decides whether a run is started again",
  "--env-file": "files of the service's machine are not read for a run; use environmentVariables",
  "--mount": "use --volume, or the data of the definition",
  "--pid": "the processes of a run are told from others by their being alone in the container",
  "--userns": "the files of a run must be the service's user's",
  "--runtime": "use --gpus for GPUs",
};

/** Reads a list as `docker run` would: `--flag=value`, `--flag value` in one element or in two. */
export function readContainerFlags(given: readonly string[]): ReadFlags {
  const draft: Draft = {
    ulimits: [],
    environment: {},
    hosts: [],
    dns: [],
    tmpfs: {},
    labels: {},
    capDrop: [],
    volumes: [],
    capAdd: [],
    devices: [],
    securityOptions: [],
    privileged: false,
  };
  const faults: string[] = [];
  const words = given.map((word) => word.trim()).filter((word) => word !== "");
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const { flag, value: inside } = split(word);
    const name = SHORT[flag] ?? flag;
    const take = FLAGS[name];
    const turn = SWITCHES[name];
    if (turn !== undefined) {
      if (inside === undefined || inside === "true") turn(draft);
      else if (inside !== "false") faults.push(`${flag} takes no value; '${inside}' was given.`);
    } else if (take !== undefined) {
      const value = inside ?? words[++index];
      const wrong =
        value === undefined || value.includes("\0") ? "needs a value" : take(draft, unquoted(value));
      if (wrong !== undefined)
        faults.push(`${flag} ${wrong}; ${value === undefined ? "none" : `'${value}'`} was given.`);
    } else if (!flag.startsWith("-")) {
      faults.push(`'${word}' is no flag; the list holds flags of docker run.`);
    } else {
      const why = REFUSED[name] ?? "it is none of the flags that are known here";
      faults.push(`${flag} is not taken: ${why}.`);
      // Its value, if it has one beside it, is not a fault of its own.
      if (inside === undefined && words[index + 1]?.startsWith("-") === false) index++;
    }
  }
  return { flags: draft, faults };
}

/** `--flag=value`, `--flag value` and `-vvalue` have their value inside. */
function split(word: string): { readonly flag: string; readonly value?: string } {
  const [, long, value] = /^(--[\w-]+)(?:[=\s]\s*([\s\S]*))?$/.exec(word) ?? [];
  if (long !== undefined) return value === undefined ? { flag: long } : { flag: long, value };
  const [, short, rest] = /^(-[a-zA-Z])[=\s]*([\s\S]*)$/.exec(word) ?? [];
  if (short === undefined) return { flag: word };
  if (rest === undefined || rest === "") return { flag: short };
  return SHORT[short] === undefined ? { flag: word } : { flag: short, value: rest };
}

const unquoted = (value: string): string => /^(["'])([\s\S]*)\1$/.exec(value)?.[2] ?? value;

/** The flags that only a setting allows, named as they were asked for. */
export const privilegesOf = (flags: ContainerFlags): string[] => [
  ...(flags.privileged ? ["--privileged"] : []),
  ...flags.capAdd.map((name) => `--cap-add ${name}`),
  ...flags.devices.map((name) => `--device ${name}`),
  ...flags.securityOptions.map((name) => `--security-opt ${name}`),
];

/** The flags among them that limit what the run uses, as they are named. */
export const limitsOf = (flags: ContainerFlags): readonly string[] =>
  (
    [
      ["--memory", flags.memoryBytes],
      ["--memory-swap", flags.memorySwapBytes],
      ["--memory-reservation", flags.memoryReservationBytes],
      ["--cpus", flags.cpus],
      ["--cpuset-cpus", flags.cpuset],
      ["--pids-limit", flags.pids],
    ] as const
  ).flatMap(([name, given]) => (given === undefined ? [] : [name]));
