// The stores of a service, for a command that moves a workspace: those that its settings name, opened beside it or in its place.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BlobBucket,
  BUILT_IN,
  MalachiteError,
  type Scope,
  type SecretBox,
  workspaceKey,
} from "@malachite/core";
import { checkedFolder } from "../adapters/blobs/folder/index.ts";
import type { RecordsIn } from "../adapters/records/shared/moving/recordsIn.ts";
import type { RecordsOut } from "../adapters/records/shared/moving/recordsOut.ts";
import { openSqliteIn, openSqliteOut } from "../adapters/records/sqlite/sqliteMoving.ts";
import { createLog } from "../adapters/system/log.ts";
import { createSecretBox } from "../adapters/system/secretBox.ts";
import { guidOf } from "../addresses.ts";
import { checkRestored, openDataFolder } from "../dataFolder.ts";
import { ENTRIES } from "../entries.ts";
import { type FileStores, openFileStores } from "../fileStores.ts";
import { elsewhereOf } from "../folderRecords.ts";
import { openRecords } from "../openRecords.ts";
import type { Settings } from "../settings.ts";
import type { FilePlace } from "./archive/items.ts";

const log = createLog("silent", () => {});

/** Threads of the stores keep no process alive by themselves: without this, Node would end while it waits for them. */
export function awake(): Disposable {
  const timer = setInterval(() => {}, 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What a data folder has of its own. */
export type Keys = { readonly secretBox: SecretBox; readonly id: string };

/** The keys of a data folder that a service has made. Throws InvalidRequest. */
function keysOf(data: string): Keys {
  const read = (name: string): string => {
    const file = join(data, name);
    if (existsSync(file)) return readFileSync(file, "utf8").trim();
    throw new MalachiteError("InvalidRequest", `'${data}' holds no file '${name}', so it is no data folder.`);
  };
  return { secretBox: createSecretBox(Buffer.from(read("secret"), "hex")), id: read("id") };
}

/** Throws InvalidRequest where a database has the records of the folder and none was named. */
function checkElsewhere({ data, database }: Settings): void {
  const note = elsewhereOf(join(data, "records.sqlite"));
  if (database !== undefined || !existsSync(note)) return;
  const elsewhere = readFileSync(note, "utf8").trim();
  throw new MalachiteError(
    "InvalidRequest",
    `The records of '${data}' are in ${elsewhere}: give that with --database.`,
  );
}

/** The records as they are now. Where they are elsewhere than the settings say, that is told. */
export async function openOut(settings: Settings): Promise<RecordsOut> {
  const { data, database, databasePassword } = settings;
  checkRestored(data);
  checkElsewhere(settings);
  if (database === undefined) return openSqliteOut(join(data, "records.sqlite"));
  const { openPostgresOut } = await import("../adapters/records/postgres/postgresMoving.ts");
  return await openPostgresOut({
    url: database,
    ...(databasePassword === undefined ? {} : { password: databasePassword }),
  });
}

/** The files of the service, beside it. */
export async function openFilesOut({ data, blobs }: Settings): Promise<FileStores & { readonly keys: Keys }> {
  checkRestored(data);
  const keys = keysOf(data);
  const stores = await openFileStores({
    setting: blobs,
    folder: join(data, "blobs"),
    incoming: join(data, "incoming"),
    entry: ENTRIES.blobs,
    now: Date.now(),
    several: true,
    asGuest: true,
    log,
  });
  return { ...stores, keys };
}

export type Into = AsyncDisposable & {
  readonly records: RecordsIn;
  readonly files: FileStores;
  readonly keys: Keys;
};

/**
 * The stores to import into. With a database its servers may be at work; a file of records is for one program at a time. Throws Busy,
 * StorageFailed, DatabaseUnavailable; ImportUnfinished for a half-restored folder, unless it is the restore that asks.
 */
export async function openInto(settings: Settings, restoring = false): Promise<Into> {
  checkElsewhere(settings);
  await using opened = new AsyncDisposableStack();
  const several = settings.database !== undefined;
  const shared = `import${randomBytes(6).toString("hex")}`;
  const folder = opened.use(openDataFolder(settings.data, { restoring, ...(several ? { shared } : {}) }));
  folder.begun();
  // Brings the tables up to date, as a start of the service does.
  await (await openRecords(settings, folder.records, log)).close();
  const records = opened.use(await openIn(settings, folder.records));
  const files = opened.use(
    await openFileStores({
      setting: settings.blobs,
      folder: folder.blobs,
      incoming: folder.incoming,
      entry: ENTRIES.blobs,
      now: Date.now(),
      several,
      asGuest: several,
      log,
    }),
  );
  const owned = opened.move();
  return {
    records,
    files,
    keys: { secretBox: createSecretBox(folder.secret), id: folder.id },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

async function openIn({ database, databasePassword }: Settings, file: string): Promise<RecordsIn> {
  if (database === undefined) return openSqliteIn(file);
  const { openPostgresIn } = await import("../adapters/records/postgres/postgresMoving.ts");
  return await openPostgresIn({
    url: database,
    ...(databasePassword === undefined ? {} : { password: databasePassword }),
  });
}

/** Datastores whose files are the service's own. */
export const OWN_DATASTORES = Object.keys(BUILT_IN) as readonly (keyof typeof BUILT_IN)[];

/** Where files of that place are in a service. Throws BadExport for a place that there is not. */
export function bucketOf(scope: Scope, place: FilePlace, { id }: Keys): BlobBucket {
  if ("container" in place && typeof place.container === "string")
    return { kind: "artifacts", scope, container: place.container };
  if ("folder" in place && typeof place.folder === "string")
    return { kind: "folder", scope, folder: checkedFolder(place.folder) };
  const name = OWN_DATASTORES.find((one) => "datastore" in place && one === place.datastore);
  if (name !== undefined)
    return { kind: "store", name: `${BUILT_IN[name]}-${guidOf(id, workspaceKey(scope))}` };
  throw new MalachiteError("BadExport", "The archive has a file that is in no place of a workspace.");
}
