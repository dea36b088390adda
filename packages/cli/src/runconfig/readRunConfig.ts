// Reads a `.runconfig` file of the Azure Machine Learning SDK v1 into the run configuration of the wire.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { RunConfiguration } from "@malachite/client";
import { UsageError } from "../errors/usageError.ts";
import { parseYaml } from "./parseYaml.ts";

/** Folders in which the SDK keeps run configurations, newest first; the project folder itself comes last. */
const FOLDERS = [".azureml", "aml_config", "."];
const ENDING = ".runconfig";
const MAX_BYTES = 4 * 1024 * 1024;

type Section = Record<string, unknown>;
const isSection = (value: unknown): value is Section =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Finds a run configuration by name (`train`) or path (`.azureml/train.runconfig`) for a project folder. */
export function findRunConfig(folder: string, name: string, cwd: string): string {
  const names = [name, `${name}${ENDING}`];
  const candidates = [
    ...FOLDERS.flatMap((place) => names.map((one) => join(folder, place, one))),
    ...names.map((one) => resolve(cwd, one)),
  ];
  const found = candidates.find((path) => existsSync(path) && statSync(path).isFile());
  if (found !== undefined) return found;
  const there = FOLDERS.flatMap((place) => listConfigs(join(folder, place)));
  throw new UsageError(
    `There is no run configuration '${name}' in ${folder}. ${
      there.length === 0 ? "There are none at all." : `There are: ${there.join(", ")}.`
    }`,
  );
}

function listConfigs(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length));
}

/** Reads and maps one file. `folder` is the project: the file of conda dependencies is looked up in it. Throws UsageError. */
export function readRunConfig(path: string, folder: string): RunConfiguration {
  if (statSync(path).size > MAX_BYTES) throw new UsageError(`${path} is too large for a run configuration.`);
  const content = parseYaml(readFileSync(path, "utf8"), path);
  if (!isSection(content))
    throw new UsageError(`${path} is not a run configuration: it holds no names and values.`);
  return mapRunConfig(content, (file) => readConda(file, folder, path), path);
}

function readConda(file: string, folder: string, from: string): unknown {
  const path = resolve(folder, file);
  const inside = relative(folder, path);
  if (inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw new UsageError(`${from}: condaDependenciesFile '${file}' leads out of the project folder.`);
  if (!existsSync(path))
    throw new UsageError(`${from}: condaDependenciesFile '${file}' is not in ${folder}.`);
  return parseYaml(readFileSync(path, "utf8"), path);
}

/** Looks a property up in any case, as the service does: hand-written files vary. */
function take(section: Section, name: string): unknown {
  const key = Object.keys(section).find((one) => one.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? undefined : section[key];
  if (key !== undefined) delete section[key];
  return value;
}

/**
 * Maps what a file says to what goes over the wire: empty values are left out, names of files are replaced by what is in
 * them, and everything else is sent as it is, so that the service refuses what it does not do.
 */
export function mapRunConfig(
  content: Section,
  readFile: (path: string) => unknown,
  from: string,
): RunConfiguration {
  const configuration = withoutEmpty(content) as Section;
  const script = take(configuration, "script");
  const args = take(configuration, "arguments");
  const environment = take(configuration, "environment");
  if (args !== undefined && !(Array.isArray(args) && args.every((one) => typeof one === "string")))
    throw new UsageError(`${from}: arguments must be a list of words.`);
  if (environment !== undefined && !isSection(environment))
    throw new UsageError(`${from}: environment must hold names and values.`);
  return {
    ...(script === undefined ? {} : { script: slashes(String(script)) }),
    ...(args === undefined ? {} : { arguments: args as string[] }),
    ...configuration,
    ...(environment === undefined ? {} : { environment: mapEnvironment(environment, readFile) }),
  } as RunConfiguration;
}

function mapEnvironment(environment: Section, readFile: (path: string) => unknown): Section {
  const python = take(environment, "python");
  if (!isSection(python)) return environment;
  const file = take(python, "condaDependenciesFile");
  const managed = take(python, "userManagedDependencies");
  const isManaged = managed === true;
  return {
    ...environment,
    python: {
      ...python,
      ...(managed === undefined ? {} : { userManagedDependencies: managed }),
      // With a python of the user's own the list of packages is not used, and files often name one that is not there.
      ...(typeof file === "string" && !isManaged ? { condaDependencies: readFile(file) } : {}),
    },
  };
}

const slashes = (path: string): string => path.replaceAll("\\", "/");

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => (one === null ? "" : withoutEmpty(one)));
  if (!isSection(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutEmpty(inner)]),
  );
}
