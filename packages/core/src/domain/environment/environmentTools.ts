// What a compute target says of the tools that make the environments of its runs. Read here for whoever makes them and whoever starts
// runs; which kind of target knows which option, its driver says. Pure.
import { MalachiteError } from "../failure/malachiteError.ts";
import type { TargetSettings } from "../launch/launchPlan.ts";

export type EnvironmentTools = {
  /** A file that a POSIX shell reads first, as one with lines of `module load`; `~/` is the home of the user there. */
  readonly setup?: string;
  /** Folders in which uv, conda and pythons are looked for first; they come first on the PATH of runs too. */
  readonly toolPath?: readonly string[];
  /** Where packages come from. */
  readonly packageIndex?: string;
  /** Where conda channels are: `NAME=URL`, where `*` stands for all others. */
  readonly condaChannels?: readonly string[];
};

export const TOOL_OPTIONS = ["setup", "toolPath", "packageIndex", "condaChannels"] as const;
export type ToolOption = (typeof TOOL_OPTIONS)[number];

/** Undefined where it says nothing of them. Throws UnsupportedField naming the option that is wrong. */
export function environmentTools({ name: target, options }: TargetSettings): EnvironmentTools | undefined {
  const { setup, toolPath, packageIndex, condaChannels } = options;
  const refuse = (name: ToolOption, why: string) =>
    new MalachiteError("UnsupportedField", `Option ${name} of compute target '${target}' ${why}.`, {
      target: `targets.${target}.${name}`,
    });
  if (setup !== undefined && !isPath(setup)) throw refuse("setup", "must be the absolute path of a file");
  if (toolPath !== undefined && !(isList(toolPath) && toolPath.every(isPath)))
    throw refuse("toolPath", "must be a list of absolute paths of folders");
  if (packageIndex !== undefined && !isAddress(packageIndex, ["https:", "http:"]))
    throw refuse("packageIndex", "must be an address that begins with https:// or http://");
  // Options are shown to everybody.
  if (packageIndex !== undefined && hasLogin(packageIndex))
    throw refuse(
      "packageIndex",
      "holds a login, and options of targets are no secret; let a .netrc, the pip.conf or a keyring of that machine have it",
    );
  if (condaChannels !== undefined && !(isList(condaChannels) && condaChannels.every(isChannel)))
    throw refuse(
      "condaChannels",
      "must be a list of texts such as conda-forge=https://conda.lab/conda-forge, where * stands for all other names",
    );
  if (condaChannels?.some((entry) => hasLogin(entry.slice(entry.indexOf("=") + 1))))
    throw refuse(
      "condaChannels",
      "holds a login or a token, and options of targets are no secret; let the conda of that machine have it",
    );
  const tools = {
    ...(setup === undefined ? {} : { setup }),
    ...(toolPath === undefined || toolPath.length === 0 ? {} : { toolPath }),
    ...(packageIndex === undefined ? {} : { packageIndex }),
    ...(condaChannels === undefined || condaChannels.length === 0 ? {} : { condaChannels }),
  };
  return Object.keys(tools).length === 0 ? undefined : tools;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** A colon would end the folder on a PATH. */
const isPath = (value: unknown): value is string =>
  typeof value === "string" && /^(~?\/)[^\0\n:]*$/.test(value) && value.length <= 4096;

function isAddress(value: unknown, protocols: readonly string[]): value is string {
  if (typeof value !== "string" || /\s/.test(value)) return false;
  const url = URL.parse(value);
  return url !== null && protocols.includes(url.protocol);
}

function isChannel(entry: unknown): entry is string {
  const [, place] = /^[^\s=]+=(.+)$/.exec(typeof entry === "string" ? entry : "") ?? [];
  return isAddress(place, ["https:", "http:", "file:"]);
}

/** `user:password@`, or the token in the way of a private channel. */
function hasLogin(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && (`${url.username}${url.password}` !== "" || /\/t\/[^/]+\//.test(url.pathname));
}
