// A real engine for tests: started by the scripts beside the repository, or one that is there already. Each user has one of its own,
// so that tests may run side by side; what it held is gone with it.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type EngineName = "docker" | "podman";

/** `image` has python3 with venv, and a shell. */
export type EngineUnderTest = AsyncDisposable & { readonly socket: string; readonly image: string };

const run = promisify(execFile);
const SCRIPTS = fileURLToPath(new URL("../../../../shared/engines/", import.meta.url));
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "malachite", "engines");
const START_MS = 300_000;
const IMAGE = "localhost/malachite-base:latest";

/** The socket of an engine that is there already, which holds IMAGE: `MALACHITE_TEST_DOCKER=/run/docker.sock`. */
const given = (name: EngineName): string | undefined => process.env[`MALACHITE_TEST_${name.toUpperCase()}`];

/** Why tests with that engine cannot run here; undefined when they can, and so must. */
export function withoutEngine(name: EngineName): string | undefined {
  if (given(name) !== undefined) return undefined;
  if (process.platform !== "linux") return `${name} is started for tests on Linux alone`;
  if (!existsSync(join(SCRIPTS, `${name}.sh`)))
    return `${name} is not started here: there are no scripts for engines beside the repository`;
  if (process.getuid?.() !== 0) return `${name} is started for tests by root alone`;
  return undefined;
}

/** Installs what is missing, starts the engine and gives it the image. Ask `withoutEngine` first. */
export async function startContainerEngine(name: EngineName): Promise<EngineUnderTest> {
  const there = given(name);
  if (there !== undefined) return { socket: there, image: IMAGE, [Symbol.asyncDispose]: async () => {} };
  // The image takes longest to make, and is the same for all.
  const image = join(CACHE, "image");
  mkdirSync(image, { recursive: true });
  execFileSync("flock", [join(CACHE, "image.lock"), join(SCRIPTS, "baseimage.sh"), "start", image], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: START_MS,
  });
  const folder = mkdtempSync(join(tmpdir(), `malachite-${name}-`));
  symlinkSync(image, join(folder, "image"));
  const script = join(SCRIPTS, `${name}.sh`);
  // Runs use the network of the machine, so no bridge is needed, of which there can be but one.
  // The engines lie where a user's PATH may not lead.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, DOCKER_BRIDGE: "none" };
  const stop = async () => {
    await run(script, ["stop", folder], { env, timeout: 60_000 });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await run(script, ["start", folder], { env, timeout: START_MS });
  } catch (error) {
    // Why it did not start is what is to be told, not that there was nothing to stop.
    await stop().catch(() => {});
    throw error;
  }
  return { socket: join(folder, `${name}.sock`), image: IMAGE, [Symbol.asyncDispose]: stop };
}
