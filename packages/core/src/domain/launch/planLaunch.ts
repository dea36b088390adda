// Makes the launch plan: what runs, apart from where. Pure.

import { NO_DATA, type PlacedData } from "../data/placeData.ts";
import { plannedImage } from "../definition/containerAsk.ts";
import { givenVariables, plainPath, type WholeDefinition } from "../definition/runDefinition.ts";
import type { PreparedEnvironment } from "../environment/environment.ts";
import type { AwayPlan } from "./awayPlan.ts";
import { fillArguments } from "./fillArguments.ts";
import { groupShape, isSingle } from "./groupShape.ts";
import { GROUP_START_NAME } from "./groupStart.ts";
import {
  FOLDER_MARK,
  type LaunchKey,
  type LaunchPlan,
  type Mount,
  type TargetSettings,
} from "./launchPlan.ts";
import { putPaths, putVariables } from "./placeholders.ts";
import { planGroup } from "./planGroup.ts";
import { sparkCommand } from "./planSpark.ts";
import { PYTHON_START_NAME } from "./pythonStart.ts";
import { type Inside, insideVariables, inviteVariables, mlflowVariables } from "./variables.ts";

export type PlanLaunch = {
  readonly key: LaunchKey;
  readonly target: TargetSettings;
  readonly definition: WholeDefinition;
  readonly environment: PreparedEnvironment;
  readonly tree: string | undefined;
  readonly inside: Inside;
  /** How long the processes of a group may take to end when one has failed. */
  readonly graceMs: number;
  readonly data?: PlacedData;
  /** For a machine that sees nothing of the service's: which folders come home. */
  readonly home?: readonly string[];
  /** Where the engine gives GPUs out. */
  readonly gpusPerNode?: number;
};

/** As the project folder, in which the command runs, sees it. */
const START = `../${PYTHON_START_NAME}`;
const GROUP_START = `../${GROUP_START_NAME}`;

/** The folders a script may count on, as on the real service. */
const FOLDERS = ["outputs", "logs"];

/** As any project folder of the run sees it: those of other nodes lie deeper. */
const START_OF_ALL = `${FOLDER_MARK}/${PYTHON_START_NAME}`;

/**
 * The user's variables win over the environment's own. PYTHONUNBUFFERED is on unless the definition sets it, so that a log
 * shows each line when it is printed.
 */
export function planLaunch(ask: PlanLaunch): LaunchPlan {
  const { key, target, definition, environment, tree, inside, graceMs, data = NO_DATA, home } = ask;
  const configuration = withPaths(definition.configuration, data);
  const { maxRunDurationSeconds: maxSeconds } = configuration;
  const given = { ...environment.variables, ...givenVariables(configuration) };
  const variables = {
    PYTHONUNBUFFERED: "1",
    ...inviteVariables(inside),
    ...mlflowVariables(inside, given),
    ...given,
    ...data.environment,
    ...insideVariables(inside),
  };
  const common = {
    key,
    target,
    environmentId: environment.id,
    ...(environment.sparkJars?.id === undefined ? {} : { sparkJarsId: environment.sparkJars.id }),
    ...(tree === undefined ? {} : { tree }),
    environment: variables,
    ...containerPart(
      definition,
      environment.image,
      home === undefined ? inside.caBundle : undefined,
      data.mounts,
    ),
    ...(home === undefined ? {} : { away: awayPart(environment, home, data) }),
    ...(ask.gpusPerNode === undefined ? {} : { gpusPerNode: ask.gpusPerNode }),
    ...(maxSeconds === undefined ? {} : { maxSeconds }),
  };
  const folders = [...new Set([...foldersOf(configuration), ...data.folders])];
  if (isSingle(groupShape(configuration))) {
    const filled = fillArguments(configuration.arguments, variables);
    if (configuration.framework === "PySpark") {
      const script = notAnOption(configuration.script);
      const spark = { configuration, target, script, start: START, filledArguments: filled };
      const { python, sparkJars } = environment;
      const argv = sparkCommand({ ...spark, python, jars: sparkJars?.files });
      return { ...common, argv, folders, nodes: 1 };
    }
    return { ...common, argv: argvOf(configuration, environment, START, filled), folders, nodes: 1 };
  }
  const argv = (filled: readonly string[]) => argvOf(configuration, environment, START_OF_ALL, filled);
  return {
    ...common,
    argv: [environment.python, GROUP_START],
    folders,
    nodes: configuration.nodeCount,
    group: planGroup({ configuration, variables, given, argv, graceMs }),
  };
}

/** Names of data become their paths. */
const withPaths = (
  configuration: WholeDefinition["configuration"],
  { paths }: PlacedData,
): WholeDefinition["configuration"] => ({
  ...configuration,
  ...(configuration.command === undefined
    ? {}
    : { command: putVariables(configuration.command, [...paths.keys()]) }),
  arguments: configuration.arguments.map((argument) => putPaths(argument, paths)),
});

/** All nodes share these; so also what else is to be kept of what they write. */
const foldersOf = ({ history, nodeCount }: WholeDefinition["configuration"]): readonly string[] =>
  nodeCount === 1
    ? FOLDERS
    : [...new Set([...FOLDERS, ...(history?.directoriesToWatch ?? []).map(plainPath)])];

const awayPart = (
  { recipe }: PreparedEnvironment,
  home: readonly string[],
  { ownFolders }: PlacedData,
): AwayPlan => ({
  ...(recipe === undefined ? {} : { recipe }),
  home: [...new Set([...home, ...ownFolders])],
  folders: ownFolders,
});

/** Whom to trust is a file of the service's machine: a container sees it under the same path, so that the variable holds. */
function containerPart(
  definition: WholeDefinition,
  image: string | undefined,
  caBundle: string | undefined,
  data: readonly Mount[],
): Pick<LaunchPlan, "image" | "mounts"> {
  const trust =
    image === undefined || caBundle === undefined ? [] : [{ source: caBundle, at: caBundle, readOnly: true }];
  const mounts = [...data, ...trust];
  return {
    ...(mounts.length === 0 ? {} : { mounts }),
    ...(image === undefined ? {} : { image: plannedImage(definition, image) }),
  };
}

function argvOf(
  { command, script }: WholeDefinition["configuration"],
  { python, folder = "" }: PreparedEnvironment,
  start: string,
  filledArguments: readonly string[],
): readonly string[] {
  return command === undefined
    ? [python, start, notAnOption(script), ...filledArguments]
    : ["/bin/sh", "-c", SHELL, "sh", command, folder, python, `${FOLDER_MARK}/bin`];
}

/** Starts a command as Azure ML does, by bash; by the system's own shell where there is none. The text is constant: both are data. */
const SHELL = [
  `if [ -n "$2" ]; then PATH="$2\${PATH:+:$PATH}"; export PATH; fi`,
  // Debian has a python3 and no python, which commands of Azure ML are written with.
  'if ! command -v python >/dev/null && mkdir -p "$4" && ln -sf "$3" "$4/python"; then PATH="$PATH:$4"; export PATH; fi',
  'if command -v bash >/dev/null; then exec bash -c "$1"; fi',
  'exec sh -c "$1"',
].join("\n");

/** A script named like an option must not be read as one. */
const notAnOption = (script: string): string => (script.startsWith("-") ? `./${script}` : script);
