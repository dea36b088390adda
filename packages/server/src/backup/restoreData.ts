// A data folder out of a backup. It appears whole or not at all; every content is checked by its hash, the records by the database.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { MalachiteError } from "@malachite/core";
import { movedFacts } from "../adapters/blobs/folder/index.ts";
import { orNothing } from "../files/index.ts";
import { type BackupNote, FOLDERS, KEYS, LEFT_OUT, RECORDS, readNote } from "./backupFolder.ts";
import { copyWhole, filesBelow, type Mirrored, mirrorTree } from "./mirrorTree.ts";

const FACTS = "blobs/facts/";
const CONTENTS = /^contents\/([0-9a-f]{2})\/([0-9a-f]{62})$/;
/** So many damaged files are named. */
const MOST_NAMED = 10;

/**
 * Throws InvalidRequest for what is no backup, and for a data folder in which something is; StorageFailed, naming it, for what is not as
 * it was. Then nothing is left at `data`.
 */
export async function restoreData(backup: string, data: string): Promise<BackupNote> {
  const note = await readNote(backup);
  const target = resolve(data);
  if (((await readdir(target).catch(orNothing)) ?? []).length > 0)
    throw new MalachiteError(
      "InvalidRequest",
      `'${target}' is not empty. Move it away, or name another folder with --data.`,
    );
  const made = `${target}.restoring`;
  await rm(made, { recursive: true, force: true });
  await mkdir(made, { recursive: true, mode: 0o700 });
  try {
    await fill(backup, made);
    await rm(target, { recursive: true, force: true });
    await rename(made, target);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
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
