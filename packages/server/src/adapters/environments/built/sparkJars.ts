// Packages of Maven for PySpark, fetched before a run by the spark-submit that the run itself has, and shared as environments are: in
// their folder, each list once, by its content. A run is given the files, and asks no repository.
import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type BuildLog,
  MalachiteError,
  type PreparedEnvironment,
  SPARK_FETCH_FILES,
  type SparkJars,
  type SparkJarsAsk,
  sparkFetchArguments,
} from "@malachite/core";
import { runTool, ToolFailed } from "./buildProcess.ts";
import type { EnvironmentFolder } from "./environmentFolder.ts";
import { redactor } from "./redact.ts";
import { toolEnvironment } from "./toolEnvironment.ts";

export type SparkJarsOptions = {
  readonly environments: EnvironmentFolder;
  /** The service's own variables: a few of them go to spark-submit. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where programs are looked for; the definition's PATH wins. */
  readonly path: string;
};

/** Fetches for environments of this machine. */
export interface SparkJarsFetcher {
  has(ask: SparkJarsAsk, environment: PreparedEnvironment): Promise<boolean>;
  /** Throws EnvironmentFailed with spark-submit's own last words. */
  prepare(
    ask: SparkJarsAsk,
    environment: PreparedEnvironment,
    log: BuildLog,
    signal: AbortSignal,
  ): Promise<SparkJars>;
}

/** Changed whenever the same ask is fetched in another way. */
const FORMAT = 1;

export function createSparkJars({ environments, env, path }: SparkJarsOptions): SparkJarsFetcher {
  async function fetched(
    ask: SparkJarsAsk,
    { python, variables }: PreparedEnvironment,
    place: string,
    hear: (line: string) => void,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const redact = redactor(ask.repositories);
    const say = (line: string): void => hear(redact(line));
    const [work, ivy, jars] = [join(place, "work"), join(place, "ivy"), join(place, "jars")];
    await mkdir(work, { mode: 0o700 });
    for (const [name, text] of Object.entries(SPARK_FETCH_FILES)) await writeFile(join(work, name), text);
    say(`Packages for Spark are fetched: ${ask.packages.join(", ")}.`);
    const argv = [python, ...sparkFetchArguments(ask, { files: work, ivy })];
    const environment = { ...toolEnvironment(env), PATH: path, ...variables, ...ask.variables };
    try {
      await runTool({ argv, at: work, mark: place, environment, say }, signal);
    } catch (error) {
      if (!(error instanceof ToolFailed)) throw error;
      throw new MalachiteError(
        "EnvironmentFailed",
        redact(`Fetching the packages for Spark failed:\n${error.message}`),
        { target: "configuration.environment.spark.packages", cause: error },
      );
    }
    await rename(join(ivy, "jars"), jars);
    for (const folder of [ivy, work]) await rm(folder, { recursive: true, force: true });
    const names = (await readdir(jars)).filter((name) => name.endsWith(".jar")).sort();
    say(`The packages for Spark are there: ${names.length} files.`);
    return names.map((name) => join(jars, name));
  }

  return {
    has: async (ask, environment) => (await environments.get(keyOf(ask, environment))) !== undefined,
    async prepare(ask, environment, log, signal) {
      const { id, sparkJars } = await environments.make(
        keyOf(ask, environment),
        async (place, say, stop) => {
          const files = await fetched(ask, environment, place, say, stop);
          return { python: environment.python, variables: {}, sparkJars: { files } };
        },
        (text) => void log(text),
        signal,
      );
      return { id, files: sparkJars?.files ?? [] };
    },
  };
}

const keyOf = (ask: SparkJarsAsk, { id }: PreparedEnvironment): string =>
  createHash("sha256")
    .update(JSON.stringify(["spark jars", FORMAT, id, ask]))
    .digest("hex")
    .slice(0, 32);
