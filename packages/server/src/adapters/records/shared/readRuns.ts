// Runs by id or number, whole.
import { type Run, type Scope, workspaceKey } from "@malachite/core";
import type { Executor } from "./executor.ts";
import { fullRun, fullRuns } from "./runRows.ts";
import { statement } from "./statement.ts";

/** So many values in one `in` list; more are asked for in several statements. */
const AT_ONCE = 500;

const selectById = statement<{ key: string; id: string }>()((q, p) =>
  fullRuns(q).where("w.key", "=", p.key).where("r.id", "=", p.id),
);

/** See `RunStore.get`. */
export async function getRun(db: Executor, scope: Scope, runId: string): Promise<Run | undefined> {
  const [row] = await selectById(db, { key: workspaceKey(scope), id: runId });
  return row && fullRun(row);
}

/** See `RunStore.getMany`: in the order of the ids, each once, those that are there. */
export async function getRuns(
  db: Executor,
  scope: Scope,
  runIds: readonly string[],
): Promise<readonly Run[]> {
  const found = new Map<string, Run>();
  const ids = [...new Set(runIds)];
  for (const some of chunks(ids)) {
    const query = fullRuns(db.build).where("w.key", "=", workspaceKey(scope)).where("r.id", "in", some);
    for (const row of await db.all(query.compile())) found.set(row.id, fullRun(row));
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** By number, in the order of the numbers given. */
export async function runsByNo(db: Executor, numbers: readonly number[]): Promise<readonly Run[]> {
  const found = new Map<number, Run>();
  for (const some of chunks(numbers)) {
    for (const row of await db.all(fullRuns(db.build).where("r.no", "in", some).compile()))
      found.set(row.no, fullRun(row));
  }
  return numbers.flatMap((no) => found.get(no) ?? []);
}

/** The list in pieces that fit into one statement. */
export function chunks<T>(list: readonly T[]): readonly (readonly T[])[] {
  const pieces: T[][] = [];
  for (let at = 0; at < list.length; at += AT_ONCE) pieces.push(list.slice(at, at + AT_ONCE));
  return pieces;
}
