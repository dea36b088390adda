// Opening, dying and growing older: files of other programs, of older and of newer ones, and workers that end in the middle.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { entryOf, freshScope, newRun } from "../../../../conformance/recordsUnderTest.ts";
import { MIGRATIONS, migrate } from "../shared/migrations/migrate.ts";
import type { Migration } from "../shared/migrations/migration.ts";
import { SqliteDatabase } from "./sqliteDatabase.ts";
import { openSqliteRecords } from "./sqliteRecords.ts";

const isFailure = (says: RegExp) => (error: unknown) => {
  assert.ok(isMalachiteError(error), String(error));
  assert.equal(error.code, "StorageFailed");
  assert.match(error.message, says);
  return true;
};

describe("the SQLite records as a file", () => {
  let folder = "";
  let files = 0;
  const newFile = () => {
    files += 1;
    return join(folder, `${files}.sqlite`);
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "malachite-file-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("cannot be opened where there is no folder, or where another program's data lie", async () => {
    const missing = join(folder, "nowhere", "records.sqlite");
    await assert.rejects(
      openSqliteRecords({ file: missing }),
      isFailure(/nowhere.*cannot be opened.*unable to open/),
    );
    const text = newFile();
    writeFileSync(text, "These are no records. ".repeat(1_000));
    await assert.rejects(openSqliteRecords({ file: text }), isFailure(/cannot be opened.*not a database/));
  });

  it("is read by its owner alone, also where an earlier program let others read it", async () => {
    const file = newFile();
    writeFileSync(file, "", { mode: 0o644 });
    const records = await openSqliteRecords({ file });
    for (const part of [file, `${file}-wal`, `${file}-shm`]) assert.equal(statSync(part).mode & 0o777, 0o600);
    await records.close();
  });

  it("is not touched when a newer program wrote it", async () => {
    const file = newFile();
    await (await openSqliteRecords({ file })).close();
    const db = new DatabaseSync(file);
    db.exec("insert into schema_migrations values (99, 'tomorrow', 1)");
    db.close();
    await assert.rejects(
      openSqliteRecords({ file }),
      isFailure(/newer Malachite \(schema 99; this one knows schemas up to \d+\)/),
    );
  });

  it("keeps the tables it had when a migration fails", async () => {
    const db = new SqliteDatabase(newFile(), "writer");
    const transact = async (work: () => Promise<void>) => {
      db.exec("begin");
      await work().then(
        () => db.exec("commit"),
        (error) => {
          db.exec("rollback");
          throw error;
        },
      );
    };
    await migrate(db, transact, 1);
    const broken: Migration = {
      number: MIGRATIONS.length + 1,
      name: "broken",
      up: () => ["create table half (no integer)", "nonsense"],
    };
    await assert.rejects(migrate(db, transact, 2, [...MIGRATIONS, broken]), /syntax error/);
    const rows = await db.all(db.build.selectFrom("schema_migrations").selectAll().compile());
    assert.deepEqual(
      rows.map(({ number, applied_at }) => [number, applied_at]),
      MIGRATIONS.map(({ number }) => [number, 1]),
    );
    await migrate(db, transact, 3, [
      ...MIGRATIONS,
      { ...broken, up: () => ["create table half (no integer)"] },
    ]);
    db.close();
  });

  it("numbers its migrations from 1 without gaps", () => {
    assert.deepEqual(
      MIGRATIONS.map(({ number }) => number),
      MIGRATIONS.map((_, i) => i + 1),
    );
  });

  it("reads what schema 1 holds", async () => {
    const file = newFile();
    const db = new DatabaseSync(file);
    db.exec(readFileSync(new URL("fixtures/schema1.sql", import.meta.url), "utf8"));
    db.close();
    const { runs, experiments, workspaces, close } = await openSqliteRecords({ file });
    const [scope] = await workspaces.list();
    assert.ok(scope);
    const expected = JSON.parse(readFileSync(new URL("fixtures/schema1.json", import.meta.url), "utf8"));
    const { values } = await runs.list({ scope, limit: 100 });
    assert.deepEqual(
      await runs.getMany(
        scope,
        values.map(({ id }) => id),
      ),
      expected.runs,
    );
    assert.deepEqual(await runs.story(scope, "finished"), expected.story);
    assert.deepEqual((await experiments.list(scope, { limit: 10 })).values, expected.experiments);
    assert.equal(await runs.waiting("local"), 1);
    const abandoned = await runs.claimAbandoned({ owner: "o", at: 0, until: 1, force: true, limit: 10 });
    assert.deepEqual(
      abandoned.map(({ run }) => run.id),
      ["running", "owing"],
    );
    const { run } = await runs.create(
      newRun(scope, "next", { experimentName: "first experiment" }),
      entryOf("submitted"),
    );
    assert.equal(run.number, expected.runs.length + 1);
    await close();
  });

  it("lives on when its writer dies: what was pending is refused, what comes after is not", async () => {
    const records = await openSqliteRecords({
      file: newFile(),
      entry: new URL("testing/dyingWorker.ts", import.meta.url),
    });
    const scope = freshScope();
    const { run } = await records.runs.create(newRun(scope, "before"), entryOf("submitted"));
    const pending = [
      records.runs.letGo({ owner: "o", token: "die", until: 1 }),
      records.runs.describe(scope, "before", { displayName: "never" }, 1),
    ];
    for (const one of pending)
      await assert.rejects(one, isFailure(/writer of the records has ended \(exit code 7\)/));
    assert.deepEqual(await records.runs.get(scope, "before"), run);
    assert.equal(
      (await records.runs.describe(scope, "before", { displayName: "after" }, 2)).about.displayName,
      "after",
    );
    await records.close();
    await records.close();
  });

  it("answers what is wrong with the words of the storage", async () => {
    const file = newFile();
    const records = await openSqliteRecords({ file });
    const db = new DatabaseSync(file);
    db.exec("drop table run_story");
    db.close();
    const scope = freshScope();
    await assert.rejects(
      records.runs.create(newRun(scope, "r"), entryOf("submitted")),
      isFailure(/could not be written \(create\).*run_story/),
    );
    await assert.rejects(records.runs.story(scope, "r"), isFailure(/could not be read \(story\).*run_story/));
    assert.equal(await records.runs.get(scope, "r"), undefined);
    await records.close();
  });
});
