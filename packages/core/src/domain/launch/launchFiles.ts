// The files that lie beside the project of a launch, whatever the engine: constant texts, and what runs as data. Pure.
import { GROUP_START, GROUP_START_NAME } from "./groupStart.ts";
import { type LaunchPlan, RUN_FOLDER } from "./launchPlan.ts";
import { PYTHON_START, PYTHON_START_NAME } from "./pythonStart.ts";
import { SPARK_START, SPARK_START_NAME } from "./sparkStart.ts";
import { START_SCRIPT, START_SCRIPT_NAME } from "./startScript.ts";

export type LaunchFile = { readonly path: string; readonly text: string };

/** Of a plan that knows its folder; see `inFolder`. */
export const launchFiles = ({ argv, group }: Pick<LaunchPlan, "argv" | "group">): readonly LaunchFile[] => [
  { path: START_SCRIPT_NAME, text: START_SCRIPT },
  { path: PYTHON_START_NAME, text: PYTHON_START },
  ...(argv[1]?.endsWith(`/${SPARK_START_NAME}`) ? [{ path: SPARK_START_NAME, text: SPARK_START }] : []),
  ...(group === undefined
    ? []
    : [
        { path: GROUP_START_NAME, text: GROUP_START },
        { path: RUN_FOLDER.group, text: JSON.stringify(group) },
      ]),
];

/** Every log of the plan; they exist from the start, so that whoever follows one can begin. */
export const logsOf = ({ group }: Pick<LaunchPlan, "group">): readonly string[] =>
  group === undefined ? [RUN_FOLDER.log] : group.processes.map(({ log }) => log);
