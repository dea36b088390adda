// A run definition made whole: every default filled in, checked, safe to build a launch from. Unknown properties are kept beside.
import type { execution } from "@malachite/contract";

/** The definition with what every later step relies on. It still holds all that the client sent, but secrets. */
export type WholeDefinition = execution.RunDefinition & {
  readonly runType: string;
  /** The run makes its environment and ends there. */
  readonly prepareOnly?: true;
  /** The run that this one repeats: the lock of its environment lies among this run's own files, if it had one. */
  readonly rerunOf?: string;
  readonly configuration: Omit<execution.RunConfiguration, "command"> & {
    /** Empty for a run that has a command. */
    readonly script: string;
    /** A line for the shell; absent for a run that has a script. */
    readonly command?: string;
    readonly arguments: string[];
    readonly framework: NonNullable<execution.RunConfiguration["framework"]>;
    readonly communicator: NonNullable<execution.RunConfiguration["communicator"]>;
    readonly target: string;
    readonly nodeCount: number;
  };
};

/** The target that always exists, and that a definition without one means (execution.json). */
export const DEFAULT_TARGET = "local";

/** The command as one line, as the SDK makes it of a list; undefined for none. */
export function commandLine({ command }: Pick<execution.RunConfiguration, "command">): string | undefined {
  const line = Array.isArray(command) ? command.join(" ") : command;
  return line === undefined || line.trim() === "" ? undefined : line;
}

/** The variables that the definition gives: those of the run win over those of its environment. */
export const givenVariables = ({
  environment,
  environmentVariables,
}: Pick<execution.RunConfiguration, "environment" | "environmentVariables">): Record<string, string> => ({
  ...environment?.environmentVariables,
  ...environmentVariables,
});

/** `./train.py` and `train.py`, `logs/` and `logs`, are the same place in the project. */
export const plainPath = (path: string): string => path.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
