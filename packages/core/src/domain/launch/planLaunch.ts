// Makes the launch plan: what runs, apart from where. Pure.

import type { WholeDefinition } from "../definition/runDefinition.ts";
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
  const given = { ...environment.variables, ...configuration.environment?.environmentVariables };
  return {
    key,
    target,
    ...(tree === undefined ? {} : { tree }),
    argv: [environment.python, START, notAnOption(configuration.script), ...configuration.arguments],
    environment: {
      PYTHONUNBUFFERED: "1",
      ...inviteVariables(inside),
      ...mlflowVariables(inside, given),
      ...given,
      ...insideVariables(inside),
    },
    folders: FOLDERS,
    nodes: 1,
  };
}

/** A script named like an option must not be read as one. */
const notAnOption = (script: string): string => (script.startsWith("-") ? `./${script}` : script);
