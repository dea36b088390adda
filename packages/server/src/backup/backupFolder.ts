// What a backup is: a folder with the same files as the data folder, but for what is of no use elsewhere, and a note that it is whole.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MalachiteError } from "@malachite/core";
import { orNothing } from "../files/index.ts";

export const RECORDS = "records.sqlite";
export const NOTE = "malachite-backup.json";
/** Small files of the data folder that everything else relies on: the key of secrets, and its name. */
export const KEYS = ["secret", "id"] as const;
export const FOLDERS = ["blobs", "tls", "audit"] as const;
/** What is half done belongs to nobody after a restart, and what an object storage has is fetched from there again. */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  "contents/staging",
  "contents/damaged",
  "blobs/unfinished",
  "blobs/staged",
  "objects/cache",
]);

export type BackupNote = {
  readonly format: 1;
  readonly version: string;
  /** Everything that was acknowledged by then is in it. */
  readonly beganAt: string;
  readonly endedAt: string;
  readonly files: number;
  readonly bytes: number;
  /** The object storage that has projects and files of runs, which are not in the backup then. */
  readonly filesAt?: string;
};

/** Throws InvalidRequest for a folder that holds no whole backup, or one of a newer program. */
export async function readNote(folder: string): Promise<BackupNote> {
  const text = await readFile(join(folder, NOTE), "utf8").catch(orNothing);
  if (text === undefined)
    throw new MalachiteError(
      "InvalidRequest",
      `'${folder}' holds no backup that was finished: it has no ${NOTE}.`,
    );
  const note = JSON.parse(text) as BackupNote;
  if (note.format === 1) return note;
  throw new MalachiteError(
    "InvalidRequest",
    `The backup in '${folder}' was made by a newer program (${note.version}).`,
  );
}
