// Makes the launch plan: what runs, apart from where. Pure.

import { givenVariables, type WholeDefinition } from "../definition/runDefinition.ts";
import type { PreparedEnvironment } from "../environment/environment.ts";
import type { LaunchKey, LaunchPlan, TargetSettings } from "./launchPlan.ts";
import { PYTHON_START_NAME } from "./pythonStart.ts";
import { type Inside, insideVariables, inviteVariables, mlflowVariables } from "./variables.ts";

export type PlanLaunch = {
  readonly key: LaunchKey;
  readonly target: TargetSettings;
  readonly definition: WholeDefinition;
  readonly environment: PreparedEnvironment;
  readonly tree: string | undefined;
  readonly inside: Inside;
};

/** As the project folder, in which the command runs, sees it. */
const START = `../${PYTHON_START_NAME}`;

/** The folders a script may count on, as on the real service. */
const FOLDERS = ["outputs", "logs"];

/**
 * The user's variables win over the environment's own. PYTHONUNBUFFERED is on unless the definition sets it, so that a log
 * shows each line when it is printed.
 */
export function planLaunch({ key, target, definition, environment, tree, inside }: PlanLaunch): LaunchPlan {
  const { configuration } = definition;
  const given = { ...environment.variables, ...givenVariables(configuration) };
  return {
    key,
    target,
    ...(tree === undefined ? {} : { tree }),
    argv: argvOf(configuration, environment),
    environment: {
      PYTHONUNBUFFERED: "1",
      ...inviteVariables(inside),
      ...mlflowVariables(inside, given),
      ...given,
      ...insideVariables(inside),
    },
    folders: FOLDERS,
    nodes: configuration.nodeCount,
  };
}

function argvOf(
  { command, script, arguments: given }: WholeDefinition["configuration"],
  { python, folder = "" }: PreparedEnvironment,
): readonly string[] {
  return command === undefined
    ? [python, START, notAnOption(script), ...given]
    : ["/bin/sh", "-c", SHELL, "sh", command, folder];
}

/** Starts a command as Azure ML does, by bash; by the system's own shell where there is none. The text is constant: both are data. */
const SHELL = [
  `if [ -n "$2" ]; then PATH="$2\${PATH:+:$PATH}"; export PATH; fi`,
  'if command -v bash >/dev/null; then exec bash -c "$1"; fi',
  'exec sh -c "$1"',
].join("\n");

/** A script named like an option must not be read as one. */
const notAnOption = (script: string): string => (script.startsWith("-") ? `./${script}` : script);
