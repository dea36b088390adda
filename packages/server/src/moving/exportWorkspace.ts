// A workspace into an archive, while its service works. The records first, of one instant; then the files, of which the records of that
// instant speak: files only ever become more, and longer at their end.
import { artifact } from "@malachite/contract";
import { containerOf, type Scope } from "@malachite/core";
import { containerFolder, isContainerItself } from "../adapters/blobs/folder/index.ts";
import type { Row } from "../adapters/records/shared/moving/movedRows.ts";
import { MOVED, type MovedTable } from "../adapters/records/shared/moving/movedTables.ts";
import type { RecordsOut } from "../adapters/records/shared/moving/recordsOut.ts";
import type { FileStores } from "../fileStores.ts";
import type { Settings } from "../settings.ts";
import { VERSION } from "../version.ts";
import type { Counts, FilePlace } from "./archive/items.ts";
import { type ArchiveWriter, writeArchive } from "./archive/writeArchive.ts";
import { newArchiveBox, readKeyFile } from "./secrets.ts";
import { SetAside } from "./setAside.ts";
import { awake, bucketOf, type Keys, OWN_DATASTORES, openFilesOut, openOut } from "./workplaces.ts";

export type ExportAsk = {
  readonly settings: Settings;
  readonly workspace: Scope;
  /** The archive; one that is there is written over when the new one is whole. */
  readonly file: string;
  /** A file whose words seal secrets; without it they are left out. */
  readonly keyFile?: string;
  readonly told?: (what: "records" | "files", done: number) => void;
};

export type Exported = Counts & {
  readonly workspace: string;
  /** The archive's own hash. */
  readonly archive: string;
  readonly archiveBytes: number;
  readonly exportedAt: string;
  /** Runs of the service that had not ended. */
  readonly unfinished: number;
  /** Datastores whose secrets are not in the archive. */
  readonly withoutSecrets: readonly string[];
  /** Runs whose password of a registry is not in the archive. */
  readonly withoutPasswords: number;
};

/** Throws WorkspaceNotFound, InvalidRequest for what is no data folder, StorageFailed, DatabaseUnavailable. */
export async function exportWorkspace(ask: ExportAsk): Promise<Exported> {
  const { settings, workspace, file, keyFile } = ask;
  using _awake = awake();
  const key = keyFile === undefined ? undefined : await readKeyFile(keyFile);
  await using stores = await openFilesOut(settings);
  using aside = new SetAside();
  return await writeArchive(file, async (to) => {
    const exporting = new Exporting(ask, to, stores, aside, key);
    {
      await using records = await openOut(settings);
      await exporting.records(records, workspace);
    }
    return await exporting.files();
  });
}

class Exporting {
  readonly #told: NonNullable<ExportAsk["told"]>;
  readonly #to: ArchiveWriter;
  readonly #stores: FileStores & { readonly keys: Keys };
  readonly #aside: SetAside;
  readonly #key: string | undefined;
  readonly #rows: Record<string, number> = {};
  readonly #withoutSecrets: string[] = [];
  #withoutPasswords = 0;
  #unfinished = 0;
  #scope: Scope;
  #at = 0;
  #files = 0;
  #fileBytes = 0;
  #snapshots = 0;

  constructor(
    { told = () => {}, workspace }: ExportAsk,
    to: ArchiveWriter,
    stores: FileStores & { readonly keys: Keys },
    aside: SetAside,
    key: string | undefined,
  ) {
    this.#told = told;
    this.#to = to;
    this.#stores = stores;
    this.#aside = aside;
    this.#key = key;
    this.#scope = workspace;
  }

  async records(records: RecordsOut, asked: Scope): Promise<void> {
    const { no, spans, ...workspace } = await records.workspace(asked);
    const { subscriptionId, resourceGroup, workspace: name } = workspace;
    this.#scope = { subscriptionId, resourceGroup, workspace: name };
    this.#at = Date.now();
    const sealing = this.#key === undefined ? undefined : newArchiveBox(this.#key);
    await this.#to.head({
      version: VERSION,
      schema: await records.schema(),
      tables: Object.fromEntries(MOVED.map(({ name, columns }) => [name, Object.keys(columns)])),
      workspace,
      exportedAt: this.#at,
      spans,
      ...(sealing?.secrets === undefined ? {} : { secrets: sealing.secrets }),
    });
    const { secretBox } = this.#stores.keys;
    const reseal = sealing && ((sealed: string) => sealing.box.seal(secretBox.open(sealed)));
    let done = 0;
    for (const table of MOVED) {
      this.#rows[table.name] = 0;
      for await (const rows of records.rows(table, no)) {
        const sent = this.#noted(table, rows, reseal);
        await this.#to.rows(table.name, sent);
        this.#rows[table.name] = (this.#rows[table.name] ?? 0) + rows.length;
        done += rows.length;
        this.#told("records", done);
      }
    }
  }

  /** Remembers what the files and the summary need of the rows; seals secrets anew, or leaves them out. */
  #noted(table: MovedTable, rows: readonly Row[], reseal?: (sealed: string) => string): readonly Row[] {
    const columns = Object.keys(table.columns);
    const at = (name: string): number => columns.indexOf(name);
    if (table.name === "runs")
      for (const row of rows) {
        this.#named(String(row[at("container_id")]));
        if (row[at("origin")] === "hosted" && !ENDED.has(String(row[at("status")]))) this.#unfinished += 1;
      }
    if (table.name === "assets") for (const row of rows) this.#namedIn(String(row[at("files")]));
    if (table.name === "model_versions") for (const row of rows) this.#namedIn(String(row[at("source")]));
    const sealed = Object.values(table.columns).indexOf("sealed?");
    if (sealed < 0) return rows;
    return rows.map((row) => {
      const secret = row[sealed];
      if (typeof secret !== "string") return row;
      if (reseal === undefined && table.name === "datastores")
        this.#withoutSecrets.push(String(row[at("name")]));
      else if (reseal === undefined) this.#withoutPasswords += 1;
      return row.with(sealed, reseal?.(secret) ?? null);
    });
  }

  #named(container: string): void {
    this.#aside.put("name", containerFolder(container), container);
  }

  /** Containers that ids of artifacts in a text name: `LocalUpload/NAME/PATH`. */
  #namedIn(text: string): void {
    for (const [, origin = "", container = ""] of text.matchAll(ARTIFACT))
      this.#named(containerOf(this.#scope, origin, container).container);
  }

  async files(): Promise<Exported> {
    const { stores, scope } = { stores: this.#stores, scope: this.#scope };
    for await (const { id, tree } of stores.snapshots.snapshotsOf(scope)) await this.#snapshot(id, tree);
    const latest = await stores.snapshots.latest(scope);
    if (latest !== undefined) await this.#to.item({ is: "latest", id: latest });
    for await (const folder of stores.containerFolders(scope)) this.#aside.put("folder", folder);
    for (const [folder] of this.#aside.all("folder")) {
      const container = isContainerItself(folder) ? folder : this.#aside.get("name", folder);
      await this.#filesOf(container === undefined ? { folder } : { container });
    }
    for (const datastore of OWN_DATASTORES) await this.#filesOf({ datastore });
    const counts: Counts = {
      rows: this.#rows,
      files: this.#files,
      fileBytes: this.#fileBytes,
      snapshots: this.#snapshots,
    };
    const archive = await this.#to.end(counts);
    const { subscriptionId, resourceGroup, workspace } = scope;
    return {
      ...counts,
      workspace: `${subscriptionId}/${resourceGroup}/${workspace}`,
      archive,
      archiveBytes: this.#to.bytes,
      exportedAt: new Date(this.#at).toISOString(),
      unfinished: this.#unfinished,
      withoutSecrets: this.#withoutSecrets,
      withoutPasswords: this.#withoutPasswords,
    };
  }

  async #snapshot(id: string, tree: string): Promise<void> {
    const { snapshots } = this.#stores;
    if (this.#aside.get("tree", tree) === undefined) {
      for await (const file of snapshots.files(tree)) {
        const { sha256, sizeBytes } = file;
        if (this.#aside.get("content", sha256) !== undefined) continue;
        await this.#to.item({ is: "content", sha256, sizeBytes }, snapshots.read(file));
        this.#aside.put("content", sha256);
        this.#count(sizeBytes);
      }
      const lines = linesOf(snapshots.files(tree), (file) => JSON.stringify(file));
      await this.#to.item({ is: "tree", tree }, lines);
      this.#aside.put("tree", tree);
    }
    const nodes = await snapshots.nodesOf(this.#scope, id);
    await this.#to.item({ is: "snapshot", id, tree, hasNodes: nodes !== undefined }, nodes);
    this.#snapshots += 1;
  }

  async #filesOf(place: FilePlace): Promise<void> {
    const { blobs, keys } = this.#stores;
    const bucket = bucketOf(this.#scope, place, keys);
    for (let after: string | undefined; ; ) {
      const page = await blobs.list(bucket, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const one of page.values) {
        if ("folder" in one) continue;
        after = one.path;
        await using open = await blobs.open({ bucket, path: one.path });
        // Removed meanwhile, by somebody who may.
        if (open === undefined) continue;
        const { path, sizeBytes, kind, headers, metadata, createdAt, changedAt } = open.info;
        await this.#to.item(
          { is: "file", in: place, path, sizeBytes, kind, headers, metadata, createdAt, changedAt },
          open.read(0, sizeBytes),
        );
        this.#count(sizeBytes);
      }
      if (!page.more) return;
    }
  }

  #count(sizeBytes: number): void {
    this.#files += 1;
    this.#fileBytes += sizeBytes;
    this.#told("files", this.#files);
  }
}

const PAGE = 500;
const ENDED: ReadonlySet<string> = new Set(["Completed", "Failed", "Canceled"]);
const ARTIFACT = new RegExp(`\\b(${artifact.ORIGINS.join("|")})/([^/"\\\\\\s]+)/`, "gi");

async function* linesOf<T>(items: AsyncIterable<T>, line: (item: T) => string): AsyncGenerator<Uint8Array> {
  let text = "";
  for await (const item of items) {
    text += `${line(item)}\n`;
    if (text.length < 64 * 1024) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}
