// Keeps what the run leaves: its log, logs/, outputs/. Files that are on this machine are taken over whole, not copied.
import { isInProject } from "../domain/data/placeData.ts";
import { plainPath, type WholeDefinition } from "../domain/definition/runDefinition.ts";
import { isMalachiteError } from "../domain/failure/malachiteError.ts";
import { AWAY_FILES } from "../domain/launch/awayPlan.ts";
import { RUN_FOLDER } from "../domain/launch/launchPlan.ts";
import type { Handle, Run } from "../domain/run/run.ts";
import type { RunFolder } from "../ports/computeDriver.ts";
import { usesOf } from "./dataPlaces.ts";
import type { FlowPorts } from "./ports.ts";

type CollectPorts = Pick<FlowPorts, "artifacts" | "targets" | "runs" | "clock" | "log">;

/** Where the artifacts of a run come from: a folder of the run's folder, and the path that its files get. */
export type Watched = { readonly folder: string; readonly as: string };

const historyOf = (run: Run) => (run.definition as WholeDefinition | undefined)?.configuration.history;

/** Whether anything of the project folder is kept; the log of the script always is. */
export const collectsOutput = (run: Run): boolean => historyOf(run)?.outputCollection !== false;

/** The folders that are shown while the run runs: its log, `logs/` and what the definition watches. */
export function liveFolders(run: Run): readonly Watched[] {
  const asked = (historyOf(run)?.directoriesToWatch ?? []).map(plainPath);
  const names = collectsOutput(run) ? [...new Set(["logs", ...asked])] : [];
  return [
    { folder: "user_logs", as: "user_logs" },
    // Of a run that is prepared on another machine; on this one the service writes them itself.
    ...(run.life.plan?.away === undefined ? [] : [PREPARE_LOGS]),
    ...names.map((name) => ({ folder: `${RUN_FOLDER.project}/${name}`, as: name })),
  ];
}

const PREPARE_LOGS: Watched = { folder: AWAY_FILES.prepareLogs, as: AWAY_FILES.prepareLogs };

/** Folders, or files, of the run's folder whose files must come to this machine from another one: to be kept, or sent on as data. */
export const homeFolders = (run: Run): readonly string[] => [
  ...[PREPARE_LOGS, ...keptFolders(run)].map(({ folder }) => folder),
  ...usesOf(run.definition as WholeDefinition | undefined, run.id)
    .filter(isInProject)
    .map(({ at }) => `${RUN_FOLDER.project}/${at}`),
];

/** What is kept at the end: the live folders and `outputs/`. */
function keptFolders(run: Run): readonly Watched[] {
  const live = liveFolders(run);
  return collectsOutput(run) && !live.some((f) => f.as === OUTPUTS)
    ? [...live, { folder: `${RUN_FOLDER.project}/${OUTPUTS}`, as: OUTPUTS }]
    : live;
}

type Warning = { readonly source: string; readonly message: string };

/** Files that are kept at the same time: each alone mostly waits for the disk. */
const AT_ONCE = 16;

/** Keeps every file; may be repeated. A file that cannot be kept is a warning of the run, never its failure. */
export const collectRun = (
  run: Run,
  handle: Handle,
  ports: CollectPorts,
  signal: AbortSignal,
): Promise<void> => keepFolders(run, handle, keptFolders(run), ports, signal);

/** The folder whose files an attempt hands on to the next. */
export const OUTPUTS = "outputs";

/**
 * The same for an attempt that is followed by another: what it left in outputs/ for the next one, its logs where they are not in the
 * way of the next one's.
 */
export function collectAttempt(
  run: Run,
  { attempt, handle }: { readonly attempt: number; readonly handle: Handle },
  ports: CollectPorts,
  signal: AbortSignal,
): Promise<void> {
  const isHandedOn = (as: string) => as === OUTPUTS || as.startsWith(`${OUTPUTS}/`);
  const folders = keptFolders(run).map(({ folder, as }) => ({
    folder,
    as: isHandedOn(as) ? as : `azureml-logs/attempts/${attempt}/${as}`,
  }));
  return keepFolders(run, handle, folders, ports, signal);
}

async function keepFolders(
  run: Run,
  handle: Handle,
  folders: readonly Watched[],
  ports: CollectPorts,
  signal: AbortSignal,
): Promise<void> {
  const folder = ports.targets.driver(handle.kind).folder(handle);
  const warnings: Warning[] = [];
  let pending: Promise<Warning | undefined>[] = [];
  const settle = async () => {
    warnings.push(...(await Promise.all(pending)).filter((warning) => warning !== undefined));
    pending = [];
  };
  for (const watched of folders) {
    for await (const file of folder.list(watched.folder)) {
      signal.throwIfAborted();
      const path = `${watched.as}/${file.path.slice(watched.folder.length + 1)}`;
      const kept = keep(run, folder, file.path, path, ports);
      // `settle` hears of a failure; until then it must not count as one that nobody hears of.
      kept.catch(() => {});
      pending.push(kept);
      if (pending.length >= AT_ONCE) await settle();
    }
    await settle();
  }
  if (warnings.length > 0)
    await ports.runs.describe(run.scope, run.id, { addWarnings: warnings.slice(0, 100) }, ports.clock.now());
}

async function keep(
  run: Run,
  folder: RunFolder,
  from: string,
  path: string,
  { artifacts, log }: CollectPorts,
) {
  const local = folder.localPath?.(from);
  const source = local === undefined ? { stream: folder.read(from) } : { takeFile: local };
  try {
    await artifacts.put(run.scope, run.dataContainerId, path, source, { overwrite: true });
    return undefined;
  } catch (error) {
    // A store that fails, or is away for now, is asked again: only what the file itself is to blame for is a warning.
    if (!isMalachiteError(error) || error.kind === "fault" || error.kind === "unavailable") throw error;
    if (error.code === "ArtifactNotFound") return undefined;
    log.warn("artifactNotKept", { runId: run.id, path, reason: error.message });
    return { source: "Malachite", message: `The file '${path}' was not kept: ${error.message}` };
  }
}

/** A folder that cannot be read for so long after the end of its run is waited for no longer. */
const FILES_AWAITED_MS = 10 * 60_000;

/**
 * Work with the files of a run that ended at `since`. That they cannot be had now is thrown, to be tried again; once they have been
 * waited for long enough, it is a warning of the run.
 */
export async function whileAwaited(
  { scope, id }: Run,
  since: number | undefined,
  { runs, clock }: Pick<FlowPorts, "runs" | "clock">,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const now = clock.now();
    // Files that cannot be kept now are still where they are; those of an engine that is away may never come.
    const isAway = isMalachiteError(error) && error.kind === "unavailable" && error.code !== "StorageAway";
    if (!isAway || since === undefined || now - since < FILES_AWAITED_MS) throw error;
    const message = `Files of the run could not be read for ${FILES_AWAITED_MS / 60_000} minutes after its end; those that were not kept by then are lost: ${error.message}`;
    await runs.describe(scope, id, { addWarnings: [{ source: "Malachite", message }] }, now);
  }
}

/** The last bytes of a log as text, for the error of a failed run. */
export async function logTail(folder: RunFolder, log: string, bytes: number): Promise<string> {
  const size = await folder.size(log);
  return size === undefined || size === 0 ? "" : textOf(folder.read(log, Math.max(0, size - bytes)), bytes);
}

/** The first bytes of a file that is there, as text. */
export const startOf = (folder: RunFolder, path: string, bytes: number): Promise<string> =>
  textOf(folder.read(path), bytes);

async function textOf(stream: AsyncIterable<Uint8Array>, bytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = bytes;
  for await (const chunk of stream) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}
