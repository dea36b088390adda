// How the files of the service are called in an object storage. Keys are in the same order as the paths of the port, by UTF-16 code
// units, though storages order them by bytes; and they hold only printable ASCII, which every storage and every proxy takes.
import { createHash } from "node:crypto";
import { type BlobBucket, MalachiteError, type Scope } from "@malachite/core";
import { shown } from "../../../files/index.ts";
import { checkedFolder, containerFolder, workspaceFolder } from "../folder/layout.ts";

/** `files/` holds a small record for each file, under its readable path; `data/` the bytes, under the same path and a name of their own. */
const FILES = "files/";
const DATA = "data/";
const STAGED = "staged/";

/**
 * A path, or the beginning of one, as part of a key. A space becomes `!0` and `!` becomes `!1`, which keeps the order and leaves no
 * space at an end; `~` and all behind it become `~` and four hex digits a code unit.
 */
export function encodePath(path: string): string {
  return path.replace(/[ !~-\uffff]/g, (unit) =>
    unit === " "
      ? "!0"
      : unit === "!"
        ? "!1"
        : `~${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

export const decodePath = (text: string): string =>
  text.replace(/!0|!1|~([0-9A-F]{4})/g, (code, hex) =>
    code === "!0" ? " " : code === "!1" ? "!" : String.fromCharCode(Number.parseInt(hex, 16)),
  );

function bucketPath(bucket: BlobBucket): string {
  if (bucket.kind === "store") return `stores/${containerFolder(bucket.name)}/`;
  const folder = bucket.kind === "folder" ? checkedFolder(bucket.folder) : containerFolder(bucket.container);
  return `${artifactsPath(bucket.scope)}${folder}/`;
}

const artifactsPath = (scope: Scope): string => `artifacts/${workspaceFolder(scope)}/`;

/** Where the records of the files of a workspace's artifact containers are, each container a folder below. */
export const containersOf = (scope: Scope): string => `${FILES}${artifactsPath(scope)}`;

/** Where the records of a bucket's files are; the path is what follows. */
export const recordsOf = (bucket: BlobBucket): string => `${FILES}${bucketPath(bucket)}`;

/** The key of a file's record. */
export const recordKey = (bucket: BlobBucket, path: string): string => recordsOf(bucket) + encodePath(path);

/** The key of some bytes of the file. `~` is no letter of an encoded path unless hex digits in capitals follow, so no two files share one. */
export const dataKey = (record: string, name: string): string =>
  `${DATA}${record.slice(FILES.length)}~${name}`;

/** Where the marks are of blocks that a writer has staged for a file. */
export const stagedOf = (record: string, writer: string): string =>
  `${STAGED}${createHash("sha256")
    .update(JSON.stringify([record, writer]))
    .digest("hex")}/`;
export const ALL_STAGED = STAGED;

/** Room for the name of a piece behind the path. */
const NAME_BYTES = 32;

/** Throws BadPath for a path whose keys would be longer than the storage takes. */
export function checkKey(record: string, path: string, longestBytes: number): void {
  const bytes = record.length + NAME_BYTES;
  if (bytes <= longestBytes) return;
  throw new MalachiteError(
    "BadPath",
    `${shown(path)} is too long for the object storage: its key would have ${bytes} bytes; ${longestBytes} are taken.`,
    { target: "path" },
  );
}
