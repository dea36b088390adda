// A data folder out of a backup. Until it is whole no server starts on it; every content is checked by its hash, the records by the database.
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { lstat, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { MalachiteError } from "@malachite/core";
import { movedFacts } from "../adapters/blobs/folder/index.ts";
import { RESTORING } from "../dataFolder.ts";
import { type BackupNote, FOLDERS, KEYS, LEFT_OUT, RECORDS, readNote } from "./backupFolder.ts";
import { copyWhole, filesBelow, type Mirrored, mirrorTree } from "./mirrorTree.ts";
import { beginRestoring } from "./restoringMark.ts";

const FACTS = "blobs/facts/";
const CONTENTS = /^contents\/([0-9a-f]{2})\/([0-9a-f]{62})$/;
/** So many damaged files are named. */
const MOST_NAMED = 10;

/**
 * Into a folder that is new or empty, in its place: it may be a mounted disk, or in a folder of somebody else. What was killed is gone on with
 * by the same call. Throws InvalidRequest for what is no backup, and for a data folder in which something is; StorageFailed, naming it, for
 * what is not as it was. Then nothing is left in `data`.
 */
export async function restoreData(backup: string, data: string): Promise<BackupNote> {
  const note = await readNote(backup);
  const target = resolve(data);
  const isNew = !existsSync(target);
  await beginRestoring(target, note.beganAt);
  try {
    await fill(backup, target);
    await rm(join(target, RESTORING));
  } catch (error) {
    if (isNew) await rm(target, { recursive: true, force: true });
    for (const name of [...FOLDERS, ...KEYS, RECORDS, RESTORING])
      await rm(join(target, name), { recursive: true, force: true });
    throw error;
  }
  return note;
}

async function fill(backup: string, made: string): Promise<void> {
  for (const name of [...KEYS, RECORDS])
    await copyWhole(join(backup, name), join(made, name), await lstat(join(backup, name)));
  checkRecords(join(made, RECORDS));
  const damaged: string[] = [];
  const counts: Mirrored = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0 };
  for (const name of FOLDERS)
    await mirrorTree(
      {
        from: join(backup, name),
        to: join(made, name),
        without: LEFT_OUT,
        each: async (path) => {
          const [, start, rest] = name === "blobs" ? (CONTENTS.exec(path) ?? []) : [];
          if (start !== undefined && (await hashOf(join(made, name, path))) !== `${start}${rest}`)
            damaged.push(path);
        },
      },
      counts,
    );
  if (damaged.length > 0)
    throw new MalachiteError(
      "StorageFailed",
      `${damaged.length} files of the backup are not as they were: ${damaged.slice(0, MOST_NAMED).join(", ")}.`,
    );
  await moveFacts(join(made, "blobs"));
}

function checkRecords(file: string): void {
  const db = new DatabaseSync(file);
  try {
    const told = db.prepare("pragma quick_check(1)").get();
    const [found] = Object.values(told ?? {});
    if (found !== "ok")
      throw new MalachiteError("StorageFailed", `The records of the backup are damaged: ${String(found)}`);
  } finally {
    db.close();
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** Facts of blobs name the file that they are of, which is another one now. */
async function moveFacts(blobs: string): Promise<void> {
  for await (const path of filesBelow(join(blobs, FACTS))) {
    const file = join(blobs, FACTS, path);
    const moved = await movedFacts(blobs, await readFile(file, "utf8"));
    if (moved === undefined) await rm(file, { force: true });
    else await writeFile(file, moved, { flush: true });
  }
}
