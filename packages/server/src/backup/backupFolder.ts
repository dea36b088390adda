// What a backup is: a folder with the same files as the data folder, but for what is of no use elsewhere, and a note that it is whole.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MalachiteError } from "@malachite/core";
import { orNothing, writeFileAtomic } from "../files/index.ts";

export const RECORDS = "records.sqlite";
export const NOTE = "malachite-backup.json";
/** In a folder into which a first backup was begun. */
const BEGUN = "malachite-backup.begun";
/** What a file system itself has in the root of a disk. */
const OF_DISKS = "lost+found";
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

/** What somebody has put into a folder; nothing of one that is not there. */
export async function heldBy(folder: string): Promise<string[]> {
  return ((await readdir(folder).catch(orNothing)) ?? []).filter((name) => name !== OF_DISKS);
}

/**
 * Makes the folder if it is new, and locks it. Throws InvalidRequest for one in which anything else is than a backup of this service, since
 * what the service lacks is removed from a backup; Busy where another backup goes into it.
 */
export async function beginBackup(data: string, into: string): Promise<Disposable> {
  const held = (await heldBy(into)).filter((name) => name !== LOCK);
  if (held.length > 0 && !held.some((name) => name === NOTE || name.startsWith(BEGUN)))
    throw new MalachiteError(
      "InvalidRequest",
      `'${into}' is not empty and holds no backup: a backup would take the place of what is in it. Name a folder that is new or empty, or one with an earlier backup.`,
    );
  const [own, there] = await Promise.all(
    [data, into].map((folder) => readFile(join(folder, "id"), "utf8").catch(orNothing)),
  );
  if (there !== undefined && there.trim() !== own?.trim())
    throw new MalachiteError(
      "InvalidRequest",
      `The backup in '${into}' is one of another service than that of '${data}', whose place it would take. Name another folder.`,
    );
  await mkdir(into, { recursive: true, mode: 0o700 });
  const lock = lockBackup(into);
  try {
    if (!existsSync(join(into, NOTE))) await writeFileAtomic(join(into, BEGUN), "", 0o600);
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

const LOCK = "lock";

/** The lock is the kernel's own, on an open file: it ends with the process however that dies. */
function lockBackup(folder: string): Disposable {
  const lock = new DatabaseSync(join(folder, LOCK), { timeout: 0 });
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (cause) {
    lock.close();
    throw new MalachiteError("Busy", `Another backup into '${folder}' is under way.`, { cause });
  }
  return { [Symbol.dispose]: () => lock.close() };
}

/** Says that the backup is whole. */
export async function writeNote(into: string, note: object): Promise<void> {
  await writeFileAtomic(join(into, NOTE), `${JSON.stringify(note, null, 2)}\n`, 0o600);
  await rm(join(into, BEGUN), { force: true });
}
