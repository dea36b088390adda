// Brings an image: from a registry, or from the text of a Dockerfile.
import { Readable } from "node:stream";
import type { Docker, Engine } from "../../../containers/index.ts";
import { EngineRefused } from "../../../containers/index.ts";
import { EngineFailed, followProgress } from "./progress.ts";
import type { BaseImage, Credentials } from "./reference.ts";
import type { Say } from "./sharedWork.ts";

/** Pulls and builds end by their own deadline, which is the run's: the signal. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** The id of the image under that name; undefined when the engine has none. */
export async function imageIdOf(
  engine: Engine,
  reference: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { Id } = await engine.ask("look at an image", (api) => api.getImage(reference).inspect(), signal);
    return Id;
  } catch (error) {
    if (error instanceof EngineRefused && error.status === 404) return undefined;
    throw error;
  }
}

/** Throws EngineRefused and EngineFailed with the engine's words. */
export async function pullImage(
  engine: Engine,
  { reference, credentials }: BaseImage,
  say: Say,
  signal: AbortSignal,
): Promise<string> {
  say(`Pulling the image ${reference}`);
  const stream = await engine.ask(
    `pull ${reference}`,
    (api, abortSignal) =>
      api.pull(reference, { abortSignal, ...(credentials === undefined ? {} : { authconfig: credentials }) }),
    signal,
    NO_LIMIT_MS,
  );
  await engine.ask(`pull ${reference}`, () => followProgress(stream, say, signal), signal, NO_LIMIT_MS);
  const id = await imageIdOf(engine, reference, signal);
  if (id !== undefined) return id;
  throw new EngineFailed(`the engine has pulled ${reference} and does not have it.`);
}

export type DockerfileBuild = {
  readonly text: string;
  readonly tag: string;
  readonly service: string;
  readonly credentials?: Credentials;
};

/** The context is empty but for the Dockerfile: nothing of the project or of this machine gets into an image. */
export async function buildDockerfile(
  engine: Engine,
  { text, tag, credentials }: DockerfileBuild,
  say: Say,
  signal: AbortSignal,
): Promise<string> {
  say("Building the image of baseDockerfile");
  const options: Docker.ImageBuildOptions = {
    t: tag,
    dockerfile: "Dockerfile",
    rm: true,
    forcerm: true,
    networkmode: "host",
    abortSignal: signal,
    ...(credentials === undefined
      ? {}
      : {
          registryconfig: {
            [credentials.serveraddress]: { username: credentials.username, password: credentials.password },
          },
        }),
  };
  const stream = await engine.ask(
    "build an image",
    (api) => api.buildImage(Readable.from([tarOf("Dockerfile", text)]), options),
    signal,
    NO_LIMIT_MS,
  );
  await engine.ask("build an image", () => followProgress(stream, say, signal), signal, NO_LIMIT_MS);
  const id = await imageIdOf(engine, tag, signal);
  if (id !== undefined) return id;
  throw new EngineFailed("the engine has built the image and does not have it.");
}

const BLOCK = 512;

/** A tar with one file, as POSIX has it. */
export function tarOf(name: string, text: string): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.alloc(BLOCK);
  const field = (at: number, value: string): void => {
    head.write(value, at, "latin1");
  };
  field(0, name);
  field(100, "0000644\0");
  field(108, "0000000\0");
  field(116, "0000000\0");
  field(124, `${content.length.toString(8).padStart(11, "0")}\0`);
  field(136, "00000000000\0");
  field(148, "        ");
  field(156, "0");
  field(257, "ustar\x0000");
  const sum = head.reduce((all, byte) => all + byte, 0);
  field(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([head, content, padding, Buffer.alloc(2 * BLOCK)]);
}
