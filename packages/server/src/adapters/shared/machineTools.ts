// The tools that targets name on this machine: whether they are there, and what PATH and variables come of them. For whoever makes
// environments here, and for the drivers whose runs see the same files.
import { createHash } from "node:crypto";
import { access, constants, readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { type EnvironmentTools, isMalachiteError, MalachiteError } from "@malachite/core";
import { readSetup } from "./readSetup.ts";

/** What the tools of a target come to. */
export type ToolsHere = {
  /** As the variable PATH has it, that of the tools first. */
  readonly path: string;
  readonly toolPath: readonly string[];
  /** Those that the setup file sets or changes, but for PATH. */
  readonly variables: Readonly<Record<string, string>>;
  /** Another one once what may change an environment has changed: the folders, and the text of the setup file. */
  readonly mark: string;
};

export type MachineTools = {
  /** Throws EnvironmentFailed with the last words of a setup file that fails. */
  of(tools: EnvironmentTools, signal: AbortSignal): Promise<ToolsHere>;
  /** What of them is not here or does not work, in words. */
  faultOf(tools: EnvironmentTools | undefined, signal: AbortSignal): Promise<string | undefined>;
};

/** What a setup file does depends on more than its text: so long it is taken for unchanged, and a failure for lasting. */
const TRUST_MS = 60_000;
const FAILURE_MS = 5_000;
const TOOLS = /^(uv|micromamba|mamba|conda|python|python3(\.\d+)?)$/;

type Read = { readonly variables: Promise<Readonly<Record<string, string>>>; until: number };

/** `env`: what setup files see; PATH is `path`. */
export function createMachineTools({
  path,
  env,
  now,
}: {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => number;
}): MachineTools {
  const setups = new Map<string, Read>();
  const before = { ...env, PATH: path };

  /** Read once for all who ask, and not left off because one of them does. */
  function variablesOf(file: string, text: Buffer): Promise<Readonly<Record<string, string>>> {
    const key = `${file} ${hashOf(text)}`;
    const known = setups.get(key);
    if (known && known.until > now()) return known.variables;
    for (const [name, { until }] of setups) if (until <= now()) setups.delete(name);
    const read: Read = { variables: readSetup(file, before), until: Number.POSITIVE_INFINITY };
    setups.set(key, read);
    read.variables.then(
      () => {
        read.until = now() + TRUST_MS;
      },
      () => {
        read.until = now() + FAILURE_MS;
      },
    );
    return read.variables;
  }

  async function of({ setup, toolPath = [] }: EnvironmentTools, signal: AbortSignal): Promise<ToolsHere> {
    const folders = toolPath.map(atHome);
    const file = setup === undefined ? undefined : atHome(setup);
    const text = file === undefined ? undefined : await textOf(file);
    const { PATH = path, ...variables } =
      file === undefined || text === undefined ? {} : await orLeave(variablesOf(file, text), signal);
    return {
      path: [...folders, PATH].join(delimiter),
      toolPath: folders,
      variables,
      mark: JSON.stringify([folders, file ?? null, text === undefined ? null : hashOf(text)]),
    };
  }

  async function textOf(file: string): Promise<Buffer> {
    return await readFile(file).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === "ENOENT" ? "is not there" : `cannot be read (${cause.code})`;
      throw new MalachiteError("EnvironmentFailed", `The file ${file}, which setup names, ${why}.`, {
        cause,
      });
    });
  }

  return {
    of,
    async faultOf(tools, signal) {
      if (tools === undefined) return undefined;
      const fault = await faultOfFolders((tools.toolPath ?? []).map(atHome));
      if (fault !== undefined || tools.setup === undefined) return fault;
      try {
        await of(tools, signal);
        return undefined;
      } catch (error) {
        if (isMalachiteError(error)) return error.message;
        if (signal.aborted) return `The setup file ${tools.setup} did not end in time.`;
        throw error;
      }
    },
  };
}

/** As a shell means `~/`. */
export const atHome = (named: string): string =>
  named.startsWith("~/") ? join(homedir(), named.slice(2)) : named;

async function faultOfFolders(folders: readonly string[]): Promise<string | undefined> {
  if (folders.length === 0) return undefined;
  let found = false;
  for (const folder of folders) {
    const is = await stat(folder).catch(() => undefined);
    if (!is?.isDirectory())
      return `The folder ${folder}, which toolPath names, is ${is === undefined ? "not there" : "no folder"}.`;
    found ||= await hasTool(folder);
  }
  return found
    ? undefined
    : `No uv, micromamba, mamba, conda or python is in ${folders.join(" or ")}, which toolPath names.`;
}

async function hasTool(folder: string): Promise<boolean> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    if (!TOOLS.test(name)) continue;
    const usable = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return true;
  }
  return false;
}

async function orLeave<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  return await Promise.race([work, left.promise]).finally(() => signal.removeEventListener("abort", leave));
}

const hashOf = (text: Buffer): string => createHash("sha256").update(text).digest("hex");
