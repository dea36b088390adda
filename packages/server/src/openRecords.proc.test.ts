// Which records a data folder is opened with: where they are is said beside the file that they are not in, for whoever copies the folder;
// while it has files it is opened with no others.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type PostgresUnderTest, startPostgres, withoutPostgres } from "../conformance/postgresServer.ts";
import { parseAddress } from "./adapters/records/postgres/address.ts";
import { createLog } from "./adapters/system/log.ts";
import { elsewhereOf } from "./folderRecords.ts";
import { openRecords } from "./openRecords.ts";
import { readSettings } from "./settings.ts";

describe("the records of a data folder", { skip: withoutPostgres() ?? false }, () => {
  let server: PostgresUnderTest;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.[Symbol.asyncDispose]());

  class Folder implements Disposable {
    readonly path = mkdtempSync(join(tmpdir(), "malachite-records-"));
    readonly file = join(this.path, "records.sqlite");
    readonly id = join(this.path, "records.id");
    /** Opens its own file, or the database. */
    async open(database?: string): Promise<void> {
      const settings = readSettings(database === undefined ? {} : { database }, {});
      await (
        await openRecords(
          settings,
          this.file,
          createLog("silent", () => {}),
        )
      ).close();
    }
    keepFiles(): void {
      mkdirSync(join(this.path, "blobs", "artifacts", "of a run"), { recursive: true });
    }
    [Symbol.dispose](): void {
      rmSync(this.path, { recursive: true });
    }
  }
  const shownOf = (database: string): string => parseAddress(database).shown;
  const isRefused =
    (...parts: readonly string[]) =>
    (error: Error) => {
      for (const part of parts) assert.ok(error.message.includes(part), `${error.message} lacks ${part}`);
      assert.equal((error as Error & { code: string }).code, "StorageFailed");
      return true;
    };

  it("are told beside the file, until they are in the file", async () => {
    using folder = new Folder();
    const database = server.freshUrl();
    await folder.open(database);
    assert.equal(readFileSync(elsewhereOf(folder.file), "utf8").trim(), shownOf(database));
    await folder.open();
    assert.ok(!existsSync(elsewhereOf(folder.file)));
  });

  it("in a file are not left for a database while there are files of their runs", async () => {
    using folder = new Folder();
    const database = server.freshUrl();
    await folder.open();
    folder.keepFiles();
    const refused = isRefused(
      folder.path,
      "its own records.sqlite",
      shownOf(database),
      "Leave --database out",
    );
    await assert.rejects(folder.open(database), refused);
    await folder.open();
    // A folder of before there was a note says the same.
    rmSync(folder.id);
    await assert.rejects(folder.open(database), refused);
    await folder.open();
  });

  it("in a database are not left for a file or another database, whatever address it is reached by", async () => {
    using folder = new Folder();
    const database = server.freshUrl();
    await folder.open(database);
    folder.keepFiles();
    const refused = isRefused(folder.path, `Give --database ${shownOf(database)}`, "records.id");
    await assert.rejects(folder.open(), refused);
    assert.ok(!existsSync(folder.file), "nothing is made");
    await assert.rejects(folder.open(server.freshUrl()), refused);
    const elsewhere = new URL(database);
    elsewhere.hostname = elsewhere.hostname === "localhost" ? "127.0.0.1" : "localhost";
    await folder.open(String(elsewhere));
    await folder.open(database);
    // A folder of before there was a note.
    rmSync(folder.id);
    await assert.rejects(folder.open(), refused);
    await folder.open(database);
    // A file that has come from somewhere else.
    writeFileSync(folder.file, "");
    await assert.rejects(folder.open(), refused);
  });

  it("that are lost may be given up", async () => {
    using folder = new Folder();
    await folder.open();
    folder.keepFiles();
    rmSync(folder.file);
    await assert.rejects(folder.open(), isRefused("an earlier records.sqlite", "Put that back", folder.id));
    rmSync(folder.id);
    await folder.open();
  });
});
