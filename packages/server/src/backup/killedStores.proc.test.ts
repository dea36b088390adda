// kill -9 at each step of a backup and of a restore of a service with PostgreSQL and an object storage: the same command again makes it
// whole, and no server starts on a part.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fillService, heldIn, MOVED_SCOPE, placeOf } from "../../conformance/movedWorkspace.ts";
import {
  azureObjectsUnderTest,
  type ObjectStorageUnderTest,
} from "../../conformance/objectStoragesUnderTest.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "../../conformance/postgresServer.ts";
import { openPostgresRecords } from "../adapters/records/postgres/postgresRecords.ts";
import { compose } from "../compose.ts";
import { openDataFolder } from "../dataFolder.ts";
import { exportWorkspace } from "../moving/exportWorkspace.ts";
import { importWorkspace } from "../moving/importWorkspace.ts";
import { killedAt } from "../moving/testing/killedAt.ts";
import type { Settings } from "../settings.ts";
import { backupStores, readStoresNote, type StoresNote } from "./backupStores.ts";
import { restoreStores } from "./restoreStores.ts";

const SERVER = { owner: "s", machine: "m", sight: "", url: "http://busy", startedAt: 1 };

describe("a backup of a database that is killed", { skip: withoutPostgres(), timeout: 900_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-killed-stores-"));
  const backup = join(home, "backup");
  const good = join(home, "good.malachite");
  let postgres: PostgresUnderTest;
  let objects: ObjectStorageUnderTest;
  let from: Settings;
  let note: StoresNote;
  before(async () => {
    [postgres, objects] = await Promise.all([startPostgres(), azureObjectsUnderTest()]);
    const sqlite = placeOf(join(home, "sqlite"));
    await fillService(sqlite);
    from = placeOf(join(home, "from"), { database: postgres.freshUrl(), objects });
    const other = { subscriptionId: "o", resourceGroup: "o", workspace: "o" };
    for (const [i, workspace] of [MOVED_SCOPE, other].entries()) {
      const file = join(home, `${i}.malachite`);
      await exportWorkspace({ settings: sqlite, workspace, file });
      await importWorkspace({ settings: from, file });
    }
    await exportWorkspace({ settings: from, workspace: MOVED_SCOPE, file: good });
    note = await backupStores(from, backup);
    assert.equal(note.workspaces.length, 2);
  });
  after(async () => {
    await Promise.all([postgres, objects].map((one) => one[Symbol.asyncDispose]()));
    rmSync(home, { recursive: true });
  });

  const noteOf = async (): Promise<StoresNote> => (await readStoresNote(backup)) as StoresNote;

  /** A whole service, as it was. */
  async function isWhole(settings: Settings, name: string): Promise<void> {
    const file = join(home, `${name}.malachite`);
    await exportWorkspace({ settings, workspace: MOVED_SCOPE, file });
    assert.deepEqual(await heldIn(file, String), await heldIn(good, String), name);
    const records = await openPostgresRecords({ url: settings.database as string });
    try {
      const names = (await records.workspaces.list()).map(({ workspace }) => workspace);
      assert.deepEqual(names.sort(), ["o", "old"]);
      // A server may begin.
      assert.equal((await records.servers.seen({ ...SERVER, seenUntil: 2 }, 1)).length, 1);
    } finally {
      await records.close();
    }
  }

  it("leaves the one before, until it is whole itself", async () => {
    for (const place of ["told keys 1", "told archive 1"]) {
      await killedAt(place, "backup", from, backup);
      assert.deepEqual(await noteOf(), note, place);
    }
    const kept = placeOf(join(home, "kept"), { database: postgres.freshUrl(), objects });
    await restoreStores(backup, note, kept);
    await isWhole(kept, "kept");
    await killedAt("told note 1", "backup", from, backup);
    assert.notDeepEqual(await noteOf(), note);
    note = await backupStores(from, backup);
  });

  it("is restored whole, wherever the restore was killed, and nobody is served a part", async () => {
    const settings = placeOf(join(home, "restored"), { database: postgres.freshUrl(), objects });
    const records = await openPostgresRecords({ url: settings.database as string });
    try {
      // What a kill leaves of writing the very first note.
      mkdirSync(settings.data);
      writeFileSync(join(settings.data, "restoring.json.0.tmp"), "{");
      const places = ["told marked 1", "told begun 1", "rows", "files", "last", "told workspace 1"];
      for (const place of [...places, "told whole 1", "told unmarked 1"]) {
        await killedAt(place, "restore", settings, backup);
        assert.throws(
          () => openDataFolder(settings.data, { shared: "s" }),
          {
            code: "ImportUnfinished",
            message: /restore of a backup into '.*' was begun and not finished/,
          },
          place,
        );
        if (!places.slice(1).includes(place)) continue;
        // Neither a server with another data folder, nor one that is at work, nor another restore or import.
        await assert.rejects(records.servers.seen({ ...SERVER, seenUntil: 2 }, 1), {
          code: "ImportUnfinished",
        });
        await assert.rejects(records.workspaces.ensure({ ...MOVED_SCOPE, workspace: "new" }, 1), {
          code: "ImportUnfinished",
        });
      }
      await assert.rejects(compose(settings, { env: {}, writeLog: () => {} }), { code: "ImportUnfinished" });
      await assert.rejects(exportWorkspace({ settings, workspace: MOVED_SCOPE, file: join(home, "part") }), {
        code: "ImportUnfinished",
      });
      const another = { ...settings, data: join(home, "another") };
      await assert.rejects(restoreStores(backup, { ...note, beganAt: "2001" }, settings), {
        code: "InvalidRequest",
        message: /restore of another backup, of 2\d+-.* was begun and not finished/,
      });
      await restoreStores(backup, note, settings);
      await isWhole(settings, "restored");
      await assert.rejects(restoreStores(backup, note, another), {
        code: "InvalidRequest",
        message: /has the workspace '\w+' already/,
      });
    } finally {
      await records.close();
    }
  });

  it("goes on in a database with a part of it, from another data folder, and not beside a server or another restore", async () => {
    const url = postgres.freshUrl();
    const first = placeOf(join(home, "lost"), { database: url, objects });
    await killedAt("told workspace 1", "restore", first, backup);
    const records = await openPostgresRecords({ url });
    try {
      const other = { ...note, beganAt: "2001" };
      await assert.rejects(
        restoreStores(backup, other, placeOf(join(home, "second"), { database: url, objects })),
        {
          code: "ImportUnfinished",
        },
      );
      const damaged = { ...note, workspaces: note.workspaces.map((one) => ({ ...one, archive: "x" })) };
      const elsewhere = placeOf(join(home, "elsewhere"), { database: url, objects });
      await assert.rejects(restoreStores(backup, note, elsewhere), {
        code: "ImportUnfinished",
        message: /with files in azure:.*was begun and not finished/,
      });
      const third = { ...placeOf(join(home, "third"), { database: url }), blobs: first.blobs };
      await assert.rejects(restoreStores(backup, damaged, third), {
        code: "BadExport",
        message: /is not the archive that the backup was made with/,
      });
      await restoreStores(backup, note, third);
      await isWhole(third, "third");
      await records.servers.seen({ ...SERVER, seenUntil: Date.now() + 60_000 }, 1);
      const busy = placeOf(join(home, "busy"), { database: url, objects });
      await assert.rejects(restoreStores(backup, note, busy), {
        code: "Busy",
        message: /http:\/\/busy works/,
      });
    } finally {
      await records.close();
    }
  });
});
