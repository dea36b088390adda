// Where projects are kept, by content: one copy of each file however many snapshots hold it.
import type { malachite } from "@malachite/contract";
import type { Scope } from "../domain/scope.ts";

/** A request body that was streamed to a file of the service. The receiver may move or delete the file. */
export type Upload = { readonly file: string; readonly sizeBytes: number; readonly sha256: string };

/** A project folder as it was. `tree` is the SHA-256 of its listing; the id follows from it, so the same files give the same id. */
export type Snapshot = {
  readonly id: string;
  readonly tree: string;
  readonly files: number;
  readonly sizeBytes: number;
};

export interface SnapshotStore {
  /** Unpacks a zip into the store. Throws BadArchive, BadPath naming the entry. Nothing is kept of a refused archive. */
  keepZip(scope: Scope, zip: Upload, signal?: AbortSignal): Promise<Snapshot>;
  /** A snapshot of contents that are already here, or the hashes that are missing. Throws BadPath. */
  offer(
    scope: Scope,
    files: readonly malachite.ProjectFile[],
  ): Promise<{ readonly snapshot: Snapshot } | { readonly missing: readonly string[] }>;
  /** Keeps contents sent as a zip of entries named by their SHA-256. Throws BadArchive, ContentMismatch. */
  keepContents(zip: Upload, signal?: AbortSignal): Promise<number>;
  /** The snapshot of that id in that workspace. */
  get(scope: Scope, id: string): Promise<Snapshot | undefined>;
  /** The snapshot of that tree, if every content of it is here; also made known in this workspace only if it is already. */
  byTree(scope: Scope, tree: string): Promise<Snapshot | undefined>;
  /** The file of that path in the tree; undefined when there is none. */
  find(tree: string, path: string): Promise<malachite.ProjectFile | undefined>;
  files(tree: string): AsyncIterable<malachite.ProjectFile>;
  /** The tree as a zip, streamed. */
  zip(tree: string): AsyncIterable<Uint8Array>;
}

/** Puts a project into a run's working folder on this machine. What a run does there never reaches the store. */
export interface ProjectPlacer {
  /** Fills `folder` (made if missing) with the tree; may be repeated after a crash. Throws StorageFailed naming a damaged content. */
  place(tree: string, folder: string, signal: AbortSignal): Promise<void>;
}
