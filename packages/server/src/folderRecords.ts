// Which records the files of a data folder belong to. With others every run of those would be unknown, and what no record names goes in
// time: so the folder notes whose files it has, and is opened with no others while there are any.
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MalachiteError } from "@malachite/core";
import { keepsFiles } from "./fileStores.ts";
import { writeFileAtomic } from "./files/index.ts";

/** Beside the file of the records: the database that has them instead, without its password. A backup of the folder asks for it. */
export const elsewhereOf = (file: string): string => `${file}.elsewhere`;
/** The name that the records have had since they were made. */
const idOf = (file: string): string => join(dirname(file), "records.id");

const textOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;

/** The settings name no database, and one has the records. Called before the file is made. Throws StorageFailed. */
export function checkNotElsewhere(file: string): void {
  if (!existsSync(file) && existsSync(elsewhereOf(file)) && hasFiles(file))
    throw refused(file, "a records.sqlite that is not there");
}

/** Notes that the files are those of these records, the file or a database (`shown`). Throws StorageFailed where they are of others. */
export async function bindRecords(file: string, id: string, shown: string | undefined): Promise<void> {
  const known = textOf(idOf(file));
  // A folder of before this note has files of its own file of records, unless it says that they are in a database.
  const wereElsewhere = existsSync(elsewhereOf(file));
  const areOthers = shown === undefined ? wereElsewhere : !wereElsewhere && existsSync(file);
  const isOther = known === undefined ? areOthers : known !== id;
  if (isOther && hasFiles(file)) throw refused(file, shown ?? OWN);
  if (known !== id) await writeFileAtomic(idOf(file), `${id}\n`, 0o600);
  if (shown === undefined) await rm(elsewhereOf(file), { force: true });
  else if (textOf(elsewhereOf(file)) !== shown) await writeFileAtomic(elsewhereOf(file), `${shown}\n`, 0o600);
}

const hasFiles = (file: string): boolean => keepsFiles(join(dirname(file), "blobs"));

const OWN = "its own records.sqlite";

function refused(file: string, given: string): MalachiteError {
  const folder = dirname(file);
  const elsewhere = textOf(elsewhereOf(file));
  const [records, how] =
    elsewhere !== undefined
      ? [elsewhere, `Give --database ${elsewhere}`]
      : given === OWN
        ? ["an earlier records.sqlite", "Put that back"]
        : [OWN, "Leave --database out"];
  return new MalachiteError(
    "StorageFailed",
    `The files of the data folder '${folder}' are of the runs recorded in ${records}, and the settings name other records (${given}): with these all runs would be unknown, and their files would go in time. ${how}, or give another data folder; malachite export and import move a workspace. If those records are lost for good, remove '${idOf(file)}' to go on without them.`,
  );
}
