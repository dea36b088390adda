// The order in which the runs of a workspace changed: each change gets the next number, in the same transaction. So whoever knows one
// number can ask for all that changed since, also after a restart.
import type { Scope } from "@malachite/core";
import { type RawBuilder, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { LIGHT, type LightRow, lightRun } from "./runRows.ts";
import { statement } from "./statement.ts";
import { findWorkspace } from "./workspaces.ts";

/** The next number of a workspace. The index of those that have one is asked for the highest. */
export const nextChange = (workspace: RawBuilder<number>): RawBuilder<number> =>
  sql<number>`(select coalesce(max(c.change_no), 0) + 1 from runs as c where c.workspace_no = ${workspace} and c.change_no > 0)`;

const touch = statement<{ no: number; workspace: number }>()((q, p) =>
  q
    .updateTable("runs")
    .set({ change_no: nextChange(p.workspace) })
    .where("no", "=", p.no),
);

/** What lists show of the run has changed, though its record has not. */
export const touchRun = async (db: Executor, no: number, workspace: number): Promise<void> => {
  await touch(db, { no, workspace });
};

const newest = statement<{ workspace: number }>()((q, p) =>
  q
    .selectFrom("runs")
    .select((eb) => eb.fn.max("change_no").as("newest"))
    .where("workspace_no", "=", p.workspace)
    .where("change_no", ">", 0),
);

const changed = statement<{ workspace: number; after: number; limit: number }>()((q, p) =>
  q
    .selectFrom("runs as r")
    .innerJoin("experiments as e", "e.no", "r.experiment_no")
    .select(LIGHT)
    .select("r.change_no")
    .where("r.workspace_no", "=", p.workspace)
    .where("r.change_no", ">", p.after)
    .where("r.change_no", ">", 0)
    .orderBy("r.change_no")
    .limit(sql<number>`${p.limit}`),
);

const countAfter = statement<{ workspace: number; after: number; limit: number }>()((q, p) =>
  q
    .selectFrom((eb) =>
      eb
        .selectFrom("runs as r")
        .select("r.no")
        .where("r.workspace_no", "=", p.workspace)
        .where("r.change_no", ">", p.after)
        .where("r.change_no", ">", 0)
        .limit(sql<number>`${p.limit}`)
        .as("counted"),
    )
    .select((eb) => eb.fn.countAll<number>().as("count")),
);

/** See `RunTables.newestChange`. */
export async function newestChange(db: Executor, scope: Scope): Promise<number> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return 0;
  return Number((await newest(db, { workspace: workspace.no }))[0]?.newest ?? 0);
}

/** See `RunTables.changesAfter`. */
export async function changesAfter(db: Executor, scope: Scope, after: number, limit: number, most: number) {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { changes: [], more: false, tooMany: false };
  const rows = await changed(db, { workspace: workspace.no, after, limit: limit + 1 });
  const shown = rows.slice(0, limit) as readonly (LightRow & { readonly change_no: number })[];
  const more = rows.length > limit;
  const [counted] = more ? await countAfter(db, { workspace: workspace.no, after, limit: most + 1 }) : [];
  return {
    changes: shown.map((row) => ({ no: row.change_no, run: lightRun(row, workspace.scope) })),
    more,
    tooMany: (counted?.count ?? 0) > most,
  };
}
