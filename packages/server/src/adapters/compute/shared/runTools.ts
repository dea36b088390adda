// Tools for environments that a target names, as its runs have them: by files that the run sees under the same path as this machine.
import { delimiter } from "node:path";
import { type EnvironmentTools, environmentTools, type Launch, SETUP_VARIABLES } from "@malachite/core";
import { atHome } from "../../shared/machineTools.ts";
import { MARKS, type Prepared } from "./runEnvironment.ts";

/** A shell ends when they are set. */
const READONLY = new Set(["UID", "EUID", "PPID", "BASHOPTS", "BASH_VERSINFO", "SHELLOPTS"]);

/**
 * The PATH begins with the folders, and the start script reads the setup file; what the run is given by its definition goes before
 * either.
 */
export function withTools(command: Prepared, { plan, secrets }: Launch): Prepared {
  const tools: EnvironmentTools = environmentTools(plan.target) ?? {};
  const { setup, toolPath = [] } = tools;
  if (setup === undefined && toolPath.length === 0) return command;
  const given = { ...plan.environment, ...secrets };
  const folders = "PATH" in given ? [] : toolPath.map(atHome);
  const { env, argv } = command;
  const path = [...folders, ...(env.PATH === undefined ? [] : [env.PATH])].join(delimiter);
  if (setup === undefined) return { env: { ...env, PATH: path }, argv };
  const names = [...Object.keys(given), ...Object.values(MARKS)].filter(
    (name) => name in env && !READONLY.has(name),
  );
  return {
    env: {
      ...env,
      PATH: path,
      [SETUP_VARIABLES.file]: atHome(setup),
      // The file may put others before them.
      [SETUP_VARIABLES.path]: folders.join(delimiter),
      [SETUP_VARIABLES.given]: names.join(" "),
    },
    argv,
  };
}
