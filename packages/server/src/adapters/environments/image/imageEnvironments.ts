// Environments of runs in containers: the image that a definition names or describes, the python in it, and on top of it what the
// definition wants installed. Each is made once, however many ask, and kept by the engine.
import { createHash } from "node:crypto";
import {
  type EnvironmentAsk,
  type EnvironmentBuilder,
  imageChoice,
  isMalachiteError,
  MalachiteError,
  type PreparedEnvironment,
} from "@malachite/core";
import { type Engine, EngineRefused, type Engines } from "../../../containers/index.ts";
import { buildDockerfile, imageIdOf, pullImage } from "./getImage.ts";
import { findPython, type ImagePython } from "./imagePython.ts";
import { EngineFailed } from "./progress.ts";
import { baseImage } from "./reference.ts";
import { sweepBuilds } from "./runOnce.ts";
import { createSharedWork, type Say } from "./sharedWork.ts";

export type ImageEnvironmentsOptions = {
  readonly engines: Engines;
  /** For definitions and targets that name none. */
  readonly defaultImage: string | undefined;
  /** Tells what this service makes from what others do: the id of its data folder. */
  readonly service: string;
};

const DOCKER = "configuration.environment.docker";
const PING_MS = 5000;
/** The python that a definition without one means. */
const DEFAULT_PYTHON = "python";

/** Starts and opens nothing until asked. */
export function createImageEnvironments(options: ImageEnvironmentsOptions): EnvironmentBuilder {
  const { engines, service } = options;
  const images = createSharedWork<string>();
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
    const key = JSON.stringify([engine.socket, image, name]);
    const known = pythons.get(key) ?? findPython(engine, { image, name, service }, signal);
    pythons.set(key, known);
    known.catch(() => pythons.delete(key));
    return known;
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

  return {
    async check(ask, signal) {
      sourceOf(ask, options.defaultImage);
      await engineOf(ask, signal);
    },
    async has(ask, signal) {
      const engine = await engineOf(ask, signal);
      const missing = new MalachiteError("EnvironmentFailed", "The image is not there yet.");
      return baseOf(ask, engine, () => Promise.reject(missing), signal).then(
        () => true,
        (error: unknown) => {
          if (error === missing) return false;
          throw error;
        },
      );
    },
    async prepare(ask, log, signal) {
      const engine = await engineOf(ask, signal);
      if (!swept.has(engine.socket)) {
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
        return await withPython(ask, engine, image, signal);
      } catch (error) {
        throw translated(error, ask, options.defaultImage);
      }
    },
  };
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
