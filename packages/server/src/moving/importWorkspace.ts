// A workspace out of an archive into the stores of a service. The archive is read twice: once to check all of it, then to take it in. What
// comes in is seen by nobody until the last step, and that is one transaction; whatever ends the import before, the same archive again
// finishes it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MalachiteError, type Scope } from "@malachite/core";
import { type Row, rowOf, type Spans } from "../adapters/records/shared/moving/movedRows.ts";
import { MOVED, type MovedTable } from "../adapters/records/shared/moving/movedTables.ts";
import {
  checkRoom,
  giveUpImport,
  type ImportAsk,
  Importing,
  isBegun,
} from "../adapters/records/shared/moving/recordsIn.ts";
import { openSqliteOut } from "../adapters/records/sqlite/sqliteMoving.ts";
import { NEWEST_SCHEMA, OlderRecords } from "../adapters/records/sqlite/stageOlder.ts";
import type { Settings } from "../settings.ts";
import type { Counts, Head } from "./archive/items.ts";
import { readArchive } from "./archive/readArchive.ts";
import { type Checked, checkArchive } from "./checkArchive.ts";
import { FilesIn } from "./landFiles.ts";
import { archiveBox, readKeyFile } from "./secrets.ts";
import { awake, type Into, OWN_DATASTORES, openInto } from "./workplaces.ts";

export type ImportWorkspaceAsk = {
  readonly settings: Settings;
  readonly file: string;
  /** The key file that the archive was made with. */
  readonly keyFile?: string;
  /** It is a part of a backup that is being restored: the archive's hash in the note of that. */
  readonly restoring?: string;
  /** Leaves secrets out that are in the archive. */
  readonly leaveSecrets?: boolean;
  /** `share`: of the archive, from 0 to 1. */
  readonly told?: (what: "check" | "take", share: number) => void;
  readonly archiveBytes?: number;
};

export type Imported = Counts & {
  readonly workspace: string;
  readonly archive: string;
  readonly exportedAt: string;
  /** Runs that had not ended when the workspace was exported, and are ended here. */
  readonly ended: number;
  readonly secrets: "taken" | "left out" | "none";
};

const nameOf = ({ subscriptionId, resourceGroup, workspace }: Scope): string =>
  `${subscriptionId}/${resourceGroup}/${workspace}`;

/**
 * Throws BadExport before anything is changed; WorkspaceExists, ImportUnfinished, Busy, InvalidRequest for a key that is missing or another;
 * and what the stores throw: then what was taken in is removed again.
 */
export async function importWorkspace(ask: ImportWorkspaceAsk): Promise<Imported> {
  const { settings, file, told = () => {} } = ask;
  using _awake = awake();
  const checked = await checkArchive(file, (bytes) => told("check", bytes));
  if (ask.restoring !== undefined && ask.restoring !== checked.hash)
    throw new MalachiteError("BadExport", `'${file}' is not the archive that the backup was made with.`);
  const reseal = await resealOf(checked.head, ask);
  await using into = await openInto(settings, ask.restoring !== undefined);
  const incoming = join(settings.data, "incoming", `import-${checked.hash}.sqlite`);
  try {
    const older = checked.head.schema < NEWEST_SCHEMA ? await stage(incoming, ask, checked) : undefined;
    await using records = older;
    const spans =
      records === undefined ? checked.head.spans : (await records.workspace(checked.head.workspace)).spans;
    const importing = new Taking(into, ask, checked, spans, (sealed) =>
      reseal === undefined ? null : into.keys.secretBox.seal(reseal(sealed)),
    );
    return await importing.run(records === undefined ? undefined : (table) => records.rows(table, 1));
  } finally {
    for (const end of ["", "-wal", "-shm"]) await rm(incoming + end, { force: true });
  }
}

async function resealOf({ secrets }: Head, { keyFile, leaveSecrets }: ImportWorkspaceAsk) {
  if (secrets === undefined || leaveSecrets === true) return undefined;
  if (keyFile === undefined)
    throw new MalachiteError(
      "InvalidRequest",
      "The archive has secrets. Give the key file that they were sealed with (--key-file), or leave them out (--leave-secrets).",
    );
  const box = archiveBox(secrets, await readKeyFile(keyFile));
  return (sealed: string) => box.open(sealed);
}

/** The records of an archive of an earlier release, as they are in this one. */
async function stage(database: string, { file }: ImportWorkspaceAsk, { head }: Checked) {
  await rm(database, { force: true });
  {
    using staged = await OlderRecords.open(database, head.schema, head.tables, head.workspace);
    for await (const part of readArchive(file)) {
      if (part.is === "item") break;
      if (part.is !== "rows") continue;
      const columns = head.tables[part.table] as readonly string[];
      await staged.add(
        part.table,
        part.rows.map((row) => rowOf(part.table, columns, row)),
      );
    }
    await staged.finish();
  }
  return openSqliteOut(database);
}

class Taking {
  readonly #into: Into;
  readonly #ask: ImportWorkspaceAsk;
  readonly #checked: Checked;
  readonly #of: ImportAsk;
  readonly #files: FilesIn;
  readonly #reseal: (sealed: string) => string | null;

  constructor(
    into: Into,
    ask: ImportWorkspaceAsk,
    checked: Checked,
    spans: Spans,
    reseal: (sealed: string) => string | null,
  ) {
    const { workspace } = checked.head;
    this.#into = into;
    this.#ask = ask;
    this.#checked = checked;
    const restoring = ask.restoring !== undefined;
    this.#of = { workspace, spans, archive: checked.hash, now: Date.now(), restoring };
    this.#files = new FilesIn(into.files, workspace, into.keys);
    this.#reseal = reseal;
  }

  /** `older`: the rows, where they are not read from the archive itself. */
  async run(older: ((table: MovedTable) => AsyncIterable<readonly Row[]>) | undefined): Promise<Imported> {
    const { head, counts, hash } = this.#checked;
    const { records } = this.#into;
    await records.transact(() => checkRoom(records.db, this.#of));
    if (!(await records.transact(() => isBegun(records.db, this.#of)))) await this.#checkFiles();
    const importing = await Importing.begin(records, this.#of, this.#reseal);
    let ended: number;
    try {
      if (older !== undefined)
        for (const table of MOVED) for await (const rows of older(table)) await importing.add(table, rows);
      await this.#take(importing, older === undefined);
      ended = await importing.endUnfinished(head.exportedAt, () => {});
      await importing.finish();
    } catch (error) {
      // Should this fail too, what is left is removed when the archive is imported again, or given up.
      await giveUp(this.#into, this.#of, this.#files, this.#ask.file).catch(() => {});
      throw error;
    }
    return {
      ...counts,
      workspace: nameOf(head.workspace),
      archive: hash,
      exportedAt: new Date(head.exportedAt).toISOString(),
      ended,
      secrets: head.secrets === undefined ? "none" : this.#ask.leaveSecrets === true ? "left out" : "taken",
    };
  }

  /** Files without records: somebody's, whatever they are. */
  async #checkFiles(): Promise<void> {
    const { workspace } = this.#checked.head;
    if (await this.#files.isEmpty(OWN_DATASTORES.map((datastore) => ({ datastore })))) return;
    throw new MalachiteError(
      "WorkspaceExists",
      `There are files of the workspace ${nameOf(workspace)} already. An import never mixes two workspaces.`,
    );
  }

  async #take(importing: Importing, withRows: boolean): Promise<void> {
    const { file, told = () => {} } = this.#ask;
    for await (const part of readArchive(file, (bytes) => told("take", bytes))) {
      if (part.is === "rows" && withRows) {
        const table = MOVED.find(({ name }) => name === part.table) as MovedTable;
        const columns = Object.keys(table.columns);
        await importing.add(
          table,
          part.rows.map((row) => rowOf(part.table, columns, row)),
        );
      } else if (part.is === "item") await this.#files.add(part.item, part.bytes);
      else if (part.is === "end" && part.hash !== this.#checked.hash)
        throw new MalachiteError("BadExport", "The archive was changed while it was imported.");
    }
    await this.#files.settled();
  }
}

/** Rows first: as long as the note of the import is there, no other may begin. False when none was begun. */
async function giveUp(into: Into, of: ImportAsk, files: FilesIn, archive: string): Promise<boolean> {
  const { records } = into;
  if (!(await records.transact(() => isBegun(records.db, of)))) return false;
  await files.settled().catch(() => {});
  for await (const part of readArchive(archive)) if (part.is === "item") await files.remove(part.item);
  await files.forgetSnapshots();
  return await giveUpImport(records, of);
}

/** Removes all that an import of the archive, which was begun and not finished, has left. False when there was none. */
export async function giveUpWorkspace({ settings, file }: ImportWorkspaceAsk): Promise<boolean> {
  using _awake = awake();
  const { head, hash } = await checkArchive(file);
  await using into = await openInto(settings);
  const of = { workspace: head.workspace, spans: head.spans, archive: hash, now: Date.now() };
  return await giveUp(into, of, new FilesIn(into.files, head.workspace, into.keys), file);
}
