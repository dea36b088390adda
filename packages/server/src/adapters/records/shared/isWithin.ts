// Whether a run lies below another one, by the chain of parents.
import { type Scope, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";

/** Nobody nests runs deeper than this; a chain that goes in a circle ends here too. */
const DEEPEST = 100;

/** See `RunStore.isWithin`. Only a run that is neither the root nor of another root is climbed to. */
export async function isWithin(
  db: Executor,
  scope: Scope,
  runId: string,
  ancestorId: string,
): Promise<boolean> {
  const rows = await db.all(
    sql<{ found: number }>`with recursive above (workspace_no, id, parent_id, root_id, depth) as (
        select r.workspace_no, r.id, r.parent_id, r.root_id, 0 from workspaces as w
          join runs as r on r.workspace_no = w.no and r.id = ${runId}
          join runs as a on a.workspace_no = w.no and a.id = ${ancestorId} and a.root_id = r.root_id
          where w.key = ${workspaceKey(scope)}
        union all
        select r.workspace_no, r.id, r.parent_id, r.root_id, above.depth + 1 from above
          join runs as r on r.workspace_no = above.workspace_no and r.id = above.parent_id
          where above.root_id <> ${ancestorId} and above.id <> ${ancestorId} and above.depth < ${DEEPEST})
      select 1 as found from above where id = ${ancestorId} or root_id = ${ancestorId} limit 1`.compile(
      db.build,
    ),
  );
  return rows.length > 0;
}
