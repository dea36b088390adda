// The ended runs of a workspace, the newest first, as retention looks at them.
import type { RetainedRun, Scope } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { listName, parseToken, printToken } from "../paging.ts";
import { findWorkspace } from "../workspaces.ts";

/** What is known of the files of a run; `counted` was written by older programs and means that they are there. */
export const FILES = { counted: 0, going: 1, gone: 2 } as const;

const LIST = listName("ended", "runs");

type Row = {
  readonly no: number;
  readonly id: string;
  readonly status: string;
  readonly container_id: string;
  readonly parent_id: string | null;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly about: string;
  readonly experiment: string;
  readonly bytes: number | null;
  readonly state: number | null;
};

/** See `Retention.ended`. A page may be short, also empty, where unfinished runs stand between. */
export async function endedRuns(
  db: Executor,
  scope: Scope,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Promise<{ readonly values: readonly RetainedRun[]; readonly next?: string }> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [] };
  const [at, no] = after === undefined ? [] : parseToken(LIST, after, 2);
  const behind =
    at === undefined
      ? sql``
      : sql`and (r.created_at < ${Number(at)} or (r.created_at = ${Number(at)} and r.no < ${Number(no)}))`;
  const query = sql<Row>`select r.no, r.id, r.status, r.container_id, r.parent_id, r.created_at, r.ended_at, r.about, e.name as experiment,
      k.bytes, f.state
    from runs as r join experiments as e on e.no = r.experiment_no left join run_files as f on f.run_no = r.no
    left join kept_files as k on k.workspace_no = r.workspace_no and k.container_id = r.container_id and k.due_at is null
    where r.workspace_no = ${workspace.no} ${behind} order by r.created_at desc, r.no desc limit ${limit + 1}`;
  const rows = await db.all(query.compile(db.build));
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    values: shown
      .filter(({ status }) => ["Completed", "Failed", "Canceled"].includes(status))
      .map((row) => ({
        scope: workspace.scope,
        runId: row.id,
        experimentName: row.experiment,
        endedAt: row.ended_at ?? row.created_at,
        tags: (JSON.parse(row.about) as { tags?: RetainedRun["tags"] }).tags ?? {},
        container: row.container_id,
        ...(row.parent_id === null ? {} : { parentId: row.parent_id }),
        ...(row.bytes === null ? {} : { bytes: row.bytes }),
        hasNoFiles: (row.state ?? FILES.counted) !== FILES.counted,
      })),
    ...(rows.length > limit && last ? { next: printToken(LIST, [last.created_at, last.no]) } : {}),
  };
}
