// How many runs are below others, by status: what a tree of runs shows before it is opened.
import { type RunStatus, type Scope, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { chunks } from "./readRuns.ts";
import { findWorkspace } from "./workspaces.ts";

type Counts = Partial<Record<RunStatus, number>>;

/** See `RunStore.childCounts`. */
export async function childCounts(
  db: Executor,
  scope: Scope,
  runIds: readonly string[],
): Promise<readonly (readonly [run: string, counts: Counts])[]> {
  const found = new Map<string, Counts>();
  for (const some of chunks([...new Set(runIds)])) {
    const query = db.build
      .selectFrom("workspaces as w")
      .innerJoin("runs as r", "r.workspace_no", "w.no")
      .select(["r.parent_id as parent", "r.status"])
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .where("w.key", "=", workspaceKey(scope))
      .where("r.parent_id", "in", some)
      .groupBy(["r.parent_id", "r.status"]);
    for (const { parent, status, count } of await db.all(query.compile()))
      found.set(parent ?? "", { ...found.get(parent ?? ""), [status]: count });
  }
  return [...found];
}

/** Nobody nests runs deeper than this; a chain that goes in a circle ends here too. */
const DEEPEST = 100;
/** So many are counted: about 0.2 s. */
const MOST = 100_000;

/** See `RunStore.countBelow`. */
export async function countBelow(
  db: Executor,
  scope: Scope,
  runId: string,
): Promise<{ readonly levels: readonly Counts[]; readonly more: boolean }> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { levels: [], more: false };
  // A cross join, which SQLite takes in the order written: turned round, it reads all children of the workspace for each run.
  const rows = await db.all(
    sql<{ depth: number; status: string; count: number }>`with recursive below (id, status, depth) as (
        select id, status, 1 from runs where workspace_no = ${workspace.no} and parent_id = ${runId}
        union all
        select r.id, r.status, below.depth + 1 from below
          cross join runs as r
          where r.workspace_no = ${workspace.no} and r.parent_id = below.id and below.depth < ${DEEPEST})
      select depth, status, count(*) as count from (select depth, status from below limit ${MOST + 1}) as counted
      group by depth, status`.compile(db.build),
  );
  const levels: Counts[] = [];
  let all = 0;
  for (const { depth, status, count } of rows) {
    levels[depth - 1] = { ...levels[depth - 1], [status]: count };
    all += count;
  }
  return { levels, more: all > MOST };
}
