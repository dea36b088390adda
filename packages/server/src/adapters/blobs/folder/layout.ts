// Where things are in the data folder. Names in it are made here, never taken as they were sent.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { MalachiteError, type Scope, workspaceKey } from "@malachite/core";

const SHA256 = /^[0-9a-f]{64}$/;
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export const isSha256 = (text: string): boolean => SHA256.test(text);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What can be the id of a snapshot, in small letters. */
export const isSnapshotId = (text: string): boolean => UUID.test(text);
/** What has the id of the workspace's latest snapshot; no id of one is written so. */
export const LATEST = "latest";
/** What is known of a snapshot that was never made whole is of use to a client that goes on, for so long. */
export const PART_LIFETIME_MS = 24 * 3600_000;

/** The folders of a snapshot store. All on one file system, since files are renamed between them. */
export type SnapshotLayout = {
  /** `ab/cdef…`: one file for each content, named by its SHA-256, read-only. */
  readonly contents: string;
  /** `ab/cdef…`: one listing for each tree, named by the tree's hash. */
  readonly trees: string;
  /** One folder a workspace, one small file a snapshot. */
  readonly snapshots: string;
  /** What is not finished: emptied at start. */
  readonly staging: string;
  /** Contents that did not have their hash any more, kept for whoever looks into it. */
  readonly damaged: string;
};

export const snapshotLayout = (folder: string): SnapshotLayout => ({
  contents: join(folder, "contents"),
  trees: join(folder, "trees"),
  snapshots: join(folder, "snapshots"),
  staging: join(folder, "contents", "staging"),
  damaged: join(folder, "contents", "damaged"),
});

/** The file of a hash below `folder`: 256 folders keep each of them small. */
export const hashedPath = (folder: string, hash: string): string =>
  join(folder, hash.slice(0, 2), hash.slice(2));

/**
 * The folder name of a workspace: readable, safe, and one for every spelling. The hash is of the whole scope, since two
 * workspaces of different groups may have the same name.
 */
export const workspaceFolder = (scope: Scope): string =>
  `${plain(scope.workspace.toLowerCase(), 40)}~${sha256(workspaceKey(scope)).slice(0, 16)}`;

/**
 * The folder name of a container: its own name if that is safe everywhere, else as much of it as is, and a hash. Capital
 * letters count as unsafe, since run ids may differ in case only and some file systems see no difference.
 */
export const containerFolder = (container: string): string =>
  /^[a-z0-9_][a-z0-9_.-]{0,199}$/.test(container)
    ? container
    : `${plain(container, 100)}~${sha256(container).slice(0, 24)}`;

/** Whether a container is called that by itself, so that its folder's name is its own. */
export const isContainerItself = (folder: string): boolean => containerFolder(folder) === folder;

/** A name as containerFolder makes them. Throws BadPath for any other. */
export function checkedFolder(folder: string): string {
  if (isContainerItself(folder) || /^(?!\.)[a-zA-Z0-9_.-]{1,100}~[0-9a-f]{24}$/.test(folder)) return folder;
  throw new MalachiteError("BadPath", `${JSON.stringify(folder.slice(0, 200))} is no folder of a container.`);
}

const plain = (text: string, length: number): string =>
  text
    .replace(/[^a-zA-Z0-9_-]/g, (c) => (c === "." ? "." : "_"))
    .slice(0, length)
    .replace(/^\.+/, "") || "_";

/**
 * The id of a snapshot, made from the hash of its tree: the same files give the same id. It has the form of a name-based
 * UUID (version 5), the one that every reader of UUIDs takes, though the hash below it is SHA-256.
 */
export function snapshotId(tree: string): string {
  const hex = sha256(`malachite snapshot ${tree}`);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join("-");
}
