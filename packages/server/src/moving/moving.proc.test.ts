// A workspace on its way over all pairs of stores: SQLite and a folder, PostgreSQL and Azurite, PostgreSQL and S3, and back.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fillService, type Held, heldIn, MOVED_SCOPE, placeOf } from "../../conformance/movedWorkspace.ts";
import {
  azureObjectsUnderTest,
  type ObjectStorageUnderTest,
  s3ObjectsUnderTest,
} from "../../conformance/objectStoragesUnderTest.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "../../conformance/postgresServer.ts";
import { openPostgresRecords } from "../adapters/records/postgres/postgresRecords.ts";
import { openSqliteRecords } from "../adapters/records/sqlite/sqliteRecords.ts";
import { backupStores, readStoresNote } from "../backup/backupStores.ts";
import { restoreStores } from "../backup/restoreStores.ts";
import type { Settings } from "../settings.ts";
import { readArchive } from "./archive/readArchive.ts";
import { exportWorkspace } from "./exportWorkspace.ts";
import { importWorkspace } from "./importWorkspace.ts";
import { archiveBox } from "./secrets.ts";

const KEY = "a key of more than twelve characters";

describe("a workspace over all stores", { skip: withoutPostgres(), timeout: 900_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-moving-"));
  const keyFile = join(home, "key");
  let postgres: PostgresUnderTest;
  const urls: string[] = [];
  const fresh = (): string => {
    urls.push(postgres.freshUrl());
    return urls.at(-1) as string;
  };
  let azure: ObjectStorageUnderTest;
  let s3: ObjectStorageUnderTest;
  before(async () => {
    writeFileSync(keyFile, `${KEY}\n`);
    [postgres, azure, s3] = await Promise.all([
      startPostgres(),
      azureObjectsUnderTest(),
      s3ObjectsUnderTest(),
    ]);
  });
  after(async () => {
    await Promise.all([postgres, azure, s3].map((one) => one[Symbol.asyncDispose]()));
    rmSync(home, { recursive: true });
  });

  async function held(archive: string): Promise<Held> {
    let open = (sealed: string): string => sealed;
    for await (const part of readArchive(archive)) {
      if (part.is !== "head") break;
      const box = archiveBox(part.head.secrets as never, KEY);
      open = (sealed) => box.open(sealed);
    }
    return await heldIn(archive, open);
  }

  it("is the same at the end: every row, every file, every secret", async () => {
    const first = placeOf(join(home, "first"));
    await fillService(first);
    const places: readonly [string, Settings][] = [
      ["sqlite and folder", placeOf(join(home, "again"))],
      ["postgres and azure", placeOf(join(home, "azure"), { database: fresh(), objects: azure })],
      ["postgres and s3", placeOf(join(home, "s3"), { database: postgres.freshUrl(), objects: s3 })],
      ["sqlite and s3", placeOf(join(home, "mixed"), { objects: s3 })],
      ["postgres and folder", placeOf(join(home, "files"), { database: postgres.freshUrl() })],
      ["sqlite and folder again", placeOf(join(home, "last"))],
    ];
    const archiveOf = async (settings: Settings, n: number): Promise<string> => {
      const file = join(home, `${n}.malachite`);
      const done = await exportWorkspace({ settings, workspace: MOVED_SCOPE, file, keyFile });
      assert.deepEqual(done.withoutSecrets, []);
      return file;
    };
    let archive = await archiveOf(first, 0);
    const origin = await held(archive);
    let before: Held | undefined;
    for (const [i, [name, settings]] of places.entries()) {
      const done = await importWorkspace({ settings, file: archive, keyFile });
      assert.equal(done.ended, i === 0 ? 2 : 0, name);
      archive = await archiveOf(settings, i + 1);
      const now = await held(archive);
      assert.deepEqual(now.items, origin.items, `files of ${name}`);
      if (before !== undefined) assert.deepEqual(now.rows, before.rows, `rows of ${name}`);
      before = now;
    }
    // Against the first: the two runs that had not ended are ended, so their files are to be counted; all else is the same.
    const differ = Object.keys(origin.rows).filter(
      (table) => JSON.stringify(origin.rows[table]) !== JSON.stringify(before?.rows[table]),
    );
    assert.deepEqual(differ.sort(), ["kept_files", "run_counts", "run_story", "runs"]);
    const [, last] = places.at(-1) as [string, Settings];
    const records = await openSqliteRecords({ file: join(last.data, "records.sqlite") });
    try {
      await looksAsIt(records);
    } finally {
      await records.close();
    }
  });

  it("goes beside servers that are at work, and numbers that they give meanwhile are others", async () => {
    const url = postgres.freshUrl();
    const settings = placeOf(join(home, "beside"), { database: url });
    const records = await openPostgresRecords({ url });
    try {
      const other = { ...MOVED_SCOPE, workspace: "other" };
      await records.workspaces.ensure(other, 1);
      await importWorkspace({ settings, file: join(home, "0.malachite"), leaveSecrets: true });
      await looksAsIt(records);
      assert.deepEqual(
        (await records.workspaces.list()).map(({ workspace }) => workspace),
        ["other", "old"],
      );
    } finally {
      await records.close();
    }
  });

  /** What the ports tell of it. */
  async function looksAsIt(records: Awaited<ReturnType<typeof openSqliteRecords>>): Promise<void> {
    const { values } = await records.runs.list({ scope: MOVED_SCOPE, limit: 10 });
    assert.deepEqual(
      values.map(({ id, number, life }) => [id, number, life.status, life.outcome?.reason, life.release]),
      [
        ["working", 3, "Failed", "Moved", undefined],
        ["waiting", 2, "Failed", "Moved", undefined],
        ["ended", 1, "Completed", undefined, "paid"],
      ],
    );
    assert.deepEqual(await records.runs.letGoOf({ at: Number.MAX_SAFE_INTEGER, limit: 10 }), []);
    const story = await records.runs.story(MOVED_SCOPE, "working");
    assert.deepEqual(
      story.map(({ event, actor }) => [event, actor]),
      [
        ["submitted", "Ada"],
        ["failed", "import"],
      ],
    );
    assert.deepEqual((await records.tables.count({ scope: MOVED_SCOPE })).byStatus, {
      Completed: 1,
      Failed: 2,
    });
    const points = await records.metrics.rows(MOVED_SCOPE, "ended", { name: "loss" }, { limit: 9 });
    assert.deepEqual(
      points.values.slice(0, 4).map(({ data }) => data.loss),
      [0.5, 0.25, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
    const logs = (await records.tracking.logs(MOVED_SCOPE, ["ended"])).get("ended");
    assert.equal(logs?.params.nul, "a\0b");
    assert.equal(logs?.params.odd, "\uE000 𝒳 \\u0000");
    assert.deepEqual((await records.models.model(MOVED_SCOPE, "net"))?.aliases, { best: 1 });
    assert.deepEqual(
      await records.runs.claimQueued({
        pool: "local",
        capacity: { places: 2 },
        owner: "o",
        at: 0,
        until: 1,
      } as never),
      [],
    );
  }

  it("is refused where a database has the records and none was named", async () => {
    const { data } = placeOf(join(home, "beside"));
    const words = { code: "InvalidRequest", message: /are in postgres:.*give that with --database/ };
    const settings = placeOf(data);
    const file = join(home, "none");
    await assert.rejects(exportWorkspace({ settings, workspace: MOVED_SCOPE, file }), words);
    await assert.rejects(importWorkspace({ settings, file: join(home, "0.malachite"), keyFile }), words);
  });

  it("comes back from a backup of a service that has a database and an object storage", async () => {
    const settings = placeOf(join(home, "azure"), { database: urls[0] as string, objects: azure });
    const backup = join(home, "backup");
    await backupStores(settings, backup);
    const note = await backupStores(settings, backup);
    assert.deepEqual(
      await readdir(join(backup, "workspaces")),
      note.workspaces.map(({ file }) => file),
    );
    assert.deepEqual(await readStoresNote(backup), note);
    const restored = placeOf(join(home, "restored"), { database: postgres.freshUrl(), objects: s3 });
    await restoreStores(backup, note, restored);
    await assert.rejects(restoreStores(backup, note, restored), { message: /is not empty/ });
    const file = join(home, "restored.malachite");
    await exportWorkspace({ settings: restored, workspace: MOVED_SCOPE, file, keyFile });
    const [now, origin] = [await held(file), await held(join(home, "2.malachite"))];
    assert.deepEqual(now, origin);
  });

  it("tells nothing of secrets in an archive without a key", async () => {
    const file = join(home, "open.malachite");
    const done = await exportWorkspace({
      settings: placeOf(join(home, "first")),
      workspace: MOVED_SCOPE,
      file,
    });
    assert.deepEqual([done.withoutSecrets, done.withoutPasswords], [["store"], 1]);
    assert.ok(!readFileSync(file).includes("hush"));
  });
});
