// A real engine for tests: started by the scripts beside the repository, or one that is there already. Each user has one of its own,
// so that tests may run side by side; what it held is gone with it.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { ENGINES, START_MS, startEngine, withoutScript } from "./engineScripts.ts";
import { freePort } from "./freePort.ts";

export type EngineName = "docker" | "podman";

/** `image` has python3 with venv, and a shell. `registry`: an address at which it asks for images without TLS. */
export type EngineUnderTest = AsyncDisposable & {
  readonly socket: string;
  readonly image: string;
  readonly registry: string | undefined;
};

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "malachite", "engines");
const IMAGE = "localhost/malachite-base:latest";

/** The socket of an engine that is there already, which holds IMAGE: `MALACHITE_TEST_DOCKER=/run/docker.sock`. */
const given = (name: EngineName): string | undefined => process.env[`MALACHITE_TEST_${name.toUpperCase()}`];

/** Why tests with that engine cannot run here; undefined when they can, and so must. */
export const withoutEngine = (name: EngineName): string | undefined =>
  given(name) === undefined ? withoutScript(name, `${name}.sh`) : undefined;

/** Installs what is missing, starts the engine and gives it the image. Ask `withoutEngine` first. */
export async function startContainerEngine(name: EngineName): Promise<EngineUnderTest> {
  const there = given(name);
  if (there !== undefined)
    return { socket: there, image: IMAGE, registry: undefined, [Symbol.asyncDispose]: async () => {} };
  const image = baseImage();
  const registry = `127.0.0.1:${await freePort()}`;
  const engine = await startEngine(`${name}.sh`, (folder) => {
    symlinkSync(image, join(folder, "image"));
    // Docker takes all of loopback for safe, Podman what it is told.
    const registries = join(folder, "registries.conf");
    const one = `[[registry]]\nprefix = "${registry}"\nlocation = "${registry}"\ninsecure = true\n`;
    writeFileSync(registries, one);
    // Runs use the network of the machine, so no bridge is needed, of which there can be but one.
    return { DOCKER_BRIDGE: "none", CONTAINERS_REGISTRIES_CONF: registries };
  });
  return {
    socket: join(engine.folder, `${name}.sock`),
    image: IMAGE,
    registry,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** A folder with the image as archives: `base-oci.tar`, as engines load it, and `base.tar`, its files. It is made once. */
export function baseImage(name = "base", packages: readonly string[] = []): string {
  const folder = join(CACHE, name === "base" ? "image" : `image-${name}`);
  mkdirSync(folder, { recursive: true });
  execFileSync("flock", [`${folder}.lock`, join(ENGINES, "baseimage.sh"), "start", folder], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: START_MS,
    env: { ...process.env, BASE_PKGS: packages.join(" "), BASE_IMAGE: imageName(name) },
  });
  return folder;
}

const imageName = (name: string): string => `localhost/malachite-${name}:latest`;

/** Gives the engine an image with further Debian packages; its name. */
export async function loadImage(
  { socket }: EngineUnderTest,
  name: string,
  packages: readonly string[],
): Promise<string> {
  const archive = join(baseImage(name, packages), "base-oci.tar");
  const ask = request({
    socketPath: socket,
    method: "POST",
    path: "/images/load?quiet=1",
    headers: { "content-type": "application/x-tar", "content-length": statSync(archive).size },
  });
  const [answer] = await Promise.all([
    once(ask, "response") as Promise<[IncomingMessage]>,
    pipeline(createReadStream(archive), ask),
  ]);
  const said = await text(answer[0]);
  if (answer[0].statusCode !== 200) throw new Error(`${name} was not loaded: ${said}`);
  return imageName(name);
}
