// A backup of a data folder, while its service works. The records first, in one instant; then the files, which only ever become more:
// what the records of that instant speak of is among them. The next backup into the same folder copies what is new. Until it is whole
// the one before stays as it was.
import { existsSync } from "node:fs";
import { lstat, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MalachiteError } from "@malachite/core";
import { placeKept } from "../fileStores.ts";
import { orNothing } from "../files/index.ts";
import { elsewhereOf } from "../folderRecords.ts";
import { VERSION } from "../version.ts";
import { type BackupNote, beginBackup, FOLDERS, KEYS, LEFT_OUT, RECORDS, writeNote } from "./backupFolder.ts";
import { copyWhole, dropStale, type Mirrored, mirrorTree } from "./mirrorTree.ts";

export type Backup = {
  readonly note: BackupNote;
  readonly copied: { readonly files: number; readonly bytes: number };
};

/** How long a service that writes without a pause may keep the copy of the records from beginning. */
const RECORDS_WITHIN_MS = 60_000;

/**
 * Files in an object storage are not copied; the note says where they are. Throws InvalidRequest for what is no data folder, or one whose
 * records are in a database; what beginBackup throws; StorageFailed.
 */
export async function backupData(data: string, into: string, now: () => number = Date.now): Promise<Backup> {
  const elsewhere = await readFile(elsewhereOf(join(data, RECORDS)), "utf8").catch(orNothing);
  if (elsewhere !== undefined)
    throw new MalachiteError(
      "InvalidRequest",
      `The records of '${data}' are in ${elsewhere.trim()}. Give that with --database, or back them up with pg_dump first and then copy the folder.`,
    );
  if (!existsSync(join(data, RECORDS)))
    throw new MalachiteError("InvalidRequest", `'${data}' holds no ${RECORDS}, so it is no data folder.`);
  using _lock = await beginBackup(data, into);
  const beganAt = new Date(now()).toISOString();
  const records = join(into, `${RECORDS}.new`);
  await rm(records, { force: true });
  copyRecords(join(data, RECORDS), records);
  const handle = await open(records, "r+");
  try {
    await handle.chmod(0o600);
    await handle.sync();
  } finally {
    await handle.close();
  }

  const counts: Mirrored = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0 };
  const mirrors = FOLDERS.map((name) => ({
    from: join(data, name),
    to: join(into, name),
    without: LEFT_OUT,
  }));
  for (const name of KEYS) await copyWhole(join(data, name), join(into, name), await lstat(join(data, name)));
  for (const mirror of mirrors) await mirrorTree(mirror, counts);
  await rename(records, join(into, RECORDS));
  const { files, bytes, copiedFiles, copiedBytes } = counts;
  const filesAt = placeKept(join(data, "blobs"));
  const note: BackupNote = {
    format: 1,
    version: VERSION,
    beganAt,
    endedAt: new Date(now()).toISOString(),
    files,
    bytes,
    ...(filesAt === undefined || filesAt === "folder" ? {} : { filesAt }),
  };
  await writeNote(into, note);
  // Not before: the backup before this one needed them until now.
  for (const mirror of mirrors) await dropStale(mirror);
  return { note, copied: { files: copiedFiles, bytes: copiedBytes } };
}

/** One read transaction from beginning to end, so the copy is of one instant; writers are not held up. */
function copyRecords(from: string, to: string): void {
  const db = new DatabaseSync(from, { timeout: RECORDS_WITHIN_MS });
  try {
    db.prepare("vacuum into ?").run(to);
  } catch (cause) {
    const text = `The records '${from}' cannot be copied to '${to}': ${cause instanceof Error ? cause.message : String(cause)}. Check the space and the rights there.`;
    throw new MalachiteError("StorageFailed", text, { cause });
  } finally {
    db.close();
  }
}
