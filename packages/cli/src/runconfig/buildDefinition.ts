// Makes the run definition out of a run configuration, the command line and the project folder.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { EnvironmentDefinition, RunConfiguration, RunDefinition } from "@malachite/client";
import { UsageError } from "../errors/usageError.ts";

/** What the command line says about a run; each wins over the run configuration. */
export type Given = {
  readonly script?: string;
  /** Words after `--`; they replace the arguments of the configuration. */
  readonly args?: readonly string[];
  readonly target?: string;
  readonly python?: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly maxSeconds?: number;
  readonly parent?: string;
};

/** Scripts that a folder is taken to be about when nothing names one. */
const USUAL = ["train.py", "main.py", "run.py"];

/** The definition to send. `folder` is the project. Throws UsageError when there is no script to run. */
export function buildDefinition(folder: string, config: RunConfiguration, given: Given): RunDefinition {
  const script =
    given.script === undefined ? (config.script ?? guessScript(folder)) : inFolder(folder, given.script);
  if (!existsSync(join(folder, script)) || !statSync(join(folder, script)).isFile())
    throw new UsageError(`There is no script '${script}' in ${folder}.`);
  const environment = buildEnvironment(config.environment, given);
  return {
    configuration: {
      ...config,
      script,
      ...(given.args === undefined ? {} : { arguments: [...given.args] }),
      ...(given.target === undefined ? {} : { target: given.target }),
      ...(given.maxSeconds === undefined ? {} : { maxRunDurationSeconds: given.maxSeconds }),
      ...(environment === undefined ? {} : { environment }),
    },
    ...(given.parent === undefined ? {} : { parentRunId: given.parent }),
  };
}

function buildEnvironment(
  environment: EnvironmentDefinition | undefined,
  { python, variables }: Given,
): EnvironmentDefinition | undefined {
  const some = Object.keys(variables).length > 0;
  if (python === undefined && !some) return environment;
  return {
    ...environment,
    ...(python === undefined
      ? {}
      : { python: { ...environment?.python, userManagedDependencies: true, interpreterPath: python } }),
    ...(some ? { environmentVariables: { ...environment?.environmentVariables, ...variables } } : {}),
  };
}

/** A script named from the current folder or from the project, as a path in the project. */
function inFolder(folder: string, script: string): string {
  const path = relative(folder, resolve(folder, script));
  if (path.startsWith(`..${sep}`) || path === ".." || isAbsolute(path))
    throw new UsageError(`The script '${script}' is not in the project folder ${folder}.`);
  return path.split(sep).join("/");
}

function guessScript(folder: string): string {
  const usual = USUAL.find((name) => existsSync(join(folder, name)));
  if (usual !== undefined) return usual;
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".py") && name !== "setup.py");
  const [only] = scripts;
  if (only !== undefined && scripts.length === 1) return only;
  const found = scripts.length === 0 ? "it has no Python file" : `it could be ${scripts.sort().join(", ")}`;
  throw new UsageError(
    `Which script of ${folder} is to run? None is called ${USUAL.join(" or ")}, and ${found}. Name it with --script.`,
  );
}

/** The experiment a folder's runs belong to when nothing names one: the folder's own name, in the letters names may have. */
export function experimentOf(folder: string): string {
  const name = basename(resolve(folder))
    .replace(/[^\w-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 255);
  return name === "" ? "experiment" : name;
}
