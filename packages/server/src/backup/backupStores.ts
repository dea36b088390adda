// Backup of a service whose records are in a database: an archive of each workspace, which has the files too wherever they are, beside the
// keys, certificates and audit log of the data folder. Until the note names the new archives, the backup before this one is whole.
import { lstat, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "@malachite/core";
import { workspaceFolder } from "../adapters/blobs/folder/index.ts";
import { orNothing } from "../files/index.ts";
import { exportWorkspace } from "../moving/exportWorkspace.ts";
import { openOut } from "../moving/workplaces.ts";
import type { Settings } from "../settings.ts";
import { VERSION } from "../version.ts";
import { beginBackup, KEYS, NOTE, writeNote } from "./backupFolder.ts";
import { copyWhole, dropStale, type Mirrored, mirrorTree } from "./mirrorTree.ts";

export const STORES_FOLDERS = ["tls", "audit"] as const;
export const WORKSPACES = "workspaces";

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

/**
 * Throws InvalidRequest for what is no data folder; what beginBackup and the stores throw. `told` hears what is durable.
 */
export async function backupStores(
  settings: Settings,
  into: string,
  told: (what: "keys" | "archive" | "note") => void = () => {},
): Promise<StoresNote> {
  const { data } = settings;
  const scopes: readonly Scope[] = await (async () => {
    await using records = await openOut(settings);
    return await records.workspaces();
  })();
  using _lock = await beginBackup(data, into);
  await mkdir(join(into, WORKSPACES), { recursive: true, mode: 0o700 });
  const beganAt = new Date().toISOString();
  for (const name of KEYS) await copyWhole(join(data, name), join(into, name), await lstat(join(data, name)));
  const counts: Mirrored = { files: 0, bytes: 0, copiedFiles: 0, copiedBytes: 0 };
  const mirrors = STORES_FOLDERS.map((name) => ({ from: join(data, name), to: join(into, name) }));
  for (const mirror of mirrors) await mirrorTree(mirror, counts);
  told("keys");
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
    told("archive");
  }
  const endedAt = new Date().toISOString();
  const note: StoresNote = { format: 2, version: VERSION, beganAt, endedAt, workspaces, files, bytes };
  await writeNote(into, note);
  told("note");
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
