// The runs that somebody has in hand, or still has to free.
import type { Life, Scope } from "@malachite/core";
import type { Executor } from "./executor.ts";
import { type ScopeRow, scopeOf } from "./runRows.ts";
import { statement } from "./statement.ts";

const working = statement<Record<never, never>>()((q) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select(["w.subscription_id", "w.resource_group", "w.name as workspace", "r.id", "r.life"])
    .where("k.stage", "not in", ["waiting", "letGo"]),
);

type Row = ScopeRow & { readonly id: string; readonly life: string };

/** See `RunStore.inHand`. */
export const inHand = async (
  db: Executor,
): Promise<readonly { readonly scope: Scope; readonly id: string; readonly attempt: number }[]> =>
  (await working(db, {})).map((row: Row) => ({
    scope: scopeOf(row),
    id: row.id,
    attempt: (JSON.parse(row.life) as Life).attempt,
  }));
