// Records of an archive that an earlier release wrote: in a database of that release's tables, which then goes through the same migrations
// as any other, and is read as one of today.

import { type KnownWorkspace, MalachiteError, workspaceKey } from "@malachite/core";
import { CompiledQuery } from "kysely";
import { MIGRATIONS, migrate } from "../shared/migrations/migrate.ts";
import type { Row } from "../shared/moving/movedRows.ts";
import { NOT_MOVED } from "../shared/moving/movedTables.ts";
import { SqliteDatabase } from "./sqliteDatabase.ts";

export const NEWEST_SCHEMA = MIGRATIONS.length;

const bad = (why: string, cause?: unknown): MalachiteError =>
  new MalachiteError("BadExport", `The archive ${why}.`, cause === undefined ? {} : { cause });

/** A database file of that schema. `add` takes rows, `finish` brings them forward and closes the file. Throws BadExport. */
export class OlderRecords implements Disposable {
  readonly #db: SqliteDatabase;
  readonly #tables: Readonly<Record<string, readonly string[]>>;

  private constructor(db: SqliteDatabase, tables: Readonly<Record<string, readonly string[]>>) {
    this.#db = db;
    this.#tables = tables;
  }

  static async open(
    file: string,
    schema: number,
    tables: Readonly<Record<string, readonly string[]>>,
    workspace: KnownWorkspace,
  ): Promise<OlderRecords> {
    const db = new SqliteDatabase(file, "writer");
    // Should the machine go down, it is made again.
    await db.all(CompiledQuery.raw("pragma synchronous = off"));
    const staged = new OlderRecords(db, tables);
    await migrate(db, (work) => staged.#transact(work), 0, MIGRATIONS.slice(0, schema));
    for (const [table, columns] of Object.entries(tables)) await staged.#check(table, columns);
    const { subscriptionId, resourceGroup, workspace: name, createdAt } = workspace;
    await db.each(
      "insert into workspaces (no, key, subscription_id, resource_group, name, created_at) values (1, ?, ?, ?, ?, ?)",
      [[workspaceKey(workspace), subscriptionId, resourceGroup, name, createdAt]],
    );
    return staged;
  }

  async #check(table: string, columns: readonly string[]): Promise<void> {
    const found = /^[a-z_]+$/.test(table)
      ? await this.#db.all<{ name: string }>(
          CompiledQuery.raw(`pragma table_info(${table})`) as CompiledQuery<{ name: string }>,
        )
      : [];
    const names = new Set(found.map(({ name }) => name));
    if (names.size === 0 || table in NOT_MOVED || !columns.every((column) => names.has(column)))
      throw bad(`speaks of a table ${JSON.stringify(table.slice(0, 100))} that its release did not have so`);
  }

  async #transact(work: () => Promise<void>): Promise<void> {
    this.#db.exec("begin immediate");
    try {
      await work();
      this.#db.exec("commit");
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec("rollback");
      throw error;
    }
  }

  async add(table: string, rows: readonly Row[]): Promise<void> {
    const columns = this.#tables[table] as readonly string[];
    const workspace = columns.indexOf("workspace_no");
    const text = `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`;
    try {
      await this.#transact(async () => {
        await this.#db.each(text, workspace < 0 ? rows : rows.map((row) => row.with(workspace, 1)));
      });
    } catch (cause) {
      throw bad(
        `has rows of ${table} that do not belong together: ${cause instanceof Error ? cause.message : ""}`,
        cause,
      );
    }
  }

  async finish(): Promise<void> {
    await migrate(this.#db, (work) => this.#transact(work), 0);
    this.#db.close();
  }

  [Symbol.dispose](): void {
    try {
      this.#db.close();
    } catch {
      // It was closed when it was finished.
    }
  }
}
