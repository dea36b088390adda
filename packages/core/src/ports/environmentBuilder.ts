// Makes or finds what the script needs to run.
import type { EnvironmentAsk, PreparedEnvironment } from "../domain/environment/environment.ts";

/** Takes what the tools say, as it comes; resolves when it may have more. */
export type BuildLog = (text: string) => Promise<void>;

export interface EnvironmentBuilder {
  /**
   * Refuses what cannot be made here at all, so that no run is queued for it: an interpreter that is not there, a tool that this
   * machine lacks. Makes nothing, answers within seconds. Throws InterpreterNotFound, UnsupportedField, InvalidDefinition.
   */
  check(ask: EnvironmentAsk, signal: AbortSignal): Promise<void>;
  /** Whether `prepare` would answer at once. */
  has(ask: EnvironmentAsk, signal: AbortSignal): Promise<boolean>;
  /**
   * Finds it, or makes it: once, however many ask for the same at the same time, and each hears the whole log. May be repeated; what a
   * killed service has half made is made anew. Throws what `check` throws, and EnvironmentFailed with the tool's own last words.
   */
  prepare(ask: EnvironmentAsk, log: BuildLog, signal: AbortSignal): Promise<PreparedEnvironment>;
}
