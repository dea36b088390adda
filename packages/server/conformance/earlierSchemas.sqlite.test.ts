// SQLite files as every earlier release wrote them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { SqliteDatabase } from "../src/adapters/records/sqlite/sqliteDatabase.ts";
import { openSqliteRecords } from "../src/adapters/records/sqlite/sqliteRecords.ts";
import { BUNDLED_THREADS } from "./bundledThreads.ts";
import { makeEarlier } from "./earlierSchemas.ts";
import { earlierSchemasSuite } from "./earlierSchemasSuite.ts";

describe("the SQLite records of earlier releases", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-earlier-"));
  after(() => rmSync(folder, { recursive: true }));
  earlierSchemasSuite(async (schema) => {
    const file = join(folder, `${schema}.sqlite`);
    const db = new SqliteDatabase(file, "writer");
    await makeEarlier(db, async (text) => db.exec(text), schema);
    db.close();
    return openSqliteRecords({ file, entry: BUNDLED_THREADS.records });
  });
});
