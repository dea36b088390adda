// The options of a compute target of kind slurm. All are data for argv; none is ever part of a shell line.
import { isAbsolute } from "node:path";
import { environmentTools, type TargetSettings, TOOL_OPTIONS } from "@malachite/core";
import { faultOf, refusedOption, unknownOption } from "../shared/targetOptions.ts";
import { NEWEST, OLDEST } from "./restWords.ts";

/** Where slurmrestd is asked, and as whom. Holds no token. */
export type RestAddress = {
  /** `http://host:6820`, `https://…`, or `unix:/run/slurmrestd.socket`. */
  readonly url: string;
  /** That of the service unless told. */
  readonly user?: string;
  /** Read for each question; the service's variable SLURM_JWT unless told. */
  readonly tokenFile?: string;
  /** Of its interface: 40 for v0.0.40. The newest that both know unless told. */
  readonly version?: number;
};

/** Which Slurm is asked, and how; kept in handles. */
export type SlurmCluster = {
  /** Its slurmrestd, instead of its commands. */
  readonly rest?: RestAddress;
  /** Folder of the commands; those of the PATH unless told. */
  readonly bin?: string;
  /** The SLURM_CONF of its commands; that of the service unless told. */
  readonly conf?: string;
};

export type SlurmOptions = Omit<SlurmCluster, "rest"> & {
  /** Address of slurmrestd; its commands are used unless told. */
  readonly rest?: string;
  readonly restUser?: string;
  readonly restTokenFile?: string;
  readonly restVersion?: string;
  /** Whether this machine and all nodes see `folder` under the same path; true unless told. */
  readonly shared?: boolean;
  /** Where the folders of runs lie. Where it is not shared: on a disk of the node. */
  readonly folder?: string;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly reservation?: string;
  readonly constraint?: string;
  /** Of each node, besides the GPUs of the run: `gres:craynetwork:1`. */
  readonly gres?: string;
  /** The GPUs that a node has at most; runs get as many as they ask for. */
  readonly gpusPerNode?: number;
  /** Of GPUs, as `a100`: asked for as gpu:a100:N. */
  readonly gpuType?: string;
  /** Of each node. */
  readonly memoryMiB?: number;
  /** Processors of each node. */
  readonly cpus?: number;
  readonly exclusive?: boolean;
  readonly nice?: number;
  /** For runs without maxRunDurationSeconds; that of the partition unless told. */
  readonly timeLimitMinutes?: number;
  /** Who starts the ranks of MPI: `mpirun` of the environment, or srun with that plugin, as `pmix`. */
  readonly mpi?: string;
  readonly extraArguments?: readonly string[];
};

const TEXTS = ["partition", "account", "qos", "reservation", "constraint", "gres", "gpuType", "mpi"] as const;
const NUMBERS = {
  gpusPerNode: [0, 1024],
  memoryMiB: [1, 2 ** 33],
  cpus: [1, 100_000],
  nice: [-2_147_483_645, 2_147_483_645],
  timeLimitMinutes: [1, 5_256_000],
} as const;
const PATHS = ["bin", "conf", "folder", "restTokenFile"] as const;
const REST = ["rest", "restUser", "restVersion"] as const;
const FLAGS = ["exclusive", "shared"] as const;
const KNOWN = [
  ...PATHS,
  ...REST,
  ...TEXTS,
  ...Object.keys(NUMBERS),
  ...FLAGS,
  "extraArguments",
  ...TOOL_OPTIONS,
];

/** Names of sbatch's options that the driver itself decides. A shortened name of one is that one. */
const OWN = [
  ..."job-name output error input chdir wait wrap array parsable test-only export export-file get-user-env requeue no-requeue".split(
    " ",
  ),
  ..."nodes ntasks ntasks-per-node signal kill-on-invalid-dep open-mode uid gid clusters cluster help usage version quiet time".split(
    " ",
  ),
];

/** Options of sbatch that are the target's own under another or the same name: what the service knows of them would not hold. */
const BY_OPTION: Readonly<Record<string, string>> = {
  partition: "partition",
  account: "account",
  qos: "qos",
  reservation: "reservation",
  constraint: "constraint",
  gres: "gres",
  mem: "memoryMiB",
  "cpus-per-task": "cpus",
};

/** Throws UnsupportedField naming the option that is unknown or wrong. */
export function parseSlurmOptions(target: TargetSettings): SlurmOptions {
  const { options } = target;
  const refuse = (name: string, why: string) => refusedOption(target, name, why);
  for (const name of Object.keys(options))
    if (!KNOWN.includes(name)) throw unknownOption(target, name, KNOWN);
  for (const name of PATHS)
    if (options[name] !== undefined && !(isText(options[name]) && isAbsolute(options[name])))
      throw refuse(name, "must be an absolute path");
  for (const name of [...TEXTS, ...REST])
    if (options[name] !== undefined && !isText(options[name])) throw refuse(name, "must be text of one line");
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && Number(value) >= least && Number(value) <= most))
      throw refuse(name, `must be a whole number from ${least} to ${most}`);
  }
  for (const name of FLAGS)
    if (options[name] !== undefined && typeof options[name] !== "boolean")
      throw refuse(name, "must be true or false");
  const fault = faultOfArguments(options.extraArguments);
  if (fault !== undefined) throw refuse("extraArguments", fault);
  environmentTools(target);
  for (const [name, why] of faultsOfRest(options)) throw refuse(name, why);
  return options as SlurmOptions;
}

/** What does not go together with slurmrestd, or makes no sense without it. */
function* faultsOfRest(options: TargetSettings["options"]): Iterable<readonly [string, string]> {
  const { rest, restVersion } = options;
  if (rest === undefined) {
    for (const name of ["restUser", "restTokenFile", "restVersion"])
      if (options[name] !== undefined) yield [name, "needs the option rest, the address of slurmrestd"];
    return;
  }
  if (!isAddress(String(rest)))
    yield [
      "rest",
      "must be an address such as http://host:6820, or unix:/path/of/its/socket; it holds no token",
    ];
  if (restVersion !== undefined && !/^v0\.0\.\d{2}$/.test(String(restVersion)))
    yield ["restVersion", "must be written as v0.0.40"];
  const number = restVersion === undefined ? OLDEST : Number(String(restVersion).slice("v0.0.".length));
  if (number < OLDEST || number > NEWEST)
    yield ["restVersion", `must be one from v0.0.${OLDEST} to v0.0.${NEWEST}`];
  for (const name of ["conf", "extraArguments"])
    if (options[name] !== undefined)
      yield [name, "is for Slurm's commands, and does not go together with rest"];
}

function isAddress(text: string): boolean {
  if (/^unix:\//.test(text)) return true;
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === "");
}

/** Each is one option of sbatch in its long form with its value: then nothing can be taken for the script or for another's value. */
function faultOfArguments(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) return "must be a list of texts such as --comment=nightly";
  for (const text of given) {
    if (!isText(text)) return "must hold texts of one line";
    const [, name] = /^--([a-z][a-z0-9-]*)(=.+)?$/.exec(text) ?? [];
    if (name === undefined) return `has '${text}', which is not written --name or --name=value`;
    const own = OWN.find((one) => one.startsWith(name));
    if (own !== undefined) return `has '${text}': --${own} is the service's own to set`;
    const byOption = Object.keys(BY_OPTION).find((one) => one.startsWith(name));
    if (byOption !== undefined)
      return `has '${text}': give the target the option ${BY_OPTION[byOption]} instead`;
  }
  return undefined;
}

const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= 4096 && !/[\u0000-\u001f\u007f]/.test(value);

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings): string | undefined =>
  faultOf(() => parseSlurmOptions(target));

/** Whether nodes see no folder of the service's, so that its runs are fetched and sent home. Throws nothing. */
export const isAwayTarget = ({ options }: TargetSettings): boolean => options.shared === false;

/** Why runs by MPI have one node there: a plugin of srun starts the ranks by a file that all nodes see. */
export const whyNoMpi = ({ options }: Pick<TargetSettings, "options">): string | undefined =>
  options.shared === false && options.mpi !== undefined && options.mpi !== "mpirun"
    ? "Its nodes share no folder (shared: false), and mpirun of the environment starts the ranks of several nodes there: leave out the option mpi of the target"
    : undefined;

/** The part of the options that says which Slurm it is. */
export const clusterOf = ({
  bin,
  conf,
  rest,
  restUser,
  restTokenFile,
  restVersion,
}: SlurmOptions): SlurmCluster => ({
  ...(bin === undefined ? {} : { bin }),
  ...(conf === undefined ? {} : { conf }),
  ...(rest === undefined
    ? {}
    : {
        rest: {
          url: rest.replace(/\/$/, ""),
          ...(restUser === undefined ? {} : { user: restUser }),
          ...(restTokenFile === undefined ? {} : { tokenFile: restTokenFile }),
          ...(restVersion === undefined ? {} : { version: Number(restVersion.slice("v0.0.".length)) }),
        },
      }),
});
