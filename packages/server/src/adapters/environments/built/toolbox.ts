// The tools of builds: uv, and whatever solves conda packages. What is on the machine is taken; what is not is installed into the
// data folder from the package index, at first need.

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { rename, stat } from "node:fs/promises";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { MalachiteError } from "@malachite/core";
import { hasCode, isExecutable, makeFolder, removeTree, writeFileAtomic } from "../../../files/index.ts";
import { runTool, ToolFailed } from "./buildProcess.ts";
import { takeTurn } from "./buildTurn.ts";
import type { Python } from "./pythons.ts";
import { uvEnvironment } from "./toolEnvironment.ts";

export type CondaTool = {
  readonly kind: "micromamba" | "conda" | "rattler";
  /** The program; for rattler, the python that has it. */
  readonly program: string;
};

export type ToolboxOptions = {
  /** Where tools are installed, and what else belongs to all builds. */
  readonly folder: string;
  readonly path: string;
  /** Folders in which tools are looked for before all else. */
  readonly toolPath?: readonly string[];
  /** Programs that the settings name. */
  readonly uv: string | undefined;
  readonly conda: string | undefined;
  readonly packageIndex: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly pythons: { list(): Promise<readonly Python[]> };
  /** Installations that are under way; others with the same folder share it. */
  readonly installing?: Map<string, Promise<string>>;
  /** Other servers may install into the same folder. */
  readonly shared?: boolean;
};

const run = promisify(execFile);
const VERSION_MS = 20_000;

type Say = (line: string) => void;

/** What the word means as the setting `conda`: none of the machine's own. */
const RATTLER = "rattler";
const WHOLE = "whole";
const CONDA_NAMES = ["micromamba", "mamba", "conda"] as const;

export class Toolbox {
  readonly #options: ToolboxOptions;
  readonly #installing: Map<string, Promise<string>>;
  readonly #versions = new Map<string, Promise<string>>();

  constructor(options: ToolboxOptions) {
    this.#options = options;
    this.#installing = options.installing ?? new Map();
  }

  /** Which tool it would be and what that says of its version; its name where one is to be installed. Installs nothing. */
  async known(tool: "uv" | "conda"): Promise<string> {
    const program = tool === "uv" ? await this.#uvThere() : (await this.#condaThere())?.program;
    const facts = program === undefined ? undefined : await stat(program).catch(() => undefined);
    if (program === undefined || facts === undefined) return tool;
    const key = `${program} ${facts.mtimeMs} ${facts.size}`;
    const version = this.#versions.get(key) ?? this.#versionOf(program);
    this.#versions.set(key, version);
    return `${program} ${await version}`;
  }

  /** One that does not answer is told by its build. */
  async #versionOf(program: string): Promise<string> {
    const { environment } = this.#options;
    return await run(program, ["--version"], { env: environment, timeout: VERSION_MS }).then(
      ({ stdout }) => stdout.trim().split("\n")[0] ?? "",
      () => "",
    );
  }

  /** Throws EnvironmentFailed naming all that was tried. */
  async uv(say: Say, signal: AbortSignal): Promise<string> {
    const { folder } = this.#options;
    const found = await this.#uvThere();
    if (found !== undefined) return found;
    const own = join(folder, "uv", "bin", "uv");
    if (await isExecutable(own)) return own;
    return this.#once("uv", signal, async (stop) => {
      say("uv is not on the PATH; it is installed from the package index, once.");
      await this.#install("uv", say, stop);
      return own;
    });
  }

  /** Throws EnvironmentFailed naming all that was tried. */
  async conda(say: Say, signal: AbortSignal): Promise<CondaTool> {
    const { folder } = this.#options;
    const found = await this.#condaThere();
    if (found !== undefined) return found;
    const own = join(folder, "rattler", "bin", "python");
    if (!(await isFile(join(folder, "rattler", WHOLE))))
      await this.#once("rattler", signal, async (stop) => {
        say(
          "Neither micromamba nor conda is on the PATH; py-rattler is installed from the package index, once.",
        );
        await this.#installRattler(say, stop);
        return own;
      });
    return { kind: "rattler", program: own };
  }

  /** Throws EnvironmentFailed where the settings name one that is not there. */
  async #uvThere(): Promise<string | undefined> {
    const { uv, path, toolPath = [] } = this.#options;
    const first = await onPath("uv", toolPath);
    if (first !== undefined || uv === undefined) return first ?? (await onPath("uv", path.split(delimiter)));
    return this.#given(uv, "uv");
  }

  /** The same; undefined also where the settings want none of the machine's own. */
  async #condaThere(): Promise<CondaTool | undefined> {
    const { conda, path, toolPath = [] } = this.#options;
    const first = await condaIn(toolPath);
    if (first !== undefined || conda === RATTLER) return first;
    if (conda === undefined) return condaIn(path.split(delimiter));
    return toolOf(await this.#given(conda, "conda"));
  }

  async #given(named: string, setting: string): Promise<string> {
    const found = isAbsolute(named)
      ? (await isExecutable(named)) && named
      : await onPath(named, this.#options.path.split(delimiter));
    if (found) return found;
    throw failed(`The program '${named}' of the setting ${setting} is not there. ${this.#where()}`);
  }

  /** One installation for all who wait; it is not stopped for one of them. */
  async #once(
    name: string,
    signal: AbortSignal,
    work: (stop: AbortSignal) => Promise<string>,
  ): Promise<string> {
    let installing = this.#installing.get(name);
    if (!installing) {
      installing = work(signal).finally(() => this.#installing.delete(name));
      this.#installing.set(name, installing);
      return installing;
    }
    // The one that installs may be canceled; then it is this one's turn.
    return installing.catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof MalachiteError) throw error;
      return this.#once(name, signal, work);
    });
  }

  /** With the first python that can. A folder of that name is whole or not there. */
  async #install(what: string, say: Say, signal: AbortSignal): Promise<void> {
    const { folder, packageIndex, environment, pythons } = this.#options;
    const tried: string[] = [];
    const place = join(folder, `${what}.new-${randomUUID()}`);
    await makeFolder(folder);
    const index: Record<string, string> = packageIndex === undefined ? {} : { PIP_INDEX_URL: packageIndex };
    const tool = { at: folder, mark: place, environment: { ...environment, ...index }, say };
    const pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps"];
    const ways = [
      async (python: string) => {
        await runTool({ ...tool, argv: [python, ...pip, "--target", place, what] }, signal);
      },
      // A python without a pip of its own may still make one for a virtual environment.
      async (python: string) => {
        await runTool({ ...tool, argv: [python, "-m", "venv", place] }, signal);
        await runTool({ ...tool, argv: [join(place, "bin", "python"), ...pip, what] }, signal);
      },
    ];
    const usable = (await pythons.list()).filter(isNewEnough);
    for (const way of ways)
      for (const { path, version } of usable) {
        try {
          await way(path);
          await this.#put(place, join(folder, what));
          return;
        } catch (error) {
          await removeTree(place);
          if (!(error instanceof ToolFailed)) throw error;
          tried.push(`${path} (${version}): ${error.message.split("\n").at(-1)}`);
        }
      }
    throw failed(
      `${what} is not on this machine and could not be installed with any python: ${tried.join("; ") || `no python 3.8 or newer was found. ${this.#where()}`}. Install uv, or name it by the setting uv.`,
    );
  }

  async #installRattler(say: Say, signal: AbortSignal): Promise<void> {
    const { folder, packageIndex, environment, pythons } = this.#options;
    const uv = await this.uv(say, signal);
    const python = (await pythons.list()).find(({ version }) => compare(version, "3.10") >= 0);
    if (!python) throw failed(`py-rattler needs a python 3.10 or newer, and none is here. ${this.#where()}`);
    const place = join(folder, "rattler");
    const cache = join(dirname(folder), "cache", "uv");
    const all = uvEnvironment(environment, { cache, packageIndex });
    const tool = { at: folder, mark: place, environment: all, say };
    await using turn = this.#options.shared ? await takeTurn(place, signal) : undefined;
    if (turn && (await isFile(join(place, WHOLE)))) return;
    try {
      // A virtual environment cannot be moved, so it has its name from the start, and a mark once it is whole.
      await makeFolder(folder);
      await removeTree(place);
      await runTool({ ...tool, argv: [uv, "venv", "--python", python.path, place] }, signal);
      const target = ["--python", join(place, "bin", "python")];
      await runTool({ ...tool, argv: [uv, "pip", "install", ...target, "py-rattler"] }, signal);
      await writeFileAtomic(join(place, WHOLE), "");
    } catch (error) {
      await removeTree(place);
      if (!(error instanceof ToolFailed)) throw error;
      throw failed(`py-rattler could not be installed: ${error.message}`);
    }
  }

  /** One that another server has put there meanwhile stays: it may be at work. */
  async #put(from: string, to: string): Promise<void> {
    try {
      await rename(from, to);
    } catch (error) {
      if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error;
      if (await isExecutable(join(to, "bin", basename(to)))) return removeTree(from);
      await removeTree(to);
      await rename(from, to);
    }
  }

  #where = (): string => `The service's PATH is ${this.#options.path}.`;
}

async function onPath(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders)
    if (isAbsolute(folder) && (await isExecutable(join(folder, name)))) return join(folder, name);
  return undefined;
}

async function condaIn(folders: readonly string[]): Promise<CondaTool | undefined> {
  for (const name of CONDA_NAMES) {
    const program = await onPath(name, folders);
    if (program !== undefined) return toolOf(program);
  }
  return undefined;
}

const toolOf = (program: string): CondaTool => ({
  kind: /micromamba[^/]*$/.test(program) ? "micromamba" : "conda",
  program,
});

const isNewEnough = ({ version }: Python): boolean => compare(version, "3.8") >= 0;

function compare(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const isFile = (file: string): Promise<boolean> =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );

const failed = (message: string): MalachiteError => new MalachiteError("EnvironmentFailed", message);
