// What condaDependencies ask for, installed on top of an image: by the image's own python and pip, or by the conda in it where conda
// packages are asked for, or a python that the image lacks. The outcome is an image, known by what it was made of.
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { choosePython, condaPython, distributionOf, MalachiteError, needsConda } from "@malachite/core";
import type { Engine } from "../../../containers/index.ts";
import { addressesOf, withChannel } from "../built/channels.ts";
import { exactSpec } from "../built/condaBuild.ts";
import { type Lock, printLock } from "../built/lockText.ts";
import { type Recipe, type RecipeSettings, recipeKey } from "../built/recipe.ts";
import { withLogins, withoutLogins } from "../built/redact.ts";
import { toolEnvironment } from "../built/toolEnvironment.ts";
import { createLastWords } from "./lastWords.ts";
import {
  BUILD,
  BUILD_SCRIPT,
  EXPLICIT_SCRIPT,
  LOCK_MARK,
  PREFIX,
  RATTLER,
  READ_LOCK,
  REPORT_SCRIPT,
  SURVEY,
} from "./layerScript.ts";
import { runOnce } from "./runOnce.ts";
import type { Say } from "./sharedWork.ts";

export type LayerSettings = {
  readonly service: string;
  readonly recipe: RecipeSettings;
  /** A folder of the service's own; each build gets one in it. */
  readonly folder: string;
  /** A file of the authorities that this machine trusts. */
  readonly caBundle: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The folder with the program for py-rattler, ending in a slash. */
  readonly files: URL;
};

/** What an image has to build with. */
export type Survey = {
  readonly conda?: string;
  readonly pythons: readonly { readonly path: string; readonly version: string }[];
};

/** With what the environment is made. */
export type Builder =
  | { readonly how: "venv"; readonly tool: string; readonly version: string; readonly exact: boolean }
  | { readonly how: "conda"; readonly tool: string }
  /** By py-rattler, which this python of the image is given for as long as it takes. */
  | { readonly how: "rattler"; readonly tool: string };

const TARGET = "configuration.environment.python.condaDependencies.dependencies";
const PLATFORM = `${process.platform}-${process.arch}`;
/** The oldest that py-rattler is made for. */
const RATTLER_PYTHON = [3, 10] as const;
/** Of what the machine says of its indexes and proxies; paths of this machine mean nothing in an image. */
const TOLD =
  /^((https?|all|no)_proxy|PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES))$/i;
const TRUST = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"];

export async function surveyImage(
  engine: Engine,
  image: string,
  service: string,
  signal: AbortSignal,
): Promise<Survey> {
  const { output } = await runOnce(
    engine,
    { image, script: SURVEY, arguments: [], service, user: "0:0", network: "none" },
    signal,
  );
  const conda = /^conda (\/\S+)$/m.exec(output)?.[1];
  const found = [...output.matchAll(/^python (\/.*) (\d+\.\d+\.\d+)$/gm)].map(
    ([, path = "", version = ""]) => ({ path, version }),
  );
  const pythons = found.filter(({ path }, index) => found.findIndex((one) => one.path === path) === index);
  return { ...(conda === undefined ? {} : { conda }), pythons };
}

/** Throws EnvironmentFailed and InterpreterNotFound, naming what is asked for and what the image has. */
export function chooseBuilder({ spec, lock }: Recipe, { conda, pythons }: Survey, image: string): Builder {
  const asked = lock && !lock.conda ? `==${lock.python}` : spec.python;
  if (needsConda(spec) || lock?.conda) {
    if (conda !== undefined) return { how: "conda", tool: conda };
    const forRattler = pythons.find(({ version }) => isAtLeast(version, RATTLER_PYTHON));
    if (forRattler !== undefined) return { how: "rattler", tool: forRattler.path };
    throw new MalachiteError(
      "EnvironmentFailed",
      `The dependencies hold conda packages (${spec.packages.join(", ")}), and the image ${image} has no conda: conda, mamba and micromamba were looked for on its PATH, in /opt/conda and /opt/miniconda. Nor has it a python ${RATTLER_PYTHON.join(".")} or newer for py-rattler. Use an image with one of them, or name the packages in the pip section.`,
      { target: TARGET },
    );
  }
  const usable = pythons.filter(({ version }) => version.startsWith("3."));
  const versions = usable.map(({ version }) => version);
  const [first] = usable;
  const chosen =
    asked === undefined ? first && { version: first.version, exact: true } : choosePython(asked, versions);
  const python = usable.find(({ version }) => version === chosen?.version);
  if (chosen && python && (chosen.exact || conda === undefined))
    return { how: "venv", tool: python.path, version: python.version, exact: chosen.exact };
  if (conda !== undefined) return { how: "conda", tool: conda };
  const has =
    versions.length === 0 ? "no python at all" : `Python ${[...new Set(versions)].join(", ")} and no conda`;
  throw new MalachiteError(
    "InterpreterNotFound",
    `The dependencies ask for ${asked === undefined ? "a python" : `python${asked}`}; the image ${image} has ${has}. Use an image that has it, or one with conda.`,
    { target: TARGET },
  );
}

/** The same for the same content on the same base. */
export const layerKey = (recipe: Recipe, base: string, builder: Builder, settings: RecipeSettings): string =>
  createHash("sha256")
    .update(JSON.stringify([recipeKey(recipe, JSON.stringify([base, builder]), settings)]))
    .digest("hex")
    .slice(0, 32);

export type Layer = {
  readonly engine: Engine;
  readonly base: string;
  readonly recipe: Recipe;
  readonly builder: Builder;
  /** Of the image that it becomes. */
  readonly name: string;
};

/** Answers the id of the image. Throws EnvironmentFailed with the tool's own last words. */
export async function buildLayer(
  { engine, base, recipe, builder, name }: Layer,
  key: string,
  settings: LayerSettings,
  say: Say,
  signal: AbortSignal,
): Promise<string> {
  const { remapped } = await engine.facts(signal);
  await mkdir(settings.folder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(settings.folder, "layer-"));
  const words = createLastWords(say, { redact: recipe.redact, until: LOCK_MARK });
  try {
    await writeFiles(folder, recipe, settings);
    if (builder.how === "rattler") await writeRattler(folder, recipe, settings);
    const packages = builder.how === "conda" ? condaArguments(recipe) : [];
    say(
      builder.how === "conda"
        ? `The packages are installed by ${builder.tool} of the image.`
        : builder.how === "rattler"
          ? `The image has no conda: py-rattler solves the packages, with its python ${builder.tool}.`
          : `Python ${builder.version} of the image, ${builder.tool}, and its pip.`,
    );
    const { code, image } = await runOnce(
      engine,
      {
        image: base,
        script: `exec sh ${BUILD}/build.sh "$@"`,
        arguments: [builder.how, builder.tool, ...packages],
        service: settings.service,
        user: "0:0",
        network: "host",
        ...(remapped ? { usernsHost: true } : {}),
        shown: { [folder]: BUILD },
        hear: words.hear,
        keep: { name, labels: { "malachite.environment": key } },
      },
      signal,
    );
    if (code === 0 && image !== undefined) return image;
    throw new MalachiteError(
      "EnvironmentFailed",
      `Installing the environment on the image failed (exit code ${code}):\n${words.said()}`,
      { target: TARGET },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The lock of an image that `buildLayer` has made. */
export async function lockOf(
  engine: Engine,
  image: string,
  { redact }: Recipe,
  service: string,
  signal: AbortSignal,
): Promise<string> {
  const { output } = await runOnce(
    engine,
    { image, script: READ_LOCK, arguments: [], service, user: "0:0", network: "none" },
    signal,
  );
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const pipAt = lines.indexOf("# pip");
  const conda = lines
    .slice(0, pipAt)
    .filter((line) => line.includes("://"))
    .map((line) => {
      const [url = "", hash = ""] = line.split("#");
      return hash === "" ? { url } : { url, md5: hash };
    });
  const lock: Lock = {
    platform: PLATFORM,
    python: /^# python: (\S+)$/m.exec(output)?.[1] ?? "",
    ...(conda.length === 0 ? {} : { conda }),
    pip: lines.slice(pipAt + 1).filter((line) => line !== ""),
  };
  return withoutLogins(redact(printLock(lock)));
}

/** A lock of another machine, or of none. Throws EnvironmentFailed. */
export function checkLock({ lock }: Recipe): void {
  if (lock === undefined || lock.platform === PLATFORM) return;
  throw new MalachiteError(
    "EnvironmentFailed",
    `The lock is of ${lock.platform}, and this machine is ${PLATFORM}: its packages would not run here. Submit the run anew instead.`,
  );
}

function condaArguments({ spec, channels, requirements }: Recipe): string[] {
  const addresses = addressesOf(channels);
  const pip = requirements.length > 0 ? ["pip"] : [];
  return [
    ...addresses.flatMap((url) => ["-c", url]),
    ...(spec.python === undefined ? ["python"] : [`python${spec.python}`]),
    ...spec.packages.map((one) => withChannel(one, channels)),
    ...spec.installers.map(({ conda }) => conda),
    ...pip,
  ];
}

/** What py-rattler is asked, and the program that asks it. */
async function writeRattler(folder: string, recipe: Recipe, { files }: LayerSettings): Promise<void> {
  const { spec, channels, lock, credentials } = recipe;
  const ask = JSON.stringify({
    channels: addressesOf(channels),
    specs: lock?.conda
      ? lock.conda.map(exactSpec)
      : [
          spec.python === undefined ? "python" : condaPython(spec.python),
          ...spec.packages.map((one) => withChannel(one, channels)),
          ...spec.installers.map(({ conda }) => conda),
        ],
    prefix: PREFIX,
    cache: `${RATTLER}/cache`,
    ...(lock?.conda ? { lock: lock.conda } : {}),
  });
  await Promise.all([
    copyFile(new URL("rattler_env.py", files), join(folder, "rattler_env.py")),
    writeFile(join(folder, "explicit.py"), EXPLICIT_SCRIPT),
    writeFile(join(folder, "ask.json"), withLogins(ask, credentials), { mode: 0o600 }),
  ]);
}

const isAtLeast = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [ofMajor = 0, ofMinor = 0] = version.split(".").map(Number);
  return ofMajor > major || (ofMajor === major && ofMinor >= minor);
};

async function writeFiles(folder: string, recipe: Recipe, settings: LayerSettings): Promise<void> {
  const { lock, options, constraints } = recipe;
  const option = ({ name, value }: Recipe["options"][number]) =>
    value === undefined ? `--${name}` : `--${name} ${value}`;
  const wanted = lock
    ? lock.pip.map((line) => withLogins(line, recipe.credentials))
    : requirementLines(recipe);
  const needsPip = wanted.length > 0;
  const put = (name: string, lines: readonly string[]) =>
    writeFile(join(folder, name), lines.length === 0 ? "" : `${lines.join("\n")}\n`, { mode: 0o600 });
  await Promise.all([
    put("build.sh", [BUILD_SCRIPT]),
    put("report.py", [REPORT_SCRIPT]),
    put("requirements.txt", needsPip ? [...options.map(option), ...wanted] : []),
    put("variables", variablesOf(settings)),
    copyFile(settings.caBundle, join(folder, "authorities.pem")),
    ...(constraints.length > 0 && lock === undefined ? [put("constraints.txt", constraints)] : []),
    ...(lock === undefined ? [] : [put("locked", [])]),
    ...(lock?.conda === undefined
      ? []
      : [
          put("explicit.txt", [
            "@EXPLICIT",
            ...lock.conda.map(({ url, md5 }) => (md5 ? `${url}#${md5}` : url)),
          ]),
        ]),
  ]);
}

function requirementLines({ requirements, hashes, spec }: Recipe): string[] {
  const lines = requirements.map((text) => {
    const own = hashes.get(distributionOf(text) ?? "") ?? [];
    return [text, ...own.map((hash) => `--hash=${hash}`)].join(" ");
  });
  // Every environment here has a pip; with hashes, a line without one would be refused.
  const installers = spec.installers.map(({ pip }) => pip).filter((one) => one !== "pip");
  return [...lines, ...(needsConda(spec) ? [] : installers)];
}

/** In a file and not in the container's settings: those would become the image's. */
function variablesOf({ variables, recipe }: LayerSettings): string[] {
  const told = Object.entries(toolEnvironment(variables)).filter(([name]) => TOLD.test(name));
  const index = recipe.packageIndex === undefined ? [] : [["PIP_INDEX_URL", recipe.packageIndex] as const];
  const trust = TRUST.map((name) => [name, `${BUILD}/authorities.pem`] as const);
  return [...told, ...index, ...trust].map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  );
}

/** A conda prefix would see what its user has installed for all pythons. */
export const layerVariables = ({ how }: Builder): Record<string, string> =>
  how !== "venv"
    ? { CONDA_PREFIX: PREFIX, CONDA_DEFAULT_ENV: PREFIX, PYTHONNOUSERSITE: "1" }
    : { VIRTUAL_ENV: PREFIX };
