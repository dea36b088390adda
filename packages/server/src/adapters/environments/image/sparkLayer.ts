// Packages of Maven for PySpark, fetched by the spark-submit of an image and kept in an image on top of it: a run in it asks no
// repository.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  MalachiteError,
  type PreparedEnvironment,
  SPARK_FETCH_FILES,
  type SparkJarsAsk,
  sparkFetchArguments,
} from "@malachite/core";
import type { Engine } from "../../../containers/index.ts";
import { redactor } from "../built/redact.ts";
import type { LayerSettings } from "./imageLayer.ts";
import { createLastWords } from "./lastWords.ts";
import { BUILD } from "./layerScript.ts";
import { runOnce } from "./runOnce.ts";
import type { Say } from "./sharedWork.ts";

/** Where the files are in the image that is kept. */
const JARS = "/opt/malachite/spark";
/** Changed whenever the same ask is fetched in another way. */
const FORMAT = 1;

/** In a file, as all that an ask says: the command of a container becomes that of the image which is kept. */
const fetchScript = (ask: SparkJarsAsk, { python, variables }: PreparedEnvironment): string => {
  const given = Object.entries({ ...variables, ...ask.variables });
  const argv = [python, ...sparkFetchArguments(ask, { files: BUILD, ivy: `${JARS}/ivy` })];
  return `set -e
umask 022
mkdir -p ${JARS}
${given.map(([name, value]) => `export ${name}=${quoted(value)}`).join("\n")}
${argv.map(quoted).join(" ")}
mv ${JARS}/ivy/jars ${JARS}/jars
rm -rf ${JARS}/ivy
`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The same for the same packages in the same environment. */
export const sparkLayerKey = (ask: SparkJarsAsk, { id }: PreparedEnvironment): string =>
  JSON.stringify([FORMAT, id, ask]);

export type SparkLayer = {
  readonly engine: Engine;
  /** Of the image that it becomes. */
  readonly name: string;
  readonly environment: PreparedEnvironment & { readonly image: string };
};

/** Answers the id of the image. Throws EnvironmentFailed with spark-submit's own last words. */
export async function buildSparkLayer(
  { engine, name, environment }: SparkLayer,
  ask: SparkJarsAsk,
  settings: LayerSettings,
  say: Say,
  signal: AbortSignal,
): Promise<string> {
  const redact = redactor(ask.repositories);
  const { remapped } = await engine.facts(signal);
  await mkdir(settings.folder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(settings.folder, "spark-"));
  const words = createLastWords(say, { redact });
  try {
    for (const [name, text] of Object.entries(SPARK_FETCH_FILES)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, "fetch.sh"), fetchScript(ask, environment), { mode: 0o600 });
    say(`Packages for Spark are fetched in the image: ${ask.packages.join(", ")}.`);
    const { code, image } = await runOnce(
      engine,
      {
        image: environment.image,
        script: `exec sh ${BUILD}/fetch.sh`,
        arguments: [],
        service: settings.service,
        user: "0:0",
        network: "host",
        ...(remapped ? { usernsHost: true } : {}),
        shown: { [folder]: BUILD },
        hear: words.hear,
        keep: { name, labels: { "malachite.spark": name } },
      },
      signal,
    );
    if (code === 0 && image !== undefined) return image;
    throw new MalachiteError(
      "EnvironmentFailed",
      `Fetching the packages for Spark in the image failed (exit code ${code}):\n${words.said()}`,
      { target: "configuration.environment.spark.packages" },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files of an image that `buildSparkLayer` has made. */
export async function jarsOf(
  engine: Engine,
  image: string,
  service: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { output } = await runOnce(
    engine,
    { image, script: `ls ${JARS}/jars`, arguments: [], service, user: "0:0", network: "none" },
    signal,
  );
  return output
    .split(/\r?\n/)
    .filter((name) => name.endsWith(".jar"))
    .map((name) => `${JARS}/jars/${name}`);
}
