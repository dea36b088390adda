// Whatever table or column a migration adds, somebody must say whether it moves with a workspace.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { MOVED, NOT_MOVED, NUMBERED } from "../adapters/records/shared/moving/movedTables.ts";
import { REMOVED } from "../adapters/records/shared/moving/removeRows.ts";
import { openSqliteRecords } from "../adapters/records/sqlite/sqliteRecords.ts";

const KINDS: Readonly<Record<string, RegExp>> = {
  integer: /^(no|workspace|integer|>\w+)\??$/,
  real: /^real\??$/,
  text: /^(text|json|sealed)\??$/,
};

describe("the tables of an archive", () => {
  it("are those whose rows an import that is given up removes", () => {
    assert.deepEqual([...REMOVED].sort(), MOVED.map(({ name }) => name).sort());
  });

  it("are all that the records have, with all their columns", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-tables-"));
    try {
      const file = join(folder, "records.sqlite");
      await (await openSqliteRecords({ file })).close();
      using db = new DatabaseSync(file);
      const tables = db.prepare("select name from sqlite_schema where type = 'table'").all();
      const names = tables.map(({ name }) => String(name)).sort();
      assert.deepEqual([...MOVED.map(({ name }) => name), ...Object.keys(NOT_MOVED)].sort(), names);
      for (const { name, columns } of MOVED) {
        const found = db.prepare(`pragma table_info(${name})`).all();
        assert.deepEqual(
          Object.keys(columns).sort(),
          found.map((column) => String(column.name)).sort(),
          name,
        );
        for (const { name: column, type, notnull, pk } of found) {
          const kind = columns[String(column)] ?? "";
          assert.match(kind, KINDS[String(type).toLowerCase()] ?? /$^/, `${name}.${String(column)}`);
          const isNull = notnull === 0 && pk === 0;
          // metrics without a run are on their way out, and do not move.
          if (`${name}.${String(column)}` !== "metrics.run_no")
            assert.equal(kind.endsWith("?"), isNull, `${name}.${String(column)} or null`);
        }
        assert.equal("no" in columns, (NUMBERED as readonly string[]).includes(name), name);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
