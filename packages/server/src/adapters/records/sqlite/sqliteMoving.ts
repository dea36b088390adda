// The file of the records for whoever moves a workspace out of it or into it. In the process of a command: nothing else runs there.
import { existsSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { MalachiteError } from "@malachite/core";
import type { Row, Value } from "../shared/moving/movedRows.ts";
import type { RecordsIn } from "../shared/moving/recordsIn.ts";
import { RecordsOut, type Snapshot } from "../shared/moving/recordsOut.ts";
import { SqliteDatabase } from "./sqliteDatabase.ts";

const BUSY_MS = 10_000;

/** One read transaction on the file, beside its writer. Throws InvalidRequest when there is no such file. */
export function openSqliteOut(file: string): RecordsOut {
  if (!existsSync(file))
    throw new MalachiteError("InvalidRequest", `There are no records in '${file}'. Name the data folder.`);
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS, defensive: true });
  db.exec("begin");
  const snapshot: Snapshot = {
    gap: "?",
    async *rows(text: string, parameters: readonly Value[], most: number) {
      const statement = db.prepare(text);
      statement.setReturnArrays(true);
      let some: Row[] = [];
      for (const row of statement.iterate(...(parameters as SQLInputValue[]))) {
        some.push(row as unknown as Row);
        if (some.length < most) continue;
        yield some;
        some = [];
      }
      if (some.length > 0) yield some;
    },
    async [Symbol.asyncDispose]() {
      db.close();
    },
  };
  return new RecordsOut(snapshot);
}

/** Opens the file for writing. Its tables are there. */
export function openSqliteIn(file: string): RecordsIn {
  const db = new SqliteDatabase(file, "writer");
  return {
    db,
    async transact(work) {
      db.exec("begin immediate");
      try {
        const done = await work();
        db.exec("commit");
        return done;
      } catch (error) {
        if (db.inTransaction) db.exec("rollback");
        throw error;
      }
    },
    // Whoever adds the next row takes the number after the greatest; nobody else does while the data folder is locked.
    reserve: async (_table, last) => last + 1,
    async [Symbol.asyncDispose]() {
      db.close();
    },
  };
}
