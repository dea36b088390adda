// Makes or finds what the script needs to run.
import type { execution } from "@malachite/contract";
import type { PreparedEnvironment } from "../domain/environment/environment.ts";

export interface EnvironmentBuilder {
  /** Throws InterpreterNotFound telling what was looked for and where. May be repeated. */
  prepare(
    environment: NonNullable<execution.RunConfiguration["environment"]>,
    signal: AbortSignal,
  ): Promise<PreparedEnvironment>;
}
