// Makes the launch plan: what runs, apart from where. Pure.

import type { WholeDefinition } from "../definition/runDefinition.ts";
import type { PreparedEnvironment } from "../environment/environment.ts";
import type { LaunchKey, LaunchPlan, TargetSettings } from "./launchPlan.ts";
import { type Inside, insideVariables } from "./variables.ts";

export type PlanLaunch = {
  readonly key: LaunchKey;
  readonly target: TargetSettings;
  readonly definition: WholeDefinition;
  readonly environment: PreparedEnvironment;
  readonly tree: string | undefined;
  readonly inside: Inside;
};

/** The folders a script may count on, as on the real service. */
const FOLDERS = ["outputs", "logs"];

/**
 * The user's variables win over the environment's own. PYTHONUNBUFFERED is on unless the definition sets it, so that a log
 * shows each line when it is printed.
 */
export function planLaunch({ key, target, definition, environment, tree, inside }: PlanLaunch): LaunchPlan {
  const { configuration } = definition;
  return {
    key,
    target,
    ...(tree === undefined ? {} : { tree }),
    argv: [environment.python, notAnOption(configuration.script), ...configuration.arguments],
    environment: {
      PYTHONUNBUFFERED: "1",
      ...environment.variables,
      ...configuration.environment?.environmentVariables,
      ...insideVariables(inside),
    },
    folders: FOLDERS,
    nodes: 1,
  };
}

/** A script named like an option must not be read as one. */
const notAnOption = (script: string): string => (script.startsWith("-") ? `./${script}` : script);
