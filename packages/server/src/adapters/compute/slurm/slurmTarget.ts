// The options of a compute target of kind slurm. All are data for argv; none is ever part of a shell line.
import { isAbsolute } from "node:path";
import type { TargetSettings } from "@malachite/core";
import { faultOf, refusedOption } from "../shared/targetOptions.ts";

/** Which Slurm is asked, and how; kept in handles. */
export type SlurmCluster = {
  /** Folder of the commands; those of the PATH unless told. */
  readonly bin?: string;
  /** The SLURM_CONF of its commands; that of the service unless told. */
  readonly conf?: string;
};

export type SlurmOptions = SlurmCluster & {
  /** Where the folders of runs lie, under the same path here and on all nodes. */
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
const KNOWN = ["bin", "conf", "folder", ...TEXTS, ...Object.keys(NUMBERS), "exclusive", "extraArguments"];

/** Names of sbatch's options that the driver itself decides. A shortened name of one is that one. */
const OWN = [
  ..."job-name output error input chdir wait wrap array parsable test-only export export-file get-user-env requeue no-requeue".split(
    " ",
  ),
  ..."nodes ntasks ntasks-per-node signal kill-on-invalid-dep open-mode uid gid clusters cluster help usage version quiet time".split(
    " ",
  ),
];

/** Throws UnsupportedField naming the option that is unknown or wrong. */
export function parseSlurmOptions(target: TargetSettings): SlurmOptions {
  const { options } = target;
  const refuse = (name: string, why: string) => refusedOption(target, name, why);
  for (const name of Object.keys(options))
    if (!KNOWN.includes(name)) throw refuse(name, `is not known; a slurm target knows ${KNOWN.join(", ")}`);
  for (const name of ["bin", "conf", "folder"])
    if (options[name] !== undefined && !(isText(options[name]) && isAbsolute(options[name])))
      throw refuse(name, "must be an absolute path");
  for (const name of TEXTS)
    if (options[name] !== undefined && !isText(options[name])) throw refuse(name, "must be text of one line");
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const value = options[name];
    if (value !== undefined && !(Number.isInteger(value) && Number(value) >= least && Number(value) <= most))
      throw refuse(name, `must be a whole number from ${least} to ${most}`);
  }
  if (options.exclusive !== undefined && typeof options.exclusive !== "boolean")
    throw refuse("exclusive", "must be true or false");
  const fault = faultOfArguments(options.extraArguments);
  if (fault !== undefined) throw refuse("extraArguments", fault);
  return options as SlurmOptions;
}

/** Each is one option of sbatch in its long form with its value: then nothing can be taken for the script or for another's value. */
function faultOfArguments(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) return "must be a list of texts such as --comment=nightly";
  for (const text of given) {
    if (!isText(text)) return "must hold texts of one line";
    const [, name] = /^--([a-z][a-z0-9-]*)(=.+)?$/.exec(text) ?? [];
    if (name === undefined) return `has '${text}', which is not written --name or --name=value`;
    const own = OWN.find((one) => one === name || (name.length > 2 && one.startsWith(name)));
    if (own !== undefined) return `has '${text}': --${own} is the service's own to set`;
  }
  return undefined;
}

const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= 4096 && !/[\u0000-\u001f\u007f]/.test(value);

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings): string | undefined =>
  faultOf(() => parseSlurmOptions(target));

/** The part of the options that says which Slurm it is. */
export const clusterOf = ({ bin, conf }: SlurmOptions): SlurmCluster => ({
  ...(bin === undefined ? {} : { bin }),
  ...(conf === undefined ? {} : { conf }),
});
