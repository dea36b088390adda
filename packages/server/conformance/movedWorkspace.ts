// A workspace with something in every table and every kind of file, and what an archive of it holds, so that two may be compared.
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { malachite } from "@malachite/contract";
import type { BlobAddress } from "@malachite/core";
import { MOVED } from "../src/adapters/records/shared/moving/movedTables.ts";
import { SqliteDatabase } from "../src/adapters/records/sqlite/sqliteDatabase.ts";
import { createSecretBox } from "../src/adapters/system/secretBox.ts";
import { openDataFolder } from "../src/dataFolder.ts";
import type { FileStores } from "../src/fileStores.ts";
import type { FileItem, Head, Item } from "../src/moving/archive/items.ts";
import { readArchive } from "../src/moving/archive/readArchive.ts";
import { bucketOf, type Keys, openFilesOut } from "../src/moving/workplaces.ts";
import { readSettings, type Settings } from "../src/settings.ts";
import { EARLIER_SCOPE, makeEarlier, SCHEMAS } from "./earlierSchemas.ts";
import type { ObjectStorageUnderTest } from "./objectStoragesUnderTest.ts";

export const MOVED_SCOPE = EARLIER_SCOPE;
const NEWEST = SCHEMAS.at(-1) as number;
const AT = 1_700_000_000_000;

/** The settings of a service whose stores are these. */
export const placeOf = (
  data: string,
  { database, objects }: { readonly database?: string; readonly objects?: ObjectStorageUnderTest } = {},
): Settings => ({
  ...readSettings({ data, ...(database === undefined ? {} : { database }) }, {}),
  ...(objects === undefined
    ? {}
    : {
        blobs: {
          ...(objects.place(data) as { kind: "s3"; bucket: string; prefix: string }),
          keys: objects.keys as Record<string, string>,
          direct: false,
          cacheBytes: 1e9,
        },
      }),
});

/** Records and files of a new service. Another workspace lies beside, with numbers in between. */
export async function fillService(settings: Settings): Promise<void> {
  mkdirSync(settings.data, { recursive: true });
  const folder = openDataFolder(settings.data);
  const box = createSecretBox(folder.secret);
  folder[Symbol.dispose]();
  const db = new SqliteDatabase(join(settings.data, "records.sqlite"), "writer");
  await makeEarlier(db, async (text) => db.exec(text), NEWEST);
  for (const text of rows(box.seal('{"accountKey":"hush"}'), box.seal("registry password"))) db.exec(text);
  const insert = "insert into run_params values (1, ?, ?)";
  await db.each(insert, [
    ["nul", "a\0b"],
    ["odd", "\uE000 𝒳 \\u0000"],
    ["quote", `'"\n`],
  ]);
  db.close();
  await fillFiles(settings);
}

const rows = (sealed: string, password: string): string[] => [
  `update datastores set sealed = '${sealed}' where name = 'store'`,
  `update run_bodies set sealed_password = '${password}', sent = '{"s":1}', plan = '{"p":[1,2]}' where run_no = 1`,
  `insert into run_story values (1, 2, ${AT}, 'failed', 'Failed', 'a', 'why', '{"d":1}')`,
  `insert into run_datasets values (1, 'd', 'x', 'training', '{"b":1}')`,
  "insert into run_models values (1, 'output', 'm-1', 3)",
  // An operator has let go of it: what its machine still has is its old service's to free.
  `update runs set life = replace(life, '"status":"Completed"', '"status":"Completed","release":"letGo"') where no = 1`,
  `insert into logged_models values (7, 1, 1, 'm-1', 'net', null, 'ended', 'READY', ${AT}, ${AT}, 0, '{}', '{"t":"v"}')`,
  `insert into logged_model_metrics values (7, 'acc', '', '', 'ended', 0.5, 3, ${AT})`,
  "insert into metric_points values (1, 3.5, 2, 3, 1, 9e999, 'id-1', null), (1, 4.25, 3, 4, 1, -9e999, null, null), (1, 5.125, 4, 5, 0, null, null, '{\"a\":[1]}')",
  // Another workspace, whose rows stay where they are.
  `insert into workspaces values (2, 'o/o/o', 'o', 'o', 'o', ${AT})`,
  `insert into experiments (no, workspace_no, id, name, created_at, tags, last_number) values (2, 2, 'e2', 'other', ${AT}, '{}', 1)`,
  `insert into runs (no, workspace_no, experiment_no, number, id, origin, root_id, created_at, created_by, user_id, tenant_id, target,
    container_id, version, life_version, changed_at, status, started_at, hidden, life, about) values (4, 2, 2, 1, 'other', 'hosted', 'other',
    ${AT}, 'Eve', 'o', 't', 'local', 'dcid.other', 1, 1, ${AT}, 'Completed', -8640000000000001, 0,
    '{"status":"Completed","attempt":0}', '{"tags":{},"properties":{},"warnings":[]}')`,
];

async function* streamOf(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}
const check = () => {};

async function fillFiles(settings: Settings): Promise<void> {
  await using stores = await openFilesOut(settings);
  const put = async (
    at: BlobAddress,
    text: string | Uint8Array,
    more: Partial<FileItem> = {},
  ): Promise<void> => {
    const { headers = {}, metadata = {} } = more;
    const times = { createdAt: AT, changedAt: AT + 1_234 };
    await stores.blobs.put(at, streamOf(text), { headers, metadata, writer: "w", digests: {}, check, times });
  };
  const of = (place: FileItem["in"]) => bucketOf(MOVED_SCOPE, place, stores.keys);
  const run = of({ container: "dcid.ended" });
  await put({ bucket: run, path: "outputs/a b/ü.txt" }, "kept", {
    headers: { contentType: "text/markdown", cacheControl: "no-store" },
    metadata: { of: "mine" },
  });
  await put({ bucket: run, path: "empty" }, "");
  await put({ bucket: run, path: "user_logs/std_log.txt" }, "first line\nsecond line\n");
  await put({ bucket: run, path: "outputs/large.bin" }, Buffer.alloc(3_000_000, "malachite"));
  // Capital letters: its folder is called by a hash. One is named by a run, the other by nobody.
  await put({ bucket: of({ container: "localupload/Some Model" }), path: "model.pkl" }, "pickle");
  const grows = { bucket: of({ datastore: "workspaceblobstore" }), path: "logs/grows" };
  await stores.blobs.createAppend(grows, { headers: {}, metadata: { kind: "append" }, check });
  await stores.blobs.append(grows, streamOf("one piece"), { digests: {}, check });
  await put({ bucket: of({ datastore: "workspacefilestore" }), path: "share/x" }, "of the share");
  await fillSnapshots(stores);
}

export const CHOSEN_ID = "0f7a2c52-58a1-4c5e-9f6a-0123456789ab";

async function fillSnapshots({ snapshots }: FileStores & { readonly keys: Keys }): Promise<void> {
  const files: malachite.ProjectFile[] = [];
  for (const [path, text] of [
    ["src/lib.py", "lib"],
    ["train.py", "print('hi')\n"],
  ] as const) {
    const sha256 = createHash("sha256").update(text).digest("hex");
    await snapshots.adoptContent(sha256, streamOf(text));
    files.push({
      path,
      sha256,
      sizeBytes: text.length,
      ...(path === "train.py" ? { executable: true } : {}),
    });
  }
  const offered = await snapshots.offer(MOVED_SCOPE, files);
  if (!("snapshot" in offered)) throw new Error(`missing: ${offered.missing.join()}`);
  const { tree } = offered.snapshot;
  const head = { version: 1, id: CHOSEN_ID, about: { tags: { a: 1 } }, at: AT };
  const nodes = `${JSON.stringify(head)}\n${JSON.stringify([0, "", "d", "h", null])}\n${JSON.stringify([1, "train.py", "f", "h", null, files[1]?.sha256, 12])}\n`;
  await snapshots.adoptSnapshot(MOVED_SCOPE, { id: CHOSEN_ID, tree, nodes: streamOf(nodes) });
  await snapshots.adoptLatest(MOVED_SCOPE, CHOSEN_ID);
}

export type Held = {
  readonly rows: Readonly<Record<string, readonly string[]>>;
  readonly items: readonly string[];
};

/** All that an archive holds, in an order of its own, with numbers that count from the first of their table; secrets as opened. */
export async function heldIn(archive: string, open: (sealed: string) => string): Promise<Held> {
  let head: Head | undefined;
  const found: Record<string, string[]> = {};
  const items: string[] = [];
  for await (const part of readArchive(archive)) {
    if (part.is === "head") head = part.head;
    if (part.is === "rows") {
      const table = MOVED.find(({ name }) => name === part.table);
      const kinds = Object.entries(table?.columns ?? {});
      const list = found[part.table] ?? [];
      found[part.table] = list;
      for (const row of part.rows as unknown[][])
        list.push(
          JSON.stringify(
            row.map((value, i) => {
              const [, kind = ""] = kinds[i] ?? [];
              if (value === null) return null;
              if (kind === "workspace") return 1;
              if (kind === "sealed?") return open(String(value));
              const of = kind === "no" ? part.table : /^>(\w+)/.exec(kind)?.[1];
              const spans = (head?.spans ?? {}) as Record<string, { first: number }>;
              const first = spans[of ?? ""]?.first;
              return of === undefined ? value : Number(value) - Number(first);
            }),
          ),
        );
    }
    if (part.is === "item") items.push(await shownItem(part.item, part.bytes));
  }
  return {
    rows: Object.fromEntries(Object.entries(found).map(([name, list]) => [name, list.sort()])),
    items: items.sort(),
  };
}

/** Without the time of its making, which a file system does not take over. */
async function shownItem(item: Item, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of bytes) hash.update(piece);
  const { createdAt: _, ...rest } = item as FileItem;
  const told = rest.is === "file" && rest.kind === "append" ? { ...rest, changedAt: 0 } : rest;
  return `${JSON.stringify(told)} ${hash.digest("hex")}`;
}
