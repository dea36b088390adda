// The details of a run: its definition as it was understood, and links to its logs.
import type { history } from "@malachite/contract";
import type { JsonObject, ShownRun } from "@malachite/core";
import { runDto } from "./run.ts";

/** `logFiles` is always an object: a client that finds none there fails. */
export function runDetailsDto(
  shown: ShownRun,
  base: string,
  runDefinition: JsonObject | undefined,
  logFiles: Readonly<Record<string, string>>,
): history.RunDetails {
  const {
    runId,
    target,
    status,
    parentRunId,
    startTimeUtc,
    endTimeUtc,
    error,
    warnings,
    tags,
    properties,
    revision,
  } = runDto(shown, base);
  return {
    runId,
    target,
    status,
    ...(parentRunId === undefined ? {} : { parentRunId }),
    createdTimeUtc: runDto(shown, base).createdUtc,
    ...(startTimeUtc === undefined ? {} : { startTimeUtc }),
    ...(endTimeUtc === undefined ? {} : { endTimeUtc }),
    ...(error === undefined ? {} : { error }),
    warnings,
    tags,
    properties,
    ...(runDefinition === undefined ? {} : { runDefinition: { ...runDefinition } }),
    logFiles: { ...logFiles },
    revision,
  };
}
