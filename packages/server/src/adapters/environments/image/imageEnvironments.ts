// Environments of runs in containers: the image that a definition names or describes, the python in it, and on top of it what the
// definition wants installed. Each is made once, however many ask, and kept by the engine.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import {
  type BuildLog,
  type EnvironmentAsk,
  type EnvironmentBuilder,
  imageChoice,
  isBuilt,
  isMalachiteError,
  MalachiteError,
  type PreparedEnvironment,
} from "@malachite/core";
import { type Engine, EngineRefused, type Engines } from "../../../containers/index.ts";
import { type Recipe, readRecipe } from "../built/recipe.ts";
import { buildDockerfile, imageIdOf, pullImage } from "./getImage.ts";
import {
  buildLayer,
  checkLock,
  chooseBuilder,
  type LayerSettings,
  layerKey,
  layerName,
  layerVariables,
  lockOf,
  type Survey,
  surveyImage,
} from "./imageLayer.ts";
import { findPython, type ImagePython } from "./imagePython.ts";
import { PREFIX } from "./layerScript.ts";
import { EngineFailed } from "./progress.ts";
import { baseImage } from "./reference.ts";
import { sweepBuilds } from "./runOnce.ts";
import { createSharedWork, type Say } from "./sharedWork.ts";
import { buildSparkLayer, jarsOf, sparkLayerName } from "./sparkLayer.ts";

export type ImageEnvironmentsOptions = {
  readonly engines: Engines;
  /** For definitions and targets that name none. */
  readonly defaultImage: string | undefined;
  readonly layers: LayerSettings;
  /** The longest that a pull or a build may take. */
  readonly buildMs: number;
};

const DOCKER = "configuration.environment.docker";
const PING_MS = 5000;
/** The python that a definition without one means. */
const DEFAULT_PYTHON = "python";

/** Starts and opens nothing until asked. */
export function createImageEnvironments(options: ImageEnvironmentsOptions): EnvironmentBuilder {
  const { engines, layers, buildMs } = options;
  const { service } = layers;
  const images = createSharedWork<string>();
  const locks = new Map<string, Promise<string>>();
  const jars = new Map<string, Promise<readonly string[]>>();
  const surveys = new Map<string, Promise<Survey>>();
  const pythons = new Map<string, Promise<ImagePython | undefined>>();
  const swept = new Set<string>();

  async function engineOf(ask: EnvironmentAsk, signal: AbortSignal): Promise<Engine> {
    const engine = await engines.at(ask.socket);
    await engine.ask("answer", (api) => api.ping(), signal, PING_MS);
    return engine;
  }

  /** The id of the base image: it is there, or is brought. */
  async function baseOf(
    ask: EnvironmentAsk,
    engine: Engine,
    bring: (key: string, work: (say: Say, signal: AbortSignal) => Promise<string>) => Promise<string>,
    signal: AbortSignal,
  ): Promise<string> {
    const source = sourceOf(ask, options.defaultImage);
    if (source.is === "image") {
      const { reference } = source.image;
      return (
        (await imageIdOf(engine, reference, signal)) ??
        bring(`pull ${reference}`, (say, until) => pullImage(engine, source.image, say, until))
      );
    }
    const hash = createHash("sha256").update(source.text).digest("hex").slice(0, 32);
    const tag = `malachite/dockerfile:${hash}`;
    return (
      (await imageIdOf(engine, tag, signal)) ??
      bring(`build ${tag}`, (say, until) => buildDockerfile(engine, { ...source, tag, service }, say, until))
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

  async function withLayer(
    ask: EnvironmentAsk,
    engine: Engine,
    base: string,
    log: BuildLog,
    signal: AbortSignal,
  ): Promise<PreparedEnvironment> {
    const recipe = await readRecipe(ask, layers.recipe);
    checkLock(recipe);
    const builder = await builderOf(recipe, engine, ask, base, signal);
    const key = layerKey(recipe, base, builder, layers.recipe);
    const image =
      (await imageIdOf(engine, layerName(key), signal)) ??
      (await images(
        `${engine.socket} layer ${key}`,
        (say, until) => buildLayer({ engine, base, recipe, builder }, key, layers, say, until),
        log,
        signal,
      ));
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

  const onBase = (
    ask: EnvironmentAsk,
    engine: Engine,
    base: string,
    log: BuildLog,
    signal: AbortSignal,
  ): Promise<PreparedEnvironment> =>
    isBuilt(ask.environment)
      ? withLayer(ask, engine, base, log, signal)
      : withPython(ask, engine, base, signal);

  /** The same with the packages of Maven that the ask wants to find in it. */
  async function withSparkJars(
    ask: EnvironmentAsk,
    engine: Engine,
    environment: PreparedEnvironment,
    log: BuildLog,
    signal: AbortSignal,
  ): Promise<PreparedEnvironment> {
    const { sparkJars } = ask;
    const { image: base } = environment;
    if (sparkJars === undefined || base === undefined) return environment;
    const name = sparkLayerName(sparkJars, environment);
    const image =
      (await imageIdOf(engine, name, signal)) ??
      (await images(
        `${engine.socket} ${name}`,
        (say, until) =>
          buildSparkLayer(engine, sparkJars, { ...environment, image: base }, layers, say, until),
        log,
        signal,
      ));
    const files = await once(jars, JSON.stringify([engine.socket, image]), () =>
      jarsOf(engine, image, service, signal),
    );
    return { ...environment, image, sparkJars: { files } };
  }

  return {
    async check(ask, signal) {
      sourceOf(ask, options.defaultImage);
      refuseBase(ask);
      if (isBuilt(ask.environment)) await readRecipe(ask, layers.recipe);
      await engineOf(ask, signal);
    },
    async has(ask, signal) {
      const engine = await engineOf(ask, signal);
      const missing = new MalachiteError("EnvironmentFailed", "The image is not there yet.");
      try {
        const base = await baseOf(ask, engine, () => Promise.reject(missing), signal);
        if (isBuilt(ask.environment)) {
          const recipe = await readRecipe(ask, layers.recipe);
          const builder = await builderOf(recipe, engine, ask, base, signal);
          const name = layerName(layerKey(recipe, base, builder, layers.recipe));
          if ((await imageIdOf(engine, name, signal)) === undefined) return false;
        }
        if (!ask.sparkJars) return true;
        const environment = await onBase(ask, engine, base, unheard, signal);
        return (await imageIdOf(engine, sparkLayerName(ask.sparkJars, environment), signal)) !== undefined;
      } catch (error) {
        const isMissing =
          isMalachiteError(error) && ["EnvironmentFailed", "InterpreterNotFound"].includes(error.code);
        if (isMissing) return false;
        throw error;
      }
    },
    async prepare(ask, log, whole) {
      const limit = AbortSignal.timeout(buildMs);
      const signal = AbortSignal.any([whole, limit]);
      const engine = await engineOf(ask, signal);
      if (!swept.has(engine.socket)) {
        // What a killed service was about to install from; this one has begun nothing yet.
        if (swept.size === 0) await rm(layers.folder, { recursive: true, force: true });
        swept.add(engine.socket);
        await sweepBuilds(engine, service, signal);
      }
      try {
        const image = await baseOf(
          ask,
          engine,
          (key, work) => images(`${engine.socket} ${key}`, work, log, signal),
          signal,
        );
        const environment = await onBase(ask, engine, image, log, signal);
        return await withSparkJars(ask, engine, environment, log, signal);
      } catch (error) {
        if (limit.aborted && !whole.aborted) {
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

const unheard: BuildLog = async () => {};

/** What is known stays known; a failure is tried again. */
function once<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? find();
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

function refuseBase({ environment }: EnvironmentAsk): void {
  if (!environment.python?.baseCondaEnvironment) return;
  throw new MalachiteError(
    "UnsupportedField",
    "baseCondaEnvironment is an environment of the service's machine, which a container does not see. Name its python in the image by interpreterPath, with userManagedDependencies.",
    { target: "configuration.environment.python.baseCondaEnvironment" },
  );
}

type Source =
  | { readonly is: "image"; readonly image: ReturnType<typeof baseImage> }
  | {
      readonly is: "dockerfile";
      readonly text: string;
      readonly credentials?: NonNullable<ReturnType<typeof baseImage>["credentials"]>;
    };

/** Throws InvalidDefinition, and UnsupportedField where nothing names an image. */
function sourceOf(ask: EnvironmentAsk, defaultImage: string | undefined): Source {
  const choice = imageChoice(ask.environment);
  if (choice.is === "dockerfile") {
    const { text } = choice;
    if (!/^\s*FROM\s+\S/im.test(text) || text.includes("\0")) {
      throw new MalachiteError(
        "InvalidDefinition",
        "baseDockerfile holds no FROM line: it is the text of a Dockerfile.",
        {
          target: `${DOCKER}.baseDockerfile`,
        },
      );
    }
    const { address } = ask.environment.docker?.baseImageRegistry ?? {};
    const { credentials } = address ? baseImage(`${address.replace(/^https?:\/\//, "")}/any`, ask) : {};
    return { is: "dockerfile", text, ...(credentials === undefined ? {} : { credentials }) };
  }
  const reference = choice.is === "image" ? choice.reference : (ask.image ?? defaultImage);
  if (reference !== undefined)
    // The definition's registry is for the image that the definition names.
    return {
      is: "image",
      image: choice.is === "image" ? baseImage(reference, ask) : baseImage(reference, { environment: {} }),
    };
  throw new MalachiteError(
    "UnsupportedField",
    "The run goes into a container, and nothing names an image. Set environment.docker.baseImage or baseDockerfile, or start the service with --container-image.",
    { target: `${DOCKER}.baseImage` },
  );
}

function imageName(ask: EnvironmentAsk, defaultImage: string | undefined): string {
  const source = sourceOf(ask, defaultImage);
  return source.is === "image" ? `'${source.image.reference}'` : "of baseDockerfile";
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
