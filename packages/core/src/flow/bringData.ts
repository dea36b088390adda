// Brings the data of a run to this machine, after its environment and before its plan: downloads, and mounts.
import { type DataUse, isAbsolute } from "../domain/data/dataUse.ts";
import {
  type DataSource,
  isInProject,
  NO_DATA,
  type PlacedData,
  placeData,
} from "../domain/data/placeData.ts";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { CarriedData } from "../domain/run/advance.ts";
import type { Run } from "../domain/run/run.ts";
import type { TellData } from "../ports/dataCarrier.ts";
import { openBuildLog } from "./buildLog.ts";
import { dataKeyOf, storagePlace, usesOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

type BringPorts = Pick<
  FlowPorts,
  "data" | "datastores" | "secretBox" | "workspaces" | "artifacts" | "runs" | "clock" | "ids" | "settings"
>;

/** Where users of Azure ML look for what happened to their data before the script. */
export const DATA_LOG = "azureml-logs/65_job_prep.txt";

/** Where the data of a run lies, and what came of it; nothing came of a run that asks for none. */
export type BroughtData = { readonly placed: PlacedData; readonly carried?: CarriedData };

/** `away`: the run goes to a machine that takes the data on from here. May be repeated: what has come already is not fetched again. Throws what the carrier throws, with the name of the data. */
export async function bringData(
  run: Run,
  away: boolean,
  ports: BringPorts,
  signal: AbortSignal,
): Promise<BroughtData> {
  const key = dataKeyOf(run, ports);
  const uses = usesOf(run.definition as WholeDefinition | undefined, run.id);
  if (uses.length === 0) return { placed: NO_DATA };
  await using log = openBuildLog(run, ports, DATA_LOG);
  const tell: TellData = (line) => void log.write(`${line}\n`);
  const sources = new Map<string, DataSource>();
  const warnings: string[] = [];
  let [files, bytes] = [0, 0];
  const count = (carried: { readonly files: number; readonly bytes: number }): void => {
    files += carried.files;
    bytes += carried.bytes;
  };
  for (const use of uses) {
    signal.throwIfAborted();
    try {
      const source = await sourceOf(run, key, use, away, ports, { tell, warnings, count }, signal);
      if (source) sources.set(use.name, source);
    } catch (error) {
      if (!signal.aborted) tell(`${use.name}: failed: ${error instanceof Error ? error.message : error}`);
      throw error;
    }
  }
  if (warnings.length > 0)
    await ports.runs.describe(
      run.scope,
      run.id,
      { addWarnings: warnings.map((message) => ({ source: "Malachite", message })) },
      ports.clock.now(),
    );
  return { placed: placeData(uses, sources), carried: { references: uses.length, files, bytes } };
}

/** The mounts of a plan that was written earlier: those that are there are used on. Throws what the carrier throws. */
export async function keepMounts(run: Run, ports: BringPorts, signal: AbortSignal): Promise<void> {
  const key = dataKeyOf(run, ports);
  const uses = usesOf(run.definition as WholeDefinition | undefined, run.id);
  for (const { name, mode, place, readOnly } of uses)
    if (mode === "mount")
      await ports.data.mount(
        await storagePlace(run.scope, place, ports),
        { key, name },
        { make: true, readOnly },
        () => {},
        signal,
      );
}

/** Who hears what becomes of each. */
type Listener = {
  readonly tell: TellData;
  readonly warnings: string[];
  readonly count: (carried: { readonly files: number; readonly bytes: number }) => void;
};

/** Undefined for an upload from a folder of the run itself. */
async function sourceOf(
  run: Run,
  key: LaunchKey,
  use: DataUse,
  away: boolean,
  ports: BringPorts,
  { tell, warnings, count }: Listener,
  signal: AbortSignal,
): Promise<DataSource | undefined> {
  const { name, mode, at } = use;
  const shownAt = at === undefined ? "" : isAbsolute(at) ? ` at ${at}` : ` at ${at} in the project`;
  if (mode === "upload") {
    tell(`${name}: what the run leaves${shownAt} will be sent to ${textOf(use)} when it has ended.`);
    return away || isInProject(use) ? undefined : ports.data.make({ key, name });
  }
  const say: TellData = (line) => tell(`${name}: ${line}`);
  const place = await storagePlace(run.scope, use.place, ports);
  if (mode === "mount") {
    const source = await ports.data.mount(
      place,
      { key, name },
      { make: true, readOnly: use.readOnly },
      say,
      signal,
    );
    tell(`${name}: ${textOf(use)} is mounted${shownAt}.`);
    return source;
  }
  tell(`${name}: downloading ${textOf(use)}${shownAt}.`);
  const brought = await ports.data.bring(place, { key, name }, say, signal);
  tell(`${name}: ${brought.files} files, ${brought.bytes} bytes.`);
  count(brought);
  if (brought.files === 0)
    warnings.push(`Nothing was downloaded for '${name}': there are no files in ${textOf(use)}.`);
  const { passedOver = [] } = brought;
  if (passedOver.length > 0)
    warnings.push(
      `${passedOver.length} files of '${name}' were not downloaded; the first: ${passedOver[0]}. See ${DATA_LOG}.`,
    );
  return brought;
}

/** A place for people. A URI's query may hold a signature. */
export const textOf = ({ place }: Pick<DataUse, "place">): string => {
  if ("uri" in place) {
    const { origin, pathname } = new URL(place.uri);
    return `${origin}${pathname}`;
  }
  return place.path === ""
    ? `the datastore ${place.datastore}`
    : `${place.path} of the datastore ${place.datastore}`;
};
