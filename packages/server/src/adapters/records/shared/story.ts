// The story of a run.
import { type Scope, type StoryEntry, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { storyColumns, storyEntry } from "./runRows.ts";
import { statement } from "./statement.ts";

const insert = statement<{
  run: number;
  at: number;
  event: string;
  status: string;
  actor: string;
  cause: string | null;
  detail: string | null;
}>()((q, p) =>
  q.insertInto("run_story").values({
    run_no: p.run,
    n: sql<number>`(select coalesce(max(n), 0) + 1 from run_story where run_no = ${p.run})`,
    at: p.at,
    event: p.event,
    status: p.status,
    actor: p.actor,
    cause: p.cause,
    detail: p.detail,
  }),
);

const select = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .innerJoin("run_story as s", "s.run_no", "r.no")
    .select(["s.at", "s.event", "s.status", "s.actor", "s.cause", "s.detail"])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id)
    .orderBy("s.n"),
);

/** Adds the entries at the end. */
export async function appendStory(db: Executor, run: number, entries: readonly StoryEntry[]): Promise<void> {
  for (const entry of entries) await insert(db, { run, ...storyColumns(entry) });
}

/** See `RunStore.story`. Nothing for a run that is not there. */
export async function readStory(db: Executor, scope: Scope, runId: string): Promise<readonly StoryEntry[]> {
  return (await select(db, { key: workspaceKey(scope), id: runId })).map(storyEntry);
}
