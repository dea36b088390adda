// Records a new run: its workspace and experiment if new, its number, its labels, its story, its place in the line.
import {
  isTerminal,
  MalachiteError,
  type NewRun,
  type Quotas,
  type Run,
  type StoryEntry,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { ensureExperiment } from "./experiments.ts";
import { labelsOf } from "./labels.ts";
import { needsColumns } from "./line.ts";
import { holdToQuotas } from "./quotas.ts";
import { getRun } from "./readRuns.ts";
import { touchKept } from "./retention/keptFiles.ts";
import { namesOf, refuseGone } from "./retention/namedFiles.ts";
import { refuseRemoved, refuseRemovedParent } from "./retention/removeRun.ts";
import { nextChange } from "./runChanges.ts";
import { countNew } from "./runCounts.ts";
import { aboutColumns, fixedColumns, lifeColumns, printed } from "./runRows.ts";
import { addText, wordsOf } from "./runTexts.ts";
import type { Stage } from "./schema.ts";
import { firstStage } from "./stage.ts";
import { statement } from "./statement.ts";
import { appendStory } from "./story.ts";
import { ensureWorkspace, findWorkspace } from "./workspaces.ts";

const fingerprintOf = statement<{ workspace: number; id: string }>()((q, p) =>
  q.selectFrom("runs").select("fingerprint").where("workspace_no", "=", p.workspace).where("id", "=", p.id),
);

const rootOf = statement<{ workspace: number; id: string }>()((q, p) =>
  q
    .selectFrom("runs")
    .select(["root_id", "status"])
    .where("workspace_no", "=", p.workspace)
    .where("id", "=", p.id),
);

const nextNumber = statement<{ experiment: number; run: string; at: number }>()((q, p) =>
  q
    .updateTable("experiments")
    .set({ last_number: sql<number>`last_number + 1`, latest_run_id: p.run, latest_run_at: p.at })
    .where("no", "=", p.experiment)
    .returning("last_number"),
);

type Columns = ReturnType<typeof fixedColumns> &
  ReturnType<typeof lifeColumns> &
  ReturnType<typeof aboutColumns> & { workspace: number; experiment: number; number: number; root: string };

const insertRun = statement<{ [K in keyof Columns]: Columns[K] }>()((q, p) =>
  q
    .insertInto("runs")
    .values({
      workspace_no: p.workspace,
      experiment_no: p.experiment,
      number: p.number,
      id: p.id,
      origin: p.origin,
      fingerprint: p.fingerprint,
      parent_id: p.parent_id,
      root_id: p.root,
      created_at: p.created_at,
      created_by: p.created_by,
      user_id: p.user_id,
      tenant_id: p.tenant_id,
      target: p.target,
      pool: p.pool,
      snapshot_id: p.snapshot_id,
      container_id: p.container_id,
      version: 1,
      life_version: 1,
      changed_at: p.created_at,
      change_no: nextChange(p.workspace),
      status: p.status,
      started_at: p.started_at,
      ended_at: p.ended_at,
      hidden: p.hidden,
      name: p.name,
      display_name: p.display_name,
      run_type: p.run_type,
      orchestrator: p.orchestrator,
      script_name: p.script_name,
      life: p.life,
      about: p.about,
    })
    .returning("no"),
);

const insertBody = statement<{
  run: number;
  definition: string | null;
  sent: string | null;
  plan: string | null;
  sealed: string | null;
}>()((q, p) =>
  q.insertInto("run_bodies").values({
    run_no: p.run,
    definition: p.definition,
    sent: p.sent,
    plan: p.plan,
    sealed_password: p.sealed,
  }),
);

export const insertLabel = statement<{
  workspace: number;
  kind: "tags" | "properties" | "params";
  key: string;
  value: string;
  at: number;
  run: number;
}>()((q, p) =>
  q.insertInto("run_labels").values({
    workspace_no: p.workspace,
    kind: p.kind,
    key: p.key,
    value: p.value,
    created_at: p.at,
    run_no: p.run,
  }),
);

const insertWork = statement<{
  run: number;
  pool: string | null;
  stage: Stage;
  priority: number;
  nodes: number;
  gpus: number;
  engine_gpus: number;
  wants_gpus: number;
  workspace: number;
  user: string;
  names: string | null;
}>()((q, p) =>
  q.insertInto("run_work").values({
    run_no: p.run,
    pool: p.pool,
    stage: p.stage,
    priority: p.priority,
    nodes: p.nodes,
    gpus: p.gpus,
    engine_gpus: p.engine_gpus,
    wants_gpus: p.wants_gpus,
    workspace_no: p.workspace,
    user_id: p.user,
    names: p.names,
  }),
);

/** See `RunStore.create`. */
export async function createRun(
  db: Executor,
  run: NewRun,
  entry: StoryEntry,
  quotas: Quotas = {},
): Promise<{ readonly run: Run; readonly created: boolean }> {
  const known = await findWorkspace(db, run.scope);
  const workspace = known?.no ?? (await ensureWorkspace(db, run.scope, run.createdAt));
  const scope = known?.scope ?? run.scope;
  const [taken] = await fingerprintOf(db, { workspace, id: run.id });
  if (taken) return answerTaken(db, run, taken.fingerprint);
  await refuseRemoved(db, workspace, run.id);
  const stage = firstStage(run);
  const definition = printed(run.definition);
  const names = stage === undefined ? null : namesOf(definition);
  if (names !== null) await refuseGone(db, workspace, names);
  const [parent] = run.parentRunId === undefined ? [] : await rootOf(db, { workspace, id: run.parentRunId });
  if (run.parentRunId !== undefined && parent === undefined)
    await refuseRemovedParent(db, workspace, run.parentRunId);
  await holdToQuotas(
    db,
    run,
    workspace,
    quotas,
    async () => parent !== undefined && !isTerminal(parent.status),
  );

  const experiment = await ensureExperiment(db, workspace, run.experimentName, run.createdAt);
  const fixed = fixedColumns(run);
  const numbered = await nextNumber(db, { experiment: experiment.no, run: run.id, at: fixed.created_at });
  const number = (numbered[0] as { last_number: number }).last_number;
  const root = parent?.root_id ?? run.parentRunId ?? run.id;

  const columns = { ...fixed, ...lifeColumns(run.life), ...aboutColumns(run.about) };
  const inserted = await insertRun(db, { ...columns, workspace, experiment: experiment.no, number, root });
  const { no } = inserted[0] as { no: number };
  await insertBody(db, {
    run: no,
    definition,
    sent: printed(run.sent),
    plan: printed(run.life.plan),
    sealed: run.sealedPassword ?? null,
  });
  for (const label of labelsOf(run.about))
    await insertLabel(db, { workspace, ...label, at: fixed.created_at, run: no });
  const at = fixed.created_at;
  const { status, hidden } = columns;
  await countNew(db, { workspace, experiment: experiment.no, status, hidden, at });
  const words = wordsOf(run.id, run.createdBy.name, run.about);
  await addText(db, { workspace, at, run: no, experiment: experiment.no, words });
  await appendStory(db, no, [entry]);
  if (stage)
    await insertWork(db, {
      run: no,
      pool: run.pool ?? null,
      stage,
      ...needsColumns(run.life.needs),
      workspace,
      user: fixed.user_id,
      names,
    });

  if (isTerminal(status))
    await touchKept(db, { workspace, container: fixed.container_id, user: fixed.user_id, bytes: 0, due: 0 });
  const changedAt = fixed.created_at;
  return {
    run: { ...run, scope, experimentId: experiment.id, rootRunId: root, number, version: 1, changedAt },
    created: true,
  };
}

async function answerTaken(db: Executor, run: NewRun, fingerprint: string | null) {
  const there =
    fingerprint !== null && fingerprint === run.fingerprint ? await getRun(db, run.scope, run.id) : undefined;
  if (there) return { run: there, created: false };
  throw new MalachiteError(
    "RunIdTaken",
    `The workspace '${run.scope.workspace}' already has a run '${run.id}', made from another submission. Choose another id.`,
    { target: "runId" },
  );
}
