// The command of a launch as people read it: what the user asked to run, without the programs that start it. Pure.
import { FOLDER_MARK, type LaunchPlan } from "./launchPlan.ts";
import { PYTHON_START_NAME } from "./pythonStart.ts";

/** A command of the shell is put into arguments of this form; see planLaunch. */
const SHELL = ["/bin/sh", "-c"] as const;
const isShell = (argv: readonly string[]): boolean =>
  argv.length >= 8 && argv[0] === SHELL[0] && argv[1] === SHELL[1] && argv[3] === "sh";
const isScript = (argv: readonly string[]): boolean => argv[1]?.endsWith(`/${PYTHON_START_NAME}`) === true;

/** `python train.py --lr 1`, or `bash -c COMMAND`. */
export function shownArguments(argv: readonly string[]): string[] {
  if (isShell(argv)) return ["bash", "-c", argv[4] ?? ""];
  const own = isScript(argv) ? [argv[0] ?? "", ...argv.slice(2)] : argv;
  return own.map(withoutMarks);
}

/** The interpreter of the plan; undefined where a command runs without one. */
export function pythonOf({ argv, group }: Pick<LaunchPlan, "argv" | "group">): string | undefined {
  const first = group?.processes[0]?.argv ?? argv;
  if (isShell(first)) return first[6] === "" ? undefined : first[6];
  return isScript(first) || group !== undefined ? argv[0] : undefined;
}

/** What only the driver knows is named instead: the folder of the run, a free port. */
const withoutMarks = (text: string): string =>
  text.replaceAll(FOLDER_MARK, "{run folder}").replace(/\0port:([^\0]*)\0/g, "{port $1}");
