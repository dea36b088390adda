// kill -9 in the middle of an export and of an import, at many places: nothing half visible, and the same command again finishes it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fillService, heldIn, MOVED_SCOPE, placeOf } from "../../conformance/movedWorkspace.ts";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "../../conformance/postgresServer.ts";
import { openPostgresRecords } from "../adapters/records/postgres/postgresRecords.ts";
import { openSqliteRecords } from "../adapters/records/sqlite/sqliteRecords.ts";
import type { Settings } from "../settings.ts";
import { exportWorkspace } from "./exportWorkspace.ts";
import { giveUpWorkspace, importWorkspace } from "./importWorkspace.ts";
import { killedAt } from "./testing/killedAt.ts";

describe("what a killed export or import leaves", { timeout: 900_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-killed-"));
  const good = join(home, "good.malachite");
  const first = placeOf(join(home, "first"));
  let postgres: PostgresUnderTest | undefined;
  before(async () => {
    if (withoutPostgres() === undefined) postgres = await startPostgres();
    await fillService(first);
    await exportWorkspace({ settings: first, workspace: MOVED_SCOPE, file: good });
  });
  after(async () => {
    await postgres?.[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });

  it("is no archive, and the next export is whole", async () => {
    const file = join(home, "again.malachite");
    await killedAt("files", "export", first, file);
    assert.ok(!existsSync(file));
    await exportWorkspace({ settings: first, workspace: MOVED_SCOPE, file });
    assert.deepEqual((await heldIn(file, String)).items, (await heldIn(good, String)).items);
  });

  const isThere = async ({ data, database }: Settings): Promise<boolean> => {
    const records =
      database === undefined
        ? await openSqliteRecords({ file: join(data, "records.sqlite") })
        : await openPostgresRecords({ url: database });
    try {
      const seen = (await records.workspaces.list()).length > 0;
      assert.equal((await records.runs.list({ scope: MOVED_SCOPE, limit: 1 })).values.length > 0, seen);
      if (!seen)
        await assert.rejects(records.workspaces.ensure(MOVED_SCOPE, 1), {
          code: "ImportUnfinished",
          message: /`malachite import` with the same archive.*--give-up/,
        });
      return seen;
    } finally {
      await records.close();
    }
  };

  for (const kind of ["SQLite", "PostgreSQL"] as const) {
    const skip = kind === "PostgreSQL" ? (withoutPostgres() ?? false) : false;
    it(`is seen by nobody, and finished or given up, in ${kind}`, { skip }, async () => {
      const settings = placeOf(
        join(home, kind),
        kind === "SQLite" ? {} : { database: postgres?.freshUrl() ?? "" },
      );
      const unseenAt = async (...places: readonly string[]): Promise<void> => {
        for (const place of places) {
          await killedAt(place, "import", settings, good);
          assert.equal(await isThere(settings), false, place);
        }
      };
      if (kind === "SQLite") await unseenAt("begun", "rows");
      else await unseenAt("files");
      assert.equal(await giveUpWorkspace({ settings, file: good }), true);
      assert.equal(await giveUpWorkspace({ settings, file: good }), false);
      if (kind === "SQLite") await unseenAt("files");
      await unseenAt("last");
      await importWorkspace({ settings, file: good });
      assert.equal(await isThere(settings), true);
      const file = join(home, `${kind}.malachite`);
      await exportWorkspace({ settings, workspace: MOVED_SCOPE, file });
      const [now, origin] = [await heldIn(file, String), await heldIn(good, String)];
      assert.deepEqual(now.items, origin.items);
      assert.deepEqual(now.rows.metric_points, origin.rows.metric_points);
      assert.equal(now.rows.runs?.length, origin.rows.runs?.length);
    });
  }
});
