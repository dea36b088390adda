// Makes or finds what the script needs to run.
import type { execution } from "@malachite/contract";

/** An environment that is ready: the real interpreter, and variables it brings. */
export type PreparedEnvironment = {
  readonly id: string;
  /** Absolute path of the real python binary, never a shim. */
  readonly python: string;
  readonly variables: Readonly<Record<string, string>>;
};

export interface EnvironmentBuilder {
  /** Throws InterpreterNotFound telling what was looked for and where. May be repeated. */
  prepare(
    environment: NonNullable<execution.RunConfiguration["environment"]>,
    signal: AbortSignal,
  ): Promise<PreparedEnvironment>;
}
