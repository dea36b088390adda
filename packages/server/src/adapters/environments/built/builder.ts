// Builds environments with one set of tools: python and pip packages by uv, conda packages by a conda solver. Each is made once, in the
// data folder, and shared by all runs that ask for the same.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import {
  choosePython,
  type EnvironmentAsk,
  type EnvironmentBuilder,
  isMalachiteError,
  MalachiteError,
  minorOf,
  needsConda,
  type PreparedEnvironment,
} from "@malachite/core";
import { makeFolder } from "../../../files/index.ts";
import { runTool, ToolFailed } from "./buildProcess.ts";
import type { Site } from "./buildSteps.ts";
import { buildOnBase, buildWithConda, condaFolders } from "./condaBuild.ts";
import type { EnvironmentFolder, Made } from "./environmentFolder.ts";
import { printLock } from "./lockText.ts";
import { buildWithPip, type Installed } from "./pipBuild.ts";
import { createPythons, type Python } from "./pythons.ts";
import { type Recipe, type RecipeSettings, readRecipe, recipeKey } from "./recipe.ts";
import { withoutLogins } from "./redact.ts";
import { Toolbox } from "./toolbox.ts";
import { uvEnvironment } from "./toolEnvironment.ts";

export type BuilderOptions = {
  /** All environments, the tools, and what was fetched lie in it. */
  readonly folder: string;
  readonly environments: EnvironmentFolder;
  /** What is known of tools that all builders install into the same folder. */
  readonly installing: Map<string, Promise<string>>;
  /** Other servers may install into the same folder. */
  readonly shared?: boolean;
  /** The variables of tools, as `toolEnvironment` picks them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where pythons lie, besides the PATH. */
  readonly home: string;
  readonly pyenv: string;
  readonly ofUv: string;
  readonly path: string;
  /** Folders of the PATH whose tools go before those that the settings name. */
  readonly toolPath?: readonly string[];
  readonly uv: string | undefined;
  readonly conda: string | undefined;
  readonly condaChannels: readonly string[];
  readonly packageIndex: string | undefined;
  readonly pythonDownloads: boolean;
  readonly buildMs: number;
  /** The folder with the program for py-rattler, ending in a slash. */
  readonly files: URL;
  readonly now: () => number;
  /** What tells these tools from those of the settings; absent: they are those. */
  readonly mark?: string;
};

/** The python that an environment is made of. */
type Interpreter =
  | { readonly kind: "here"; readonly python: Python; readonly exact: boolean }
  /** It comes with the conda packages. */
  | { readonly kind: "solved" }
  /** None of that minor is here, and uv may have one. */
  | { readonly kind: "fetched"; readonly minor: string };

type Usable = Exclude<Interpreter, { kind: "fetched" }>;

const PLATFORM = `${process.platform}-${process.arch}`;
const TARGET = "configuration.environment.python.condaDependencies.dependencies";

export function createBuilder(options: BuilderOptions): EnvironmentBuilder {
  const { folder, path, packageIndex, now, environments, mark, buildMs, home, pyenv, ofUv } = options;
  const cache = join(folder, "cache");
  const fetched = join(folder, "pythons");
  const pythons = createPythons({ path, collections: [join(pyenv, "versions"), ofUv, fetched] }, now);
  // What is compiled with other tools, or with what a setup file sets, is another package under the same name.
  const uvCache = join(cache, mark === undefined ? "uv" : `uv-${hashOf(mark)}`);
  const environment = {
    ...options.environment,
    ...(mark === undefined ? {} : { PIP_CACHE_DIR: join(cache, `pip-${hashOf(mark)}`) }),
  };
  const forUv = {
    ...uvEnvironment(environment, { cache: uvCache, packageIndex }),
    UV_PYTHON_INSTALL_DIR: fetched,
  };
  const { uv, conda, installing, toolPath = [] } = options;
  const pythonsOfTarget = createPythons({ path: toolPath.join(delimiter), collections: [] }, now);
  const condas = [...(conda?.startsWith("/") ? [conda] : []), ...toolPath.map((at) => join(at, "conda"))];
  const toolbox = new Toolbox({
    folder: join(folder, "tools"),
    path,
    uv,
    conda,
    packageIndex,
    environment,
    pythons,
    toolPath,
    installing,
    shared: options.shared,
  });
  const settings: RecipeSettings = {
    packageIndex,
    condaChannels: options.condaChannels,
    condaFolders: condaFolders(condas, home),
  };

  /** Throws InterpreterNotFound naming what was looked for and what is here. */
  async function interpreterOf(recipe: Recipe): Promise<Interpreter> {
    const { base, spec, lock } = recipe;
    const asked = lock && !lock.conda ? `==${lock.python}` : spec.python;
    if (base) {
      const fits = asked === undefined || choosePython(asked, [base.version]);
      if (!fits)
        throw new MalachiteError(
          "InterpreterNotFound",
          `The base '${base.prefix}' has Python ${base.version}, and the dependencies ask for python${asked}.`,
          { target: TARGET },
        );
      return { kind: "here", python: { path: base.python, version: base.version }, exact: true };
    }
    if (needsConda(spec) || lock?.conda) return { kind: "solved" };
    const ofTarget = (await pythonsOfTarget.list()).filter(isThree);
    const own = choosePython(
      asked ?? "*",
      ofTarget.map(({ version }) => version),
    );
    const first = ofTarget.find(({ version }) => own?.exact && version === own.version);
    if (first) return { kind: "here", python: first, exact: true };
    const all = (await pythons.list()).filter(isThree);
    if (asked === undefined && all[0]) return { kind: "here", python: all[0], exact: true };
    const chosen = choosePython(
      asked ?? "*",
      all.map(({ version }) => version),
    );
    const python = all.find(({ version }) => version === chosen?.version);
    if (chosen && python) return { kind: "here", python, exact: chosen.exact };
    const minor = asked === undefined ? "3" : minorOf(asked);
    if (options.pythonDownloads && minor?.startsWith("3")) return { kind: "fetched", minor };
    throw noPython(asked, all);
  }

  function noPython(asked: string | undefined, all: readonly Python[], more = ""): MalachiteError {
    const here = all.map(({ version, path: at }) => `${version} (${at})`).join(", ");
    return new MalachiteError(
      "InterpreterNotFound",
      `The environment asks for python${asked ?? ""}, and this machine has none that fits. There are: ${here || "none"}. Looked in the service's PATH (${path}), in ${pyenv}/versions and ${ofUv}.${more} Install one that fits, or ask for one that is there.`,
      { target: TARGET },
    );
  }

  /** Where it stays, and what it is called: the same for the same. */
  async function known(
    recipe: Recipe,
    interpreter: Usable,
  ): Promise<{ readonly id: string; readonly there?: PreparedEnvironment }> {
    const words =
      interpreter.kind === "here" ? `${interpreter.python.path} ${interpreter.python.version}` : "solved";
    const id = recipeKey(recipe, words, await marked(interpreter));
    if (recipe.lock) {
      // The environment that the lock was written of may still be here.
      const { lock, ...unlocked } = recipe;
      const first = await interpreterOf(unlocked).catch(() => undefined);
      if (first && first.kind !== "fetched") {
        const before = await known(unlocked, first);
        if (before.there?.lock === printLock(lock)) return { id: before.id, there: before.there };
      }
    }
    const there = await environments.get(id);
    return { id, ...(there ? { there } : {}) };
  }

  /** Tools that a target names may be exchanged, and make another environment then. */
  async function marked(interpreter: Usable): Promise<RecipeSettings> {
    if (mark === undefined) return settings;
    const conda = interpreter.kind === "solved" ? [await toolbox.known("conda")] : [];
    return { ...settings, tools: [mark, await toolbox.known("uv"), ...conda] };
  }

  async function build(
    recipe: Recipe,
    interpreter: Usable,
    place: string,
    hear: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Made> {
    const began = now();
    const say = (line: string): void => hear(recipe.redact(line));
    const { spec, base, lock } = recipe;
    const uvProgram = await toolbox.uv(say, signal);
    const prefix = join(place, "env");
    const site: Site = { recipe, place, prefix, uv: uvProgram, environment: indexed(recipe), say, signal };
    if (lock)
      say(
        `Exactly what the lock says is installed: ${lock.pip.length} packages${lock.conda ? ` and ${lock.conda.length} of conda` : ""}.`,
      );
    const warnings: string[] = [];
    let installed: Installed;
    let version: string;
    if (interpreter.kind === "here") {
      const { python, exact } = interpreter;
      version = python.version;
      say(`Python ${version} of ${python.path}, packages by ${uvProgram}.`);
      if (!exact) {
        const told = `Python ${version} is used: ${lock?.python ?? spec.python?.replace(/^=+/, "")} is not on this machine, and ${version} is the newest of the same minor that is.`;
        say(`WARNING: ${told}`);
        warnings.push(told);
      }
      for (const { conda: named } of base || lock ? [] : spec.installers)
        say(`'${named}' is taken from the package index: pip, setuptools and wheel are the same everywhere.`);
      installed = base ? await buildOnBase(site, base) : await buildWithPip(site, python);
    } else {
      const tool = await toolbox.conda(say, signal);
      const made = await buildWithConda({
        ...site,
        conda: tool,
        cache: join(cache, "conda"),
        files: options.files,
      });
      version = made.python;
      installed = made;
    }
    await rm(join(place, "work"), { recursive: true, force: true });
    const ofConda = installed.conda !== undefined;
    say(`The environment is ready after ${((now() - began) / 1000).toFixed(1)} s.`);
    const text = printLock({ platform: PLATFORM, python: version, ...installed });
    return {
      python: join(prefix, "bin", "python"),
      folder: join(prefix, "bin"),
      variables: {
        ...(ofConda
          ? // A prefix of conda would see what its user has installed for all pythons.
            { CONDA_PREFIX: prefix, CONDA_DEFAULT_ENV: prefix, PYTHONNOUSERSITE: "1" }
          : { VIRTUAL_ENV: prefix }),
      },
      lock: withoutLogins(recipe.redact(text)),
      ...(warnings.length > 0 ? { warnings } : {}),
    };
  }

  /** The definition's own index wins over that of the settings. */
  function indexed({ options: given }: Recipe): Readonly<Record<string, string>> {
    const own = given.some(({ name }) => name === "index-url" || name === "no-index");
    const { UV_DEFAULT_INDEX: _, ...rest } = forUv as Record<string, string>;
    const pip: Record<string, string> =
      own || packageIndex === undefined ? {} : { PIP_INDEX_URL: packageIndex };
    return { ...(own ? rest : forUv), ...pip };
  }

  /** Throws InterpreterNotFound with uv's own last words. */
  async function fetchPython(
    minor: string,
    recipe: Recipe,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Usable> {
    const say = (line: string): void => log(`${recipe.redact(line)}\n`);
    const all = await pythons.list();
    const uvProgram = await toolbox.uv(say, signal);
    say(`No Python ${minor} is on this machine; uv looks for one to fetch.`);
    const argv = [uvProgram, "python", "install", minor];
    const variables = { ...forUv, UV_PYTHON_DOWNLOADS: "manual" };
    await makeFolder(fetched);
    try {
      await runTool({ argv, at: fetched, mark: fetched, say, environment: variables }, signal);
    } catch (error) {
      if (!(error instanceof ToolFailed)) throw error;
      const words = recipe.redact(error.message).split("\n").slice(-3).join(" ");
      throw noPython(recipe.lock?.python ?? recipe.spec.python, all, ` uv could not fetch one: ${words}.`);
    }
    await pythons.list(true);
    const after = await interpreterOf(recipe);
    if (after.kind !== "fetched") return after;
    throw noPython(recipe.spec.python, all, " What uv has fetched does not fit.");
  }

  return {
    async check(ask) {
      await interpreterOf(await readRecipe(ask, settings));
    },
    async has(ask) {
      try {
        const recipe = await readRecipe(ask, settings);
        const interpreter = await interpreterOf(recipe);
        return interpreter.kind !== "fetched" && (await known(recipe, interpreter)).there !== undefined;
      } catch (error) {
        if (isMalachiteError(error) && error.code === "InterpreterNotFound") return false;
        throw error;
      }
    },
    async prepare(ask: EnvironmentAsk, log, signal) {
      const recipe = await readRecipe(ask, settings);
      if (recipe.lock && recipe.lock.platform !== PLATFORM)
        throw new MalachiteError(
          "EnvironmentFailed",
          `The lock is of ${recipe.lock.platform}, and this machine is ${PLATFORM}: its packages would not run here. Submit the run anew instead.`,
        );
      const hear = (text: string): void => void log(text);
      const found = await interpreterOf(recipe);
      const interpreter =
        found.kind === "fetched"
          ? await fetchPython(
              found.minor,
              recipe,
              hear,
              AbortSignal.any([signal, AbortSignal.timeout(buildMs)]),
            )
          : found;
      const { id, there } = await known(recipe, interpreter);
      const made =
        there ??
        (await environments.make(
          id,
          (place, say, stop) => build(recipe, interpreter, place, say, stop),
          hear,
          signal,
        ));
      return { ...made, variables: { ...made.variables, ...recipe.spec.variables } };
    },
  };
}

const isThree = ({ version }: Python): boolean => version.startsWith("3.");

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
