// Brings the files of a run to a folder on this machine: several at once, going on where an earlier call was cut off.
import { createHash } from "node:crypto";
import type { AbortSignalLike } from "@azure/abort-controller";
import { linkedController } from "../abort.ts";
import type { RunClient } from "../runClient.ts";
import { downloadFile } from "./downloadFile.ts";
import { DownloadFolder } from "./downloadFolder.ts";
import { inParallel } from "./inParallel.ts";

export interface DownloadRunOptions {
  /** Where to; made if it is missing. Files of the same name are replaced. */
  folder: string;
  /** Only files whose path begins with this, for instance `outputs/`. */
  prefix?: string;
  /** Files at once. Default: 4. */
  concurrency?: number;
  abortSignal?: AbortSignalLike;
  onProgress?: (progress: DownloadProgress) => void;
}

/** How far a download is. The totals grow while the list of files is read. */
export interface DownloadProgress {
  filesDone: number;
  filesFound: number;
  bytesReceived: number;
  /** The file these news are of. */
  path: string;
}

export interface DownloadRunResult {
  /** Where they are now, relative to the folder, in the order they were finished. */
  files: { path: string; sizeBytes: number }[];
  sizeBytes: number;
  /** How many were there already from an earlier call that was cut off. */
  resumed: number;
}

/**
 * Downloads the files a run has kept. Each appears under its name only when it is whole. After a failure the next call goes
 * on where this one ended. Throws UnsafePathError, before anything is written for it, for a name that could lead out of
 * the folder; RestError for what the server says.
 */
export async function downloadRun(run: RunClient, options: DownloadRunOptions): Promise<DownloadRunResult> {
  const { prefix, concurrency = 4, onProgress } = options;
  const result: DownloadRunResult = { files: [], sizeBytes: 0, resumed: 0 };
  using linked = linkedController(options.abortSignal);
  const abortSignal = linked.signal;
  const into = await DownloadFolder.open(options.folder);
  const seen = new Set<string>();
  let filesFound = 0;
  let bytesReceived = 0;
  const tell = (path: string): void =>
    onProgress?.({ filesDone: result.files.length, filesFound, bytesReceived, path });

  await inParallel(concurrency, run.artifacts.list({ prefix, abortSignal }), async ({ path, etag }) => {
    // A list that moves while it is read may name a file twice; a server may not know what a prefix is.
    if (seen.has(path) || !path.startsWith(prefix ?? "")) return;
    seen.add(path);
    filesFound += 1;
    try {
      const place = await into.placeFor(path, partialName(run, path));
      const before = await into.finishedBefore(path, etag, place);
      if (before !== undefined) {
        result.resumed += 1;
        result.files.push({ path, sizeBytes: before });
        result.sizeBytes += before;
        return tell(path);
      }
      const sizeBytes = await downloadFile(run.artifacts, path, place.partial, abortSignal, (count) => {
        bytesReceived += count;
        tell(path);
      });
      await into.finish(path, etag, place);
      result.files.push({ path, sizeBytes });
      result.sizeBytes += sizeBytes;
      tell(path);
    } catch (error) {
      // The others would only go on to fill the disk of somebody who has to call again anyway.
      linked.abort();
      throw error;
    }
  });
  await into.close();
  return result;
}

/** One name for one file of one run: a part of another run's file is never gone on with. */
function partialName(run: RunClient, path: string): string {
  const { subscriptionId, resourceGroup, workspace } = run.workspace;
  const parts = JSON.stringify([subscriptionId, resourceGroup, workspace, run.runId, path]);
  return createHash("sha256").update(parts).digest("hex");
}
