// What the data folder tells of a restore: that it was begun. While that is there no server starts on it, and the same command goes on.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { MalachiteError } from "@malachite/core";
import { RESTORING } from "../dataFolder.ts";
import { orNothing, writeFileAtomic } from "../files/index.ts";
import { heldBy } from "./backupFolder.ts";

export type Mark = {
  /** When the backup was made. */
  readonly of: string;
  /** All is in, and only the notes are to be removed. */
  readonly whole?: boolean;
};

export const keepMark = (data: string, mark: Mark): Promise<void> =>
  writeFileAtomic(join(data, RESTORING), JSON.stringify(mark), 0o600);

/**
 * Answers what an earlier call has noted; else makes the folder, if it is new, and notes that the restore of this backup was begun. Throws
 * InvalidRequest for a folder in which something else is.
 */
export async function beginRestoring(data: string, of: string): Promise<Mark | undefined> {
  const text = await readFile(join(data, RESTORING), "utf8").catch(orNothing);
  const begun = text === undefined ? undefined : (JSON.parse(text) as Mark);
  if (begun !== undefined && begun.of !== of)
    throw new MalachiteError(
      "InvalidRequest",
      `The restore of another backup, of ${begun.of}, into '${data}' was begun and not finished. Finish that one, or empty the folder, and the database if it has one.`,
    );
  // What a kill leaves of writing the first note is not something.
  const there = (await heldBy(data)).filter((name) => !name.startsWith(RESTORING));
  if (begun === undefined && there.length > 0)
    throw new MalachiteError(
      "InvalidRequest",
      `'${data}' is not empty. Move it away, or name another folder with --data.`,
    );
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (begun === undefined) await keepMark(data, { of });
  for (const name of await readdir(data))
    if (name.startsWith(`${RESTORING}.`)) await rm(join(data, name), { force: true });
  return begun;
}
