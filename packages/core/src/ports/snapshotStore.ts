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

/** What a client says of a snapshot beside its tree. Tags and properties are kept and given back as they are. */
export type SnapshotAbout = {
  readonly parentId?: string;
  readonly tags?: unknown;
  readonly properties?: unknown;
};

/** A file that a client has sent for a snapshot, under the path that it gave; `file` is moved away or removed. */
export type SentFile = { readonly name: string; readonly file: string; readonly sizeBytes?: number };

/** A snapshot whose id and tree a client has made, with its own hashes (see ClientNode). */
export type TreeUpload = {
  readonly id: string;
  readonly about: SnapshotAbout;
  /** A file with JSON: the tree itself, or an object that holds it as `DirTreeNode`. Stays where it is. */
  readonly tree: string;
  readonly files: readonly SentFile[];
  /** More files follow, in snapshots that name this one as their parent: what is still missing is no fault. */
  readonly partial: boolean;
  readonly at: number;
};

/** What the body of a snapshot says beside its tree: which files were sent, and where to. */
export type TreeBody = {
  readonly about: SnapshotAbout;
  readonly sent: readonly { readonly name: string; readonly link: string; readonly sizeBytes?: number }[];
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
  /** Reads a JSON file with `ParentSnapshotId`, `Tags`, `Properties` and `FileRevisionList`. Throws BadJson, BadTree. */
  readTreeBody(file: string): Promise<TreeBody>;
  /**
   * Keeps a snapshot under its client's id, all hashes checked, and makes it the workspace's latest. The same again is no fault.
   * Sent files are moved away or removed, whatever comes of it. Undefined for a partial one that lacks files.
   * Throws BadTree, BadPath, ContentMismatch, SnapshotIncomplete, SnapshotNotFound (the parent), SnapshotExists.
   */
  keepTree(scope: Scope, upload: TreeUpload): Promise<Snapshot | undefined>;
  /** The id of the snapshot that was kept last by `keepTree`. */
  latest(scope: Scope): Promise<string | undefined>;
  /** What `keepTree` was told, as JSON `{id, parentId, createdTime, tags, properties, root}`; computed for other snapshots. */
  metadata(scope: Scope, id: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The snapshot of that id in that workspace. */
  get(scope: Scope, id: string): Promise<Snapshot | undefined>;
  /** The snapshot of that tree, if every content of it is here; also made known in this workspace only if it is already. */
  byTree(scope: Scope, tree: string): Promise<Snapshot | undefined>;
  /** The file of that path in the tree; undefined when there is none. */
  find(tree: string, path: string): Promise<malachite.ProjectFile | undefined>;
  /** The bytes of such a file, all or `from` up to but not including `to`. Throws StorageFailed for one that is damaged or gone. */
  read(file: malachite.ProjectFile, from?: number, to?: number): AsyncIterable<Uint8Array>;
  /** In order of path. */
  files(tree: string): AsyncIterable<malachite.ProjectFile>;
  /** The tree as a zip, streamed. */
  zip(tree: string): AsyncIterable<Uint8Array>;

  // Of stores that can let projects go. Whoever gets or keeps a snapshot, or is told that a content is here, may rely on it for a day.

  /** Ids of snapshots of the workspace that nobody has got or kept since then, one by one. */
  unused?(scope: Scope, before: number): AsyncIterable<string>;
  /** Ends such a snapshot; false when somebody has asked for it meanwhile. Its contents stay until they are swept. */
  forget?(scope: Scope, id: string, before: number): Promise<boolean>;
  /** Removes contents that no snapshot has and nobody was told of since then. May die in the middle, and be done by several at once. */
  sweepContents?(before: number): Promise<{ readonly files: number; readonly bytes: number }>;
}

/** Puts a project into a run's working folder on this machine. What a run does there never reaches the store. */
export interface ProjectPlacer {
  /** Fills `folder` (made if missing) with the tree; may be repeated after a crash. Throws StorageFailed naming a damaged content. */
  place(tree: string, folder: string, signal: AbortSignal): Promise<void>;
}
