// Environments of runs in containers: the image that a definition names or describes, the python in it, and on top of it what the
// definition wants installed. Each is made once, however many ask, and kept by the engine.
import { rm } from "node:fs/promises";
import {
  type EnvironmentAsk,
  type EnvironmentBuilder,
  isBuilt,
  isMalachiteError,
  MalachiteError,
  type PreparedEnvironment,
} from "@malachite/core";
import { type Engine, EngineRefused, type Engines } from "../../../containers/index.ts";
import { createAskTogether } from "../../shared/askTogether.ts";
import { type Recipe, type RecipeSettings, readRecipe } from "../built/recipe.ts";
import { buildDockerfile, imageIdOf, pullImage } from "./getImage.ts";
import {
  buildLayer,
  checkLock,
  chooseBuilder,
  type LayerSettings,
  layerKey,
  layerVariables,
  lockOf,
  type Survey,
  surveyImage,
} from "./imageLayer.ts";
import { findPython, type ImagePython } from "./imagePython.ts";
import { imageName, refuseBase, sourceOf } from "./imageSource.ts";
import { PREFIX } from "./layerScript.ts";
import { createMadeImages } from "./madeImages.ts";
import { once } from "./once.ts";
import { EngineFailed } from "./progress.ts";
import { sweepBuilds } from "./runOnce.ts";
import { createSharedWork, type Say } from "./sharedWork.ts";
import { buildSparkLayer, jarsOf, sparkLayerKey } from "./sparkLayer.ts";

export type ImageEnvironmentsOptions = {
  readonly engines: Engines;
  /** For definitions and targets that name none. */
  readonly defaultImage: string | undefined;
  readonly layers: LayerSettings;
  /** The longest that a pull or a build may take. */
  readonly buildMs: number;
  /** Marks of images that were made here; see `MadeImages`. */
  readonly marks: string;
  readonly limitBytes: number;
  readonly inUse: () => Promise<ReadonlySet<string>>;
  /** Other servers may use the same folder and engine. */
  readonly shared?: boolean;
  readonly now: () => number;
};

/** Where an environment is made, and for whom. */
type Place = {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** The images made here that it consists of, the topmost first. */
  readonly names: string[];
  /** Brings an image that is not there, once for all who ask. */
  bring(what: string, work: (say: Say, signal: AbortSignal) => Promise<string>): Promise<string>;
};

const DOCKER = "configuration.environment.docker";
const PING_MS = 5000;
/** The python that a definition without one means. */
const DEFAULT_PYTHON = "python";

/** Starts and opens nothing until asked. */
export function createImageEnvironments(options: ImageEnvironmentsOptions): EnvironmentBuilder {
  const { engines, layers, buildMs, limitBytes, inUse, now } = options;
  const { service } = layers;
  const made = createMadeImages({ folder: options.marks, service, limitBytes, inUse, now });
  const images = createSharedWork<string>();
  const locks = new Map<string, Promise<string>>();
  const jars = new Map<string, Promise<readonly string[]>>();
  const surveys = new Map<string, Promise<Survey>>();
  const pythons = new Map<string, Promise<ImagePython | undefined>>();
  const cleaned = new Map<string, Promise<void>>();
  const answering = createAskTogether<unknown>();
  const looking = createAskTogether<string | undefined>();

  async function engineOf(ask: EnvironmentAsk, signal: AbortSignal): Promise<Engine> {
    const engine = await engines.at(ask.socket);
    await answering(
      engine.socket,
      (asked) => engine.ask("answer", (api) => api.ping(), asked, PING_MS),
      signal,
    );
    return engine;
  }

  const idOf = (engine: Engine, name: string, signal: AbortSignal): Promise<string | undefined> =>
    looking(JSON.stringify([engine.socket, name]), (asked) => imageIdOf(engine, name, asked), signal);

  /** What a killed service was about to install from, and in; this one begins nothing before that is gone. */
  function clean(engine: Engine, signal: AbortSignal): Promise<void> {
    return once(cleaned, engine.socket, async () => {
      // What other servers are at work on cannot be told from what a dead one left.
      if (options.shared) return;
      await once(cleaned, layers.folder, () => rm(layers.folder, { recursive: true, force: true }));
      await sweepBuilds(engine, service, signal);
    });
  }

  /** The image of that name: it is there, or is made once for all who ask. What nobody used for long makes room for it. */
  async function make(
    at: Place,
    name: string,
    work: (say: Say, signal: AbortSignal) => Promise<string>,
  ): Promise<string> {
    const { engine, signal } = at;
    at.names.unshift(name);
    const there = await idOf(engine, name, signal);
    if (there !== undefined) return there;
    return at.bring(name, async (say, until) => {
      const id = await work(say, until);
      await made.use(engine, [name]);
      // What cannot be removed now is tried again after the next build.
      await made.sweep(engine, until).catch(() => {});
      return id;
    });
  }

  /** The id of the base image: it is there, or is brought. */
  async function baseOf(ask: EnvironmentAsk, at: Place): Promise<string> {
    const { engine, signal } = at;
    const source = sourceOf(ask, options.defaultImage);
    if (source.is === "dockerfile") {
      const tag = made.name("dockerfile", source.text);
      return make(at, tag, (say, until) => buildDockerfile(engine, { ...source, tag, service }, say, until));
    }
    const { reference } = source.image;
    return (
      (await idOf(engine, reference, signal)) ??
      at.bring(`pull ${reference}`, (say, until) => pullImage(engine, source.image, say, until))
    );
  }

  /** The python that the image has under that name; asked once for each image. */
  function pythonOf(engine: Engine, image: string, name: string, signal: AbortSignal) {
    return once(pythons, JSON.stringify([engine.socket, image, name]), () =>
      findPython(engine, { image, name, service }, signal),
    );
  }

  async function withPython(
    ask: EnvironmentAsk,
    engine: Engine,
    image: string,
    signal: AbortSignal,
  ): Promise<PreparedEnvironment> {
    const given = ask.environment.python?.interpreterPath || DEFAULT_PYTHON;
    const python = await pythonOf(engine, image, given, signal);
    if (python === undefined && (given !== DEFAULT_PYTHON || !ask.withoutPython)) {
      throw new MalachiteError(
        "InterpreterNotFound",
        `The image ${imageName(ask, options.defaultImage)} has no python '${given}'${given === DEFAULT_PYTHON ? " and no python3 on its PATH" : ""}. Set environment.python.interpreterPath to one that is in it, or use another image.`,
        { target: "configuration.environment.python.interpreterPath" },
      );
    }
    return {
      id: `image:${image}:${python?.path ?? ""}`,
      python: python?.path ?? DEFAULT_PYTHON,
      ...(python?.folder === undefined ? {} : { folder: python.folder }),
      variables: {},
      image,
    };
  }

  /** With what an environment is made on an image; the image is asked once. */
  async function builderOf(
    recipe: Recipe,
    engine: Engine,
    ask: EnvironmentAsk,
    image: string,
    signal: AbortSignal,
  ) {
    const survey = once(surveys, JSON.stringify([engine.socket, image]), () =>
      surveyImage(engine, image, service, signal),
    );
    return chooseBuilder(recipe, await survey, imageName(ask, options.defaultImage));
  }

  /** What the target says of where packages come from goes before what the settings say. */
  function recipeSettings({ tools: { packageIndex, condaChannels } = {} }: EnvironmentAsk): RecipeSettings {
    const { recipe } = layers;
    return {
      ...recipe,
      packageIndex: packageIndex ?? recipe.packageIndex,
      condaChannels: condaChannels ?? recipe.condaChannels,
    };
  }

  async function withLayer(ask: EnvironmentAsk, at: Place, base: string): Promise<PreparedEnvironment> {
    const { engine, signal } = at;
    const told = recipeSettings(ask);
    const recipe = await readRecipe(ask, told);
    checkLock(recipe);
    const builder = await builderOf(recipe, engine, ask, base, signal);
    const key = layerKey(recipe, base, builder, told);
    const name = made.name("environment", key);
    const image = await make(at, name, (say, until) =>
      buildLayer({ engine, base, recipe, builder, name }, key, { ...layers, recipe: told }, say, until),
    );
    const lock = await once(locks, JSON.stringify([engine.socket, image]), () =>
      lockOf(engine, image, recipe, service, signal),
    );
    const asked = recipe.lock?.python ?? recipe.spec.python?.replace(/^=+/, "");
    return {
      id: `image:${key}`,
      python: `${PREFIX}/bin/python`,
      folder: `${PREFIX}/bin`,
      variables: { ...layerVariables(builder), ...recipe.spec.variables },
      image,
      lock,
      ...(builder.how === "venv" && !builder.exact
        ? {
            warnings: [
              `Python ${builder.version} is used: ${asked} is not in the image, and ${builder.version} is the newest of the same minor that is.`,
            ],
          }
        : {}),
    };
  }

  const onBase = (ask: EnvironmentAsk, at: Place, base: string): Promise<PreparedEnvironment> =>
    isBuilt(ask.environment) ? withLayer(ask, at, base) : withPython(ask, at.engine, base, at.signal);

  /** The same with the packages of Maven that the ask wants to find in it. */
  async function withSparkJars(
    ask: EnvironmentAsk,
    at: Place,
    environment: PreparedEnvironment,
  ): Promise<PreparedEnvironment> {
    const { sparkJars } = ask;
    const { image: base } = environment;
    if (sparkJars === undefined || base === undefined) return environment;
    const { engine, signal } = at;
    const name = made.name("spark", sparkLayerKey(sparkJars, environment));
    const on = { ...environment, image: base };
    const image = await make(at, name, (say, until) =>
      buildSparkLayer({ engine, name, environment: on }, sparkJars, layers, say, until),
    );
    const files = await once(jars, JSON.stringify([engine.socket, image]), () =>
      jarsOf(engine, image, service, signal),
    );
    return { ...environment, image, sparkJars: { files } };
  }

  async function whole(ask: EnvironmentAsk, at: Place): Promise<PreparedEnvironment> {
    const base = await baseOf(ask, at);
    return withSparkJars(ask, at, await onBase(ask, at, base));
  }

  return {
    async check(ask, signal) {
      sourceOf(ask, options.defaultImage);
      refuseBase(ask);
      if (isBuilt(ask.environment)) await readRecipe(ask, recipeSettings(ask));
      await engineOf(ask, signal);
    },
    async has(ask, signal) {
      const engine = await engineOf(ask, signal);
      const missing = new MalachiteError("EnvironmentFailed", "The image is not there yet.");
      try {
        await whole(ask, { engine, signal, names: [], bring: () => Promise.reject(missing) });
        return true;
      } catch (error) {
        const isMissing =
          isMalachiteError(error) && ["EnvironmentFailed", "InterpreterNotFound"].includes(error.code);
        if (isMissing) return false;
        throw error;
      }
    },
    async prepare(ask, log, called) {
      const limit = AbortSignal.timeout(buildMs);
      const signal = AbortSignal.any([called, limit]);
      const engine = await engineOf(ask, signal);
      await clean(engine, signal);
      const names: string[] = [];
      const bring: Place["bring"] = (what, work) => images(`${engine.socket} ${what}`, work, log, signal);
      try {
        const environment = await whole(ask, { engine, signal, names, bring });
        await made.use(engine, names);
        return environment;
      } catch (error) {
        if (limit.aborted && !called.aborted) {
          throw new MalachiteError(
            "EnvironmentFailed",
            `The environment was not ready within ${buildMs / 60_000} minutes (setting environmentBuildMinutes), and its build was stopped.`,
            { cause: error },
          );
        }
        throw translated(error, ask, options.defaultImage);
      }
    },
  };
}

/** The engine's own words become the reason of the run; that it cannot be asked may pass. */
function translated(error: unknown, ask: EnvironmentAsk, defaultImage: string | undefined): unknown {
  if (isMalachiteError(error) || !(error instanceof EngineRefused || error instanceof EngineFailed))
    return error;
  return new MalachiteError(
    "EnvironmentFailed",
    `The image ${imageName(ask, defaultImage)} could not be made: ${error.message}`,
    { target: DOCKER, cause: error },
  );
}
