// The name that the records have had since they were made; it stays theirs in a dump, a copy and a restored backup of the database.
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

const select = statement()((q) => q.selectFrom("records_id").select("id"));

export async function recordsId(db: Executor): Promise<string> {
  const [row] = await select(db, {});
  if (row === undefined) throw new Error("the table records_id is empty, which Malachite never leaves so");
  return row.id;
}
