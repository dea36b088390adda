// Where the records are is said beside the file that they are not in, for whoever copies the folder.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { startPostgres, withoutPostgres } from "../conformance/postgresServer.ts";
import { parseAddress } from "./adapters/records/postgres/address.ts";
import { createLog } from "./adapters/system/log.ts";
import { elsewhereOf, openRecords } from "./openRecords.ts";
import { readSettings } from "./settings.ts";

it("records in a database are told beside the file, until they are in the file", {
  skip: withoutPostgres() ?? false,
}, async () => {
  await using server = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), "malachite-records-"));
  const file = join(folder, "records.sqlite");
  const log = createLog("silent", () => {});
  try {
    const database = server.freshUrl();
    await (await openRecords(readSettings({ database }, {}), file, log)).close();
    assert.equal(readFileSync(elsewhereOf(file), "utf8").trim(), parseAddress(database).shown);
    await (await openRecords(readSettings({}, {}), file, log)).close();
    assert.ok(!existsSync(elsewhereOf(file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
