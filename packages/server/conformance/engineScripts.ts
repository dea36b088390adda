// The scripts beside the repository that start real engines for tests: each is given a folder of its own, and knows `start` and `stop`.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ENGINES = fileURLToPath(new URL("../../../../shared/engines/", import.meta.url));
/** An engine that is not there yet is installed first. */
export const START_MS = 300_000;
const STOP_MS = 120_000;

const run = promisify(execFile);

/** Why tests with that engine cannot run here; undefined when they can, and so must. */
export function withoutScript(engine: string, script: string): string | undefined {
  if (process.platform !== "linux") return `${engine} is started for tests on Linux alone`;
  if (!existsSync(join(ENGINES, script)))
    return `${engine} is not started here: there are no scripts for engines beside the repository`;
  if (process.getuid?.() !== 0) return `${engine} is started for tests by root alone`;
  return undefined;
}

export type StartedEngine = AsyncDisposable & {
  readonly folder: string;
  /** What the script said last when it started: NAME=value. */
  readonly facts: Readonly<Record<string, string>>;
  stop(): Promise<void>;
  start(): Promise<void>;
};

/** `prepare` puts into the folder what is to be there before, and answers variables for the script. Disposing it removes the folder. */
export async function startEngine(
  script: string,
  prepare: (folder: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<StartedEngine> {
  const folder = mkdtempSync(join(tmpdir(), `malachite-${script.replace(".sh", "")}-`));
  // Engines and their tools lie where a user's PATH may not lead.
  const PATH = `${process.env.PATH}:/usr/sbin:/sbin:/usr/local/go/bin`;
  const env = { ...process.env, PATH, ...prepare(folder) };
  const call = (what: string, timeout: number) =>
    run(join(ENGINES, script), [what, folder], { env, timeout });
  const facts: Record<string, string> = {};
  const engine: StartedEngine = {
    folder,
    facts,
    async start() {
      Object.assign(facts, factsIn((await call("start", START_MS)).stdout));
    },
    async stop() {
      await call("stop", STOP_MS);
    },
    async [Symbol.asyncDispose]() {
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await engine.start();
  } catch (error) {
    // Why it did not start is what is to be told, not that there was nothing to stop.
    await Promise.resolve(engine[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
  return engine;
}

export const factsIn = (said: string): Record<string, string> =>
  Object.fromEntries(
    [...said.matchAll(/\b([A-Z]\w*)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]),
  );
