// Changes of a run: its life, guarded by version and lease, and what its users say about it.
import {
  type About,
  type AboutChange,
  isTerminal,
  type Lease,
  type Life,
  MalachiteError,
  type Run,
  type Scope,
  type StoryEntry,
  workspaceKey,
} from "@malachite/core";
import { sql } from "kysely";
import { insertLabel } from "./createRun.ts";
import type { Executor } from "./executor.ts";
import { labelChanges } from "./labels.ts";
import { mergeAbout } from "./mergeAbout.ts";
import { runsByNo } from "./readRuns.ts";
import { touchKept } from "./retention/keptFiles.ts";
import { nextChange } from "./runChanges.ts";
import { countMoved } from "./runCounts.ts";
import { aboutColumns, lifeColumns, printed } from "./runRows.ts";
import { changeText, wordsOf } from "./runTexts.ts";
import type { Stage } from "./schema.ts";
import { nextStage } from "./stage.ts";
import { statement } from "./statement.ts";
import { appendStory } from "./story.ts";

const guards = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .leftJoin("run_work as k", "k.run_no", "r.no")
    .select([
      "r.no",
      "r.life_version",
      "r.workspace_no as workspace",
      "r.experiment_no as experiment",
      "r.status",
      "r.hidden",
      "r.container_id as container",
      "r.user_id as user",
      "k.stage",
      "k.lease_token",
    ])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id),
);

const updateLife = statement<
  { no: number; at: number } & {
    [K in keyof ReturnType<typeof lifeColumns>]: ReturnType<typeof lifeColumns>[K];
  }
>()((q, p) =>
  q
    .updateTable("runs")
    .set({
      status: p.status,
      started_at: p.started_at,
      ended_at: p.ended_at,
      life: p.life,
      version: sql<number>`version + 1`,
      life_version: sql<number>`version + 1`,
      changed_at: p.at,
      change_no: nextChange(sql.ref("runs.workspace_no")),
    })
    .where("no", "=", p.no),
);

const updatePlan = statement<{ no: number; plan: string }>()((q, p) =>
  q
    .updateTable("run_bodies")
    .set({ plan: p.plan })
    .where("run_no", "=", p.no)
    .where((eb) => eb("plan", "is distinct from", p.plan)),
);

const updateStage = statement<{ no: number; stage: Stage }>()((q, p) =>
  q.updateTable("run_work").set({ stage: p.stage }).where("run_no", "=", p.no),
);

const deleteWork = statement<{ no: number }>()((q, p) => q.deleteFrom("run_work").where("run_no", "=", p.no));

export type LifeChange = {
  readonly scope: Scope;
  readonly runId: string;
  /** The version of the record that the change was made from. */
  readonly version: number;
  readonly life: Life;
  readonly entries: readonly StoryEntry[];
  readonly lease?: Pick<Lease, "token">;
  readonly at: number;
};

/** See `RunStore.apply`. */
export async function applyLife(db: Executor, change: LifeChange): Promise<Run | undefined> {
  const { life, lease } = change;
  const [row] = await guards(db, { key: workspaceKey(change.scope), id: change.runId });
  if (!row || row.life_version > change.version) return undefined;
  if (lease && row.lease_token !== lease.token) return undefined;
  await updateLife(db, { no: row.no, at: Math.trunc(change.at), ...lifeColumns(life) });
  await countMoved(db, row, { status: life.status }, Math.trunc(change.at));
  // What it left may be counted from now on.
  if (isTerminal(life.status) && !isTerminal(row.status)) {
    const { workspace, container, user } = row;
    await touchKept(db, { workspace, container, user, bytes: 0, due: 0 });
  }
  if (life.plan) await updatePlan(db, { no: row.no, plan: printed(life.plan) as string });
  if (row.stage) {
    const stage = nextStage(row.stage, life);
    if (!stage) await deleteWork(db, { no: row.no });
    else if (stage !== row.stage) await updateStage(db, { no: row.no, stage });
  }
  await appendStory(db, row.no, change.entries);
  return (await runsByNo(db, [row.no]))[0];
}

const described = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .select(["r.no", "r.about", "r.target", "r.workspace_no", "r.created_at"])
    .select(["r.id", "r.created_by", "r.experiment_no", "r.status", "r.hidden"])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id),
);

const updateAbout = statement<
  { no: number; at: number; target: string } & {
    [K in keyof ReturnType<typeof aboutColumns>]: ReturnType<typeof aboutColumns>[K];
  }
>()((q, p) =>
  q
    .updateTable("runs")
    .set({
      hidden: p.hidden,
      name: p.name,
      display_name: p.display_name,
      run_type: p.run_type,
      orchestrator: p.orchestrator,
      script_name: p.script_name,
      about: p.about,
      target: p.target,
      version: sql<number>`version + 1`,
      changed_at: p.at,
      change_no: nextChange(sql.ref("runs.workspace_no")),
    })
    .where("no", "=", p.no),
);

const updateSent = statement<{ no: number; sent: string }>()((q, p) =>
  q.updateTable("run_bodies").set({ sent: p.sent }).where("run_no", "=", p.no),
);

const deleteLabel = statement<{
  workspace: number;
  kind: "tags" | "properties";
  key: string;
  value: string;
  at: number;
  run: number;
}>()((q, p) =>
  q
    .deleteFrom("run_labels")
    .where("workspace_no", "=", p.workspace)
    .where("kind", "=", p.kind)
    .where("key", "=", p.key)
    .where("value", "=", p.value)
    .where("created_at", "=", p.at)
    .where("run_no", "=", p.run),
);

/** See `RunStore.describe`. */
export async function describeRun(
  db: Executor,
  scope: Scope,
  runId: string,
  change: AboutChange,
  at: number,
): Promise<Run> {
  const [row] = await described(db, { key: workspaceKey(scope), id: runId });
  if (!row)
    throw new MalachiteError("RunNotFound", `The workspace '${scope.workspace}' has no run '${runId}'.`, {
      target: "runId",
    });
  const before = JSON.parse(row.about) as About;
  const after = mergeAbout(runId, before, change);
  const target = change.target ?? row.target;
  const columns = aboutColumns(after);
  await updateAbout(db, { no: row.no, at: Math.trunc(at), target, ...columns });
  const { status, hidden, workspace_no: workspace, experiment_no: experiment } = row;
  const counted = { workspace, experiment, status, hidden };
  await countMoved(db, counted, { hidden: columns.hidden }, Math.trunc(at));
  if (change.sent) await updateSent(db, { no: row.no, sent: printed(change.sent) as string });
  const { gone, come } = labelChanges(before, after);
  const place = { workspace: row.workspace_no, at: row.created_at, run: row.no };
  const words = [before, after].map((about) => wordsOf(row.id, row.created_by, about));
  await changeText(db, place, words[0] ?? "", words[1] ?? "");
  for (const label of gone) await deleteLabel(db, { ...place, ...label });
  for (const label of come) await insertLabel(db, { ...place, ...label });
  return (await runsByNo(db, [row.no]))[0] as Run;
}
