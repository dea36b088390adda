// Backup and restore of a service whose records are in a database: an archive of each workspace, which has the files too wherever they are,
// beside the keys, certificates and audit log of the data folder.
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { MalachiteError, type Scope } from "@malachite/core";
import { workspaceFolder } from "../adapters/blobs/folder/index.ts";
import { orNothing, writeFileAtomic } from "../files/index.ts";
import { exportWorkspace } from "../moving/exportWorkspace.ts";
import { importWorkspace } from "../moving/importWorkspace.ts";
import { openOut } from "../moving/workplaces.ts";
import type { Settings } from "../settings.ts";
import { VERSION } from "../version.ts";
import { lockBackup } from "./backupData.ts";
import { KEYS, NOTE } from "./backupFolder.ts";
import { copyWhole, dropStale, type Mirrored, mirrorTree } from "./mirrorTree.ts";

const FOLDERS = ["tls", "audit"] as const;
const WORKSPACES = "workspaces";
/** In a data folder that is being restored: the workspaces that are in it already. */
const RESTORING = "restoring.json";

export type StoresNote = {
  /** Programs that only know folders refuse it. */
  readonly format: 2;
  readonly version: string;
  /** Everything that was acknowledged by then is in it; each workspace is of an instant of its own after that. */
  readonly beganAt: string;
  readonly endedAt: string;
  readonly workspaces: readonly { readonly name: string; readonly file: string; readonly archive: string }[];
  readonly files: number;
  readonly bytes: number;
};

/** Throws InvalidRequest for what is no data folder; Busy where another backup goes into the same folder; what the stores throw. */
export async function backupStores(settings: Settings, into: string): Promise<StoresNote> {
  const { data } = settings;
  const scopes: readonly Scope[] = await (async () => {
    await using records = await openOut(settings);
    return await records.workspaces();
  })();
  await mkdir(join(into, WORKSPACES), { recursive: true, mode: 0o700 });
  using _lock = lockBackup(into);
  const beganAt = new Date().toISOString();
  for (const name of KEYS) await copyWhole(join(data, name), join(into, name), await lstat(join(data, name)));
  const counts: Mirrored = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0 };
  const mirrors = FOLDERS.map((name) => ({ from: join(data, name), to: join(into, name) }));
  for (const mirror of mirrors) await mirrorTree(mirror, counts);
  const workspaces: StoresNote["workspaces"][number][] = [];
  let [files, bytes] = [0, 0];
  for (const workspace of scopes) {
    // Another name each time: until the note names the new ones, the backup before this is whole.
    const file = `${workspaceFolder(workspace)}.${Date.parse(beganAt)}.malachite`;
    const done = await exportWorkspace({
      settings,
      workspace,
      file: join(into, WORKSPACES, file),
      // The backup has the key anyway.
      keyFile: join(into, "secret"),
    });
    workspaces.push({ name: done.workspace, file, archive: done.archive });
    files += done.files;
    bytes += done.fileBytes;
  }
  const endedAt = new Date().toISOString();
  const note: StoresNote = { format: 2, version: VERSION, beganAt, endedAt, workspaces, files, bytes };
  await writeFileAtomic(join(into, NOTE), `${JSON.stringify(note, null, 2)}\n`, 0o600);
  for (const mirror of mirrors) await dropStale(mirror);
  const named = new Set(workspaces.map(({ file }) => file));
  for (const name of await readdir(join(into, WORKSPACES)))
    if (!named.has(name)) await rm(join(into, WORKSPACES, name), { force: true });
  return note;
}

/** The note of such a backup; undefined for none, and for one of a folder. */
export async function readStoresNote(backup: string): Promise<StoresNote | undefined> {
  const text = await readFile(join(backup, NOTE), "utf8").catch(orNothing);
  const note = text === undefined ? undefined : (JSON.parse(text) as { format?: unknown });
  return note?.format === 2 ? (note as StoresNote) : undefined;
}

/**
 * Into the stores that the settings name. What was killed is gone on with by the same call. Throws InvalidRequest for a data folder in which
 * something else is; what an import throws.
 */
export async function restoreStores(backup: string, note: StoresNote, settings: Settings): Promise<void> {
  const { data } = settings;
  const mark = join(data, RESTORING);
  const begun = await readFile(mark, "utf8").catch(orNothing);
  const state = begun === undefined ? undefined : (JSON.parse(begun) as { of: string; done: string[] });
  const there = (await readdir(data).catch(orNothing)) ?? [];
  if ((state === undefined && there.length > 0) || (state !== undefined && state.of !== note.beganAt))
    throw new MalachiteError(
      "InvalidRequest",
      `'${data}' is not empty. Move it away, or name another folder with --data.`,
    );
  const done = new Set(state?.done);
  const remember = (): Promise<void> =>
    writeFileAtomic(mark, JSON.stringify({ of: note.beganAt, done: [...done] }), 0o600);
  await mkdir(data, { recursive: true, mode: 0o700 });
  await remember();
  for (const name of KEYS)
    await copyWhole(join(backup, name), join(data, name), await lstat(join(backup, name)));
  const counts: Mirrored = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0 };
  for (const name of FOLDERS)
    if (existsSync(join(backup, name)))
      await mirrorTree({ from: join(backup, name), to: join(data, name) }, counts);
  for (const { file, archive } of note.workspaces) {
    if (done.has(archive)) continue;
    const found = await importWorkspace({
      settings,
      file: join(backup, WORKSPACES, file),
      keyFile: join(backup, "secret"),
    }).catch((error: MalachiteError) => {
      // Killed between the end of this one and the note of it.
      if (begun !== undefined && error.code === "WorkspaceExists") return undefined;
      throw error;
    });
    if (found !== undefined && found.archive !== archive)
      throw new MalachiteError("BadExport", `'${file}' is not the archive that the backup was made with.`);
    done.add(archive);
    await remember();
  }
  await rm(mark, { force: true });
}
