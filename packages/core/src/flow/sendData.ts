// Sends what a run leaves to its datastores, when its processes have ended, however they ended: uploads, and what it has written into
// mounts. A file that cannot be sent is told and changes nothing of how the run ended.
import { type DataUse, isAbsolute } from "../domain/data/dataUse.ts";
import { isInProject } from "../domain/data/placeData.ts";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { RUN_FOLDER } from "../domain/launch/launchPlan.ts";
import type { CarriedData } from "../domain/run/advance.ts";
import type { Handle, Run } from "../domain/run/run.ts";
import type { Sent, TellData } from "../ports/dataCarrier.ts";
import { textOf } from "./bringData.ts";
import { openBuildLog } from "./buildLog.ts";
import { dataKeyOf, storagePlace, usesOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

type SendPorts = Pick<
  FlowPorts,
  | "data"
  | "datastores"
  | "secretBox"
  | "workspaces"
  | "artifacts"
  | "targets"
  | "runs"
  | "clock"
  | "ids"
  | "settings"
  | "log"
>;

/** Where users of Azure ML look for what happened to their data after the script. */
export const SENT_LOG = "azureml-logs/75_job_post.txt";

/** As many as a record should hold of one thing. */
const MOST_WARNINGS = 20;

/** What was sent, of how many references, and how much could not be. */
export type SentData = CarriedData & { readonly faults: number };

/** May be repeated: what has been sent already is not sent again. Undefined where nothing was to be. Throws only when the signal aborts. */
export async function sendData(
  run: Run,
  handle: Handle,
  ports: SendPorts,
  signal: AbortSignal,
): Promise<SentData | undefined> {
  const uses = usesOf(run.definition as WholeDefinition | undefined, run.id).filter(
    ({ mode }) => mode !== "download",
  );
  if (uses.length === 0) return undefined;
  await using log = openBuildLog(run, ports, SENT_LOG);
  const tell: TellData = (line) => void log.write(`${line}\n`);
  const faults: string[] = [];
  let [files, bytes] = [0, 0];
  for (const use of uses) {
    try {
      const sent = await send(run, handle, use, ports, tell, signal);
      faults.push(...sent.faults);
      files += sent.files;
      bytes += sent.bytes;
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      faults.push(`'${use.name}' was not sent to ${textOf(use)}: ${message}`);
      tell(`${use.name}: failed: ${message}`);
    }
  }
  const carried = { references: uses.length, files, bytes, faults: faults.length };
  if (faults.length === 0) return carried;
  ports.log.warn("dataNotSent", { runId: run.id, faults: faults.length });
  const told = faults.slice(0, MOST_WARNINGS);
  if (faults.length > told.length)
    told.push(`${faults.length - told.length} more were not sent; see ${SENT_LOG}.`);
  await ports.runs.describe(
    run.scope,
    run.id,
    { addWarnings: told.map((message) => ({ source: "Malachite", message })) },
    ports.clock.now(),
  );
  return carried;
}

async function send(
  run: Run,
  handle: Handle,
  use: DataUse,
  ports: SendPorts,
  tell: TellData,
  signal: AbortSignal,
): Promise<Sent> {
  const { name, mode, at = "", overwrite, globs } = use;
  const say: TellData = (line) => tell(`${name}: ${line}`);
  if (mode === "mount") {
    const place = () => storagePlace(run.scope, use.place, ports);
    return ports.data.settle(
      { key: dataKeyOf(run, ports), name },
      "datastore" in use.place ? use.place.datastore : "",
      place,
      say,
      signal,
    );
  }
  const place = await storagePlace(run.scope, use.place, ports);
  const runFolder = () => ports.targets.driver(handle.kind).folder(handle);
  const from = isInProject(use)
    ? { folder: runFolder(), under: `${RUN_FOLDER.project}/${at}` }
    : run.life.plan?.away
      ? { folder: runFolder(), under: RUN_FOLDER.data(name) }
      : { folder: ports.data.made({ key: dataKeyOf(run, ports), name }), under: "" };
  tell(`${name}: sending ${isInProject(use) || isAbsolute(at) ? at : "its folder"} to ${textOf(use)}.`);
  const sent = await ports.data.send(from, place, { overwrite, globs }, say, signal);
  tell(`${name}: ${sent.files} files, ${sent.bytes} bytes.`);
  return sent;
}
