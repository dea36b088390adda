// Starts a run of a folder on this machine, sending only what the server does not have.
import type { AbortSignalLike } from "@azure/abort-controller";
import { linkedController } from "../abort.ts";
import { isNotThere } from "../errors.ts";
import type { RunConfiguration, RunDefinition, SnapshotOffer } from "../models.ts";
import type { RunClient } from "../runClient.ts";
import { newRunId } from "../runId.ts";
import type { WorkspaceClient } from "../workspaceClient.ts";
import { biggestPaths, largeProjectMessage } from "./biggestPaths.ts";
import type { ProjectProgress, ProjectWarning } from "./progress.ts";
import {
  type HashedFile,
  type Project,
  type ProjectFilesOptions,
  projectFiles,
  wireFile,
} from "./projectFiles.ts";
import { treeHash } from "./treeHash.ts";
import { contentsZip, FileChangedError, projectZip } from "./zips.ts";

export interface SendFolderOptions extends ProjectFilesOptions {
  folder: string;
  abortSignal?: AbortSignalLike;
  onProgress?: (progress: ProjectProgress) => void;
  /** Is told what was left out, and, before they are sent, which paths make a project large. */
  onWarning?: (warning: ProjectWarning) => void;
}

export interface SubmitFolderOptions extends SendFolderOptions {
  experimentName: string;
  /** The script to run, relative to the folder. Wins over that of the definition. */
  script?: string;
  arguments?: string[];
  /** The compute target. Wins over that of the definition. */
  target?: string;
  definition?: RunDefinition;
  /** The id of the run. Default: `<experiment>_<unix ms>_<8 hex>`. */
  runId?: string;
}

export interface SentFolder {
  project: Project;
  /** Undefined when the server keeps no snapshots by content; the project was not sent then. */
  snapshotId: string | undefined;
  /** Contents and their bytes that were sent; both 0 when the server had everything. */
  filesSent: number;
  bytesSent: number;
}

export interface FolderSubmission extends SentFolder {
  run: RunClient;
}

const LARGE_BYTES = 300 * 1000 * 1000;
const LARGE_FILES = 2000;
/** One request carries no more than this: a connection that is cut costs no more than this to send again. */
const BATCH_BYTES = 256 * 1024 * 1024;
const BATCH_FILES = 20_000;
/** How often the folder is read again when it changes while it is sent, or the server drops contents in between. */
const ATTEMPTS = 3;

/**
 * Starts a run of a folder. Which files belong to it is decided by .amlignore, else .gitignore; see `projectFiles`. A server
 * that keeps no snapshots by content gets the project as a zip. Throws ProjectError for what is wrong with the folder, and
 * RestError for what the server says.
 */
export async function submitFolder(
  workspace: WorkspaceClient,
  options: SubmitFolderOptions,
): Promise<FolderSubmission> {
  const { abortSignal } = options;
  const experiment = workspace.experiment(options.experimentName);
  const definition = definitionOf(options);
  // One id for all attempts, whichever way they go.
  const runId = options.runId ?? newRunId(options.experimentName);
  for (let attempt = 1; ; attempt += 1) {
    const sent = await sendFolder(workspace, options);
    const { files, sizeBytes } = sent.project;
    const filesTotal = files.length;
    if (sent.snapshotId !== undefined) {
      const bytes = { bytesSent: sent.bytesSent, bytesTotal: sent.bytesSent };
      options.onProgress?.({ phase: "starting", filesDone: filesTotal, filesTotal, ...bytes });
      const named = { ...definition, snapshotId: sent.snapshotId };
      const run = await experiment.submit(named, { runId, abortSignal });
      options.onProgress?.({ phase: "done", filesDone: filesTotal, filesTotal, ...bytes });
      return { ...sent, run };
    }
    if (attempt === 1) warnIfLarge(sent.project, options);
    try {
      const tell = (bytesSent: number): void =>
        options.onProgress?.({
          phase: "sending",
          filesDone: 0,
          filesTotal,
          bytesSent,
          bytesTotal: sizeBytes,
        });
      const run = await sendingZip(projectZip, files, abortSignal, tell, (signal, projectZip) =>
        experiment.submit(definition, { runId, abortSignal: signal, projectZip }),
      );
      options.onProgress?.({
        phase: "done",
        filesDone: filesTotal,
        filesTotal,
        bytesSent: sizeBytes,
        bytesTotal: sizeBytes,
      });
      return { ...sent, filesSent: filesTotal, bytesSent: sizeBytes, run };
    } catch (error) {
      if (!(error instanceof FileChangedError) || attempt >= ATTEMPTS) throw error;
    }
  }
}

/** Makes the folder a snapshot of the workspace, sending only the contents the server lacks. Throws as `submitFolder` does. */
export async function sendFolder(
  workspace: WorkspaceClient,
  options: SendFolderOptions,
): Promise<SentFolder> {
  for (let attempt = 1; ; attempt += 1) {
    const project = await projectFiles(options.folder, options);
    if (attempt === 1) warnOfLeftOut(project, options);
    try {
      return { project, ...(await sendProject(workspace, project, options)) };
    } catch (error) {
      // The file's times have changed with it, so the next reading sees it.
      if (!(error instanceof FileChangedError) || attempt >= ATTEMPTS) throw error;
    }
  }
}

async function sendProject(
  workspace: WorkspaceClient,
  project: Project,
  options: SendFolderOptions,
): Promise<Omit<SentFolder, "project">> {
  const { abortSignal, onProgress } = options;
  const files = project.files.map(wireFile);
  onProgress?.({ phase: "asking", filesDone: 0, filesTotal: files.length, bytesSent: 0, bytesTotal: 0 });
  const known = await workspace.findSnapshot(treeHash(files), { abortSignal });
  if (known !== undefined) return { snapshotId: known, filesSent: 0, bytesSent: 0 };

  let filesSent = 0;
  let bytesSent = 0;
  for (let attempt = 1; ; attempt += 1) {
    let offer: SnapshotOffer;
    try {
      offer = await workspace.offerSnapshot(files, { abortSignal });
    } catch (error) {
      if (isNotThere(error)) return { snapshotId: undefined, filesSent: 0, bytesSent: 0 };
      throw error;
    }
    if (offer.snapshotId !== undefined) return { snapshotId: offer.snapshotId, filesSent, bytesSent };
    const missing = contentsOf(project.files, offer.missing);
    if (missing.length === 0 || attempt > ATTEMPTS) {
      throw new Error("The server asks again for contents that were sent. Its store may be damaged.");
    }
    if (attempt === 1) warnIfLarge(project, options);
    await sendMissing(workspace, missing, options);
    filesSent += missing.length;
    bytesSent += sizeOf(missing);
  }
}

async function sendMissing(
  workspace: WorkspaceClient,
  missing: readonly HashedFile[],
  options: SendFolderOptions,
): Promise<void> {
  const bytesTotal = sizeOf(missing);
  let filesDone = 0;
  let bytesDone = 0;
  const tell = (bytesSent: number): void =>
    options.onProgress?.({ phase: "sending", filesDone, filesTotal: missing.length, bytesSent, bytesTotal });
  tell(0);
  for (const batch of batchesOf(missing)) {
    await sendingZip(
      contentsZip,
      batch,
      options.abortSignal,
      (bytes) => tell(bytesDone + bytes),
      (abortSignal, zip) => workspace.sendContents(zip, { abortSignal }),
    );
    filesDone += batch.length;
    bytesDone += sizeOf(batch);
    tell(bytesDone);
  }
}

/**
 * Sends a zip that is made anew for each attempt. As soon as a file turns out to have changed the request is given up, and
 * that is the error: to send the same list again would not help.
 */
async function sendingZip<T>(
  zipOf: typeof contentsZip,
  files: readonly HashedFile[],
  abortSignal: AbortSignalLike | undefined,
  tell: (bytesSent: number) => void,
  send: (signal: AbortSignal, zip: () => AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  using linked = linkedController(abortSignal);
  let changed: FileChangedError | undefined;
  const makeZip = (): AsyncIterable<Uint8Array> => {
    let bytesSent = 0;
    const zip = zipOf(files, (count) => {
      bytesSent += count;
      tell(bytesSent);
    });
    return zip.on("error", (error) => {
      if (!(error instanceof FileChangedError)) return;
      changed = error;
      linked.abort();
    });
  };
  try {
    return await send(linked.signal, makeZip);
  } catch (error) {
    throw changed ?? error;
  }
}

function definitionOf(options: SubmitFolderOptions): RunDefinition {
  const { definition = {}, script, target } = options;
  const own: RunConfiguration = {};
  if (script !== undefined) own.script = script;
  if (options.arguments !== undefined) own.arguments = options.arguments;
  if (target !== undefined) own.target = target;
  const { snapshotId: _, ...rest } = definition;
  return { ...rest, configuration: { ...definition.configuration, ...own } };
}

/** One file for each hash that is asked for. */
function contentsOf(files: readonly HashedFile[], hashes: readonly string[]): HashedFile[] {
  const wanted = new Set(hashes);
  return files.filter((file) => wanted.delete(file.sha256));
}

function* batchesOf(files: readonly HashedFile[]): Generator<HashedFile[]> {
  let batch: HashedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (bytes + file.sizeBytes > BATCH_BYTES || batch.length >= BATCH_FILES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

const sizeOf = (files: readonly HashedFile[]): number => files.reduce((sum, file) => sum + file.sizeBytes, 0);

function warnIfLarge({ files, sizeBytes }: Project, { onWarning }: SendFolderOptions): void {
  if (!onWarning || (sizeBytes <= LARGE_BYTES && files.length <= LARGE_FILES)) return;
  const biggest = biggestPaths(files);
  onWarning({
    code: "LargeProject",
    message: largeProjectMessage(files.length, sizeBytes, biggest),
    biggest,
  });
}

function warnOfLeftOut({ left }: Project, { onWarning }: SendFolderOptions): void {
  if (left.length === 0) return;
  const [first, ...others] = left;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  const message = `'${first?.path}' is left out: ${first?.reason}${more}.`;
  onWarning?.({ code: "LeftOut", message, paths: left.map(({ path }) => path) });
}
