// Archives as every earlier release wrote them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { EARLIER_SCOPE, makeEarlier, SCHEMAS } from "../../conformance/earlierSchemas.ts";
import { placeOf } from "../../conformance/movedWorkspace.ts";
import type { Row } from "../adapters/records/shared/moving/movedRows.ts";
import { MOVED, NUMBERED } from "../adapters/records/shared/moving/movedTables.ts";
import { SqliteDatabase } from "../adapters/records/sqlite/sqliteDatabase.ts";
import { openSqliteRecords } from "../adapters/records/sqlite/sqliteRecords.ts";
import { writeArchive } from "./archive/writeArchive.ts";
import { importWorkspace } from "./importWorkspace.ts";

/** Those before this program's own. */
const EARLIER = SCHEMAS.slice(0, -1);

describe("the archives of earlier releases", { timeout: 300_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-archives-"));
  after(() => rmSync(home, { recursive: true }));

  const settings = placeOf(join(home, "into"));
  const scopeOf = (schema: number) => ({ ...EARLIER_SCOPE, workspace: `old${schema}` });

  /** The archive that a program of that schema would write of what it holds. */
  async function archiveOf(schema: number): Promise<string> {
    const file = join(home, `${schema}.sqlite`);
    const made = new SqliteDatabase(file, "writer");
    await makeEarlier(made, async (text) => made.exec(text), schema);
    made.close();
    using db = new DatabaseSync(file);
    const tables: Record<string, string[]> = {};
    const rows: Record<string, Row[]> = {};
    for (const { name } of MOVED) {
      const columns = db
        .prepare(`pragma table_info(${name})`)
        .all()
        .map((column) => String(column.name));
      if (columns.length === 0) continue;
      tables[name] = columns;
      rows[name] = db
        .prepare(`select * from ${name}`)
        .all()
        .map((row) => columns.map((column) => row[column] as number));
    }
    const spans = Object.fromEntries(
      NUMBERED.filter((name) => (rows[name]?.length ?? 0) > 0).map((name) => [name, { first: 1, last: 9 }]),
    );
    const archive = join(home, `${schema}.malachite`);
    await writeArchive(archive, async (to) => {
      const workspace = { ...scopeOf(schema), createdAt: 1 };
      await to.head({ version: "0", schema, tables, workspace, exportedAt: 1_700_000_000_999, spans });
      for (const [name, list] of Object.entries(rows)) await to.rows(name, list);
      await to.end({ rows: {}, files: 0, fileBytes: 0, snapshots: 0 });
    });
    return archive;
  }

  it("come forward, side by side", async () => {
    for (const schema of EARLIER) await importWorkspace({ settings, file: await archiveOf(schema) });
    const records = await openSqliteRecords({ file: join(settings.data, "records.sqlite") });
    try {
      for (const schema of EARLIER) {
        const scope = scopeOf(schema);
        const { values } = await records.runs.list({ scope, limit: 10 });
        assert.deepEqual(
          values.map(({ id, life }) => [id, life.status]),
          [
            ["working", "Failed"],
            ["waiting", "Failed"],
            ["ended", "Completed"],
          ],
        );
        const { byStatus } = await records.tables.count({ scope });
        assert.deepEqual(byStatus, { Completed: 1, Failed: 2 });
        const found = await records.tables.page({ scope, search: "old size=1", limit: 5 });
        assert.deepEqual(
          found.values.map(({ id }) => id),
          ["waiting"],
        );
        if (schema >= 4) {
          const points = await records.metrics.rows(scope, "ended", { name: "loss" }, { limit: 5 });
          assert.deepEqual(
            points.values.map(({ data }) => data.loss),
            [0.5, 0.25],
          );
        }
        if (schema >= 7) assert.equal(await records.datastores.defaultName(scope), "store");
      }
    } finally {
      await records.close();
    }
  });
});
