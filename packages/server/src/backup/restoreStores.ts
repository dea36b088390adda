// Restore of a service whose records are in a database. Two notes say that it has begun: one in the data folder, one in the records, which
// knows the workspaces that are in. While either is there, no server starts; whatever kills the restore, the same command goes on.
import { existsSync } from "node:fs";
import { lstat, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beginRestore, endRestore } from "../adapters/records/shared/moving/restoreMark.ts";
import { RESTORING } from "../dataFolder.ts";
import { placeOf } from "../fileStores.ts";
import { importWorkspace } from "../moving/importWorkspace.ts";
import { awake, openInto } from "../moving/workplaces.ts";
import type { Settings } from "../settings.ts";
import { KEYS } from "./backupFolder.ts";
import { STORES_FOLDERS, type StoresNote, WORKSPACES } from "./backupStores.ts";
import { copyWhole, type Mirrored, mirrorTree } from "./mirrorTree.ts";
import { beginRestoring, keepMark } from "./restoringMark.ts";

/** What is durable by now. */
export type Restored = "marked" | "keys" | "begun" | "workspace" | "whole" | "unmarked";

/**
 * Into the stores that the settings name. What was killed is gone on with by the same call. Throws InvalidRequest for a data folder or a
 * database in which something else is; Busy while a server is at work on it; ImportUnfinished where the restore of another backup has
 * begun; what an import throws.
 */
export async function restoreStores(
  backup: string,
  note: StoresNote,
  settings: Settings,
  told: (what: Restored) => void = () => {},
): Promise<void> {
  using _awake = awake();
  const { data } = settings;
  const of = note.beganAt;
  const before = await beginRestoring(data, of);
  told("marked");
  if (before?.whole !== true) {
    await restoreFolder(backup, data);
    told("keys");
    await restoreWorkspaces(backup, note, settings, told);
    await keepMark(data, { of, whole: true });
    told("whole");
  }
  await withRecords(settings, (records) => endRestore(records, of));
  told("unmarked");
  await rm(join(data, RESTORING), { force: true });
}

async function restoreFolder(backup: string, data: string): Promise<void> {
  for (const name of KEYS)
    await copyWhole(join(backup, name), join(data, name), await lstat(join(backup, name)));
  const counts: Mirrored = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0 };
  for (const name of STORES_FOLDERS)
    if (existsSync(join(backup, name)))
      await mirrorTree({ from: join(backup, name), to: join(data, name) }, counts);
}

async function restoreWorkspaces(
  backup: string,
  note: StoresNote,
  settings: Settings,
  told: (what: Restored) => void,
): Promise<void> {
  const place = placeOf(settings.blobs);
  const files = place === "folder" ? resolve(settings.data) : place;
  const restore = { of: note.beganAt, files };
  const done = await withRecords(settings, (records) => beginRestore(records, restore, Date.now()));
  told("begun");
  for (const { file, archive } of note.workspaces) {
    if (done.has(archive)) continue;
    await importWorkspace({
      settings,
      file: join(backup, WORKSPACES, file),
      keyFile: join(backup, "secret"),
      restoring: archive,
    });
    told("workspace");
  }
}

async function withRecords<T>(
  settings: Settings,
  work: (records: Awaited<ReturnType<typeof openInto>>["records"]) => Promise<T>,
): Promise<T> {
  await using into = await openInto(settings, true);
  return await work(into.records);
}
