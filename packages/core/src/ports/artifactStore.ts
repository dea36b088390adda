// Where the files of runs are kept, by container and path. Containers belong to a workspace.
import type { RestoredFiles } from "../domain/launch/launchPlan.ts";
import type { Scope } from "../domain/scope.ts";
import type { OpenFile } from "./openFile.ts";

export type ArtifactInfo = {
  readonly container: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly etag: string;
};

/** Bytes to keep: a stream, or a file of this machine that the store may take away whole. */
export type ArtifactSource = { readonly stream: AsyncIterable<Uint8Array> } | { readonly takeFile: string };

/** Puts kept files into a run's working folder on this machine. What a run does there never reaches the store. */
export interface ArtifactPlacer {
  /**
   * Copies the files into the project folder, with the times at which they were written, in place of files that are there. May be repeated
   * after a crash. Throws StorageFailed.
   */
  placeFiles(files: RestoredFiles, project: string, signal: AbortSignal): Promise<void>;
}

export type ArtifactListAsk = { readonly prefix?: string; readonly after?: string; readonly limit: number };
export type ArtifactPage = { readonly values: readonly ArtifactInfo[]; readonly more: boolean };

export interface ArtifactStore {
  /** Keeps the bytes under the path, seen by readers only when complete. Throws BadPath, ArtifactExists. */
  put(
    scope: Scope,
    container: string,
    path: string,
    source: ArtifactSource,
    options: { readonly overwrite: boolean },
  ): Promise<ArtifactInfo>;
  /** Adds bytes at the end, making the file if it is new. */
  append(
    scope: Scope,
    container: string,
    path: string,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<ArtifactInfo>;
  get(scope: Scope, container: string, path: string): Promise<ArtifactInfo | undefined>;
  /** The file of that path as it is now, held open. */
  open(scope: Scope, container: string, path: string): Promise<OpenFile | undefined>;
  /** Bytes `from` up to but not including `to`. Throws ArtifactNotFound. */
  read(scope: Scope, container: string, path: string, from?: number, to?: number): AsyncIterable<Uint8Array>;
  /** In order of path. `after` is the last path of the page before. */
  list(scope: Scope, container: string, ask: ArtifactListAsk): Promise<ArtifactPage>;
  /** Gone or not there is success. */
  remove(scope: Scope, container: string, path: string): Promise<void>;
}
