// Whether a run that somebody has to go on with is in nobody's hands.
import { type Run, workspaceKey } from "@malachite/core";
import type { Executor } from "./executor.ts";
import { statement } from "./statement.ts";

const unheldOne = statement<{ key: string; id: string; at: number }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select(["k.machine", "k.lease_until as since"])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id)
    .where("k.stage", "in", ["claimed", "working", "owed"])
    .where((or) => or.or([or("k.lease_token", "is", null), or("k.lease_until", "<=", p.at)])),
);

/** See `RunStore.unheld`. */
export async function unheld(
  db: Executor,
  { scope, id }: Pick<Run, "scope" | "id">,
  at: number,
): Promise<{ readonly machine?: string; readonly since?: number } | undefined> {
  const [row] = await unheldOne(db, { key: workspaceKey(scope), id, at: Math.trunc(at) });
  if (row === undefined) return undefined;
  return {
    ...(row.machine === null ? {} : { machine: row.machine }),
    ...(row.since === null ? {} : { since: row.since }),
  };
}
