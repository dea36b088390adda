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
  const run = runDto(shown, base);
  return {
    ...shared(run),
    createdTimeUtc: run.createdUtc,
    ...(runDefinition === undefined ? {} : { runDefinition: { ...runDefinition } }),
    logFiles: { ...logFiles },
  };
}

/** What the details have in common with the run, under the same names. */
const SHARED = [
  "runId",
  "rootRunId",
  "parentRunId",
  "runNumber",
  "runTypeV2",
  "target",
  "status",
  "startTimeUtc",
  "endTimeUtc",
  "lastModifiedUtc",
  "duration",
  "createdBy",
  "userId",
  "error",
  "warnings",
  "tags",
  "properties",
  "parameters",
  "settings",
  "services",
  "inputDatasets",
  "outputDatasets",
  "inputs",
  "outputs",
  "compute",
  "computeRequest",
  "revision",
] as const satisfies readonly (keyof history.Run & keyof history.RunDetails)[];

const shared = (run: history.Run): Pick<history.RunDetails, (typeof SHARED)[number]> =>
  Object.fromEntries(SHARED.flatMap((name) => (run[name] === undefined ? [] : [[name, run[name]]])));
