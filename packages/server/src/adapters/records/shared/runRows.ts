// Rows to runs and back. The only place that knows both.
import type { About, LaunchPlan, Life, NewRun, Run, Scope, StoryEntry } from "@malachite/core";
import type { Kysely, Selectable } from "kysely";
import { type Database, NOT_STARTED_AT } from "./schema.ts";

type RunsRow = Selectable<Database["runs"]>;

/** What a list reads of a run. */
export const LIGHT = [
  "r.no",
  "r.number",
  "r.id",
  "r.origin",
  "r.fingerprint",
  "r.parent_id",
  "r.root_id",
  "r.created_at",
  "r.created_by",
  "r.user_id",
  "r.tenant_id",
  "r.target",
  "r.pool",
  "r.snapshot_id",
  "r.container_id",
  "r.version",
  "r.changed_at",
  "r.life",
  "r.about",
  "e.id as experiment_id",
  "e.name as experiment_name",
] as const;

export type LightRow = Pick<
  RunsRow,
  | "no"
  | "number"
  | "id"
  | "origin"
  | "fingerprint"
  | "parent_id"
  | "root_id"
  | "created_at"
  | "created_by"
  | "user_id"
  | "tenant_id"
  | "target"
  | "pool"
  | "snapshot_id"
  | "container_id"
  | "version"
  | "changed_at"
  | "life"
  | "about"
> & { readonly experiment_id: string; readonly experiment_name: string };

export type ScopeRow = {
  readonly subscription_id: string;
  readonly resource_group: string;
  readonly workspace: string;
};
export type FullRow = LightRow &
  ScopeRow &
  Pick<Database["run_bodies"], "definition" | "sent" | "plan" | "sealed_password">;

/** Runs with their bodies and their scope. */
export const fullRuns = (q: Kysely<Database>) =>
  q
    .selectFrom("runs as r")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .innerJoin("experiments as e", "e.no", "r.experiment_no")
    .innerJoin("run_bodies as b", "b.run_no", "r.no")
    .select(LIGHT)
    .select([
      "w.subscription_id",
      "w.resource_group",
      "w.name as workspace",
      "b.definition",
      "b.sent",
      "b.plan",
      "b.sealed_password",
    ]);

export const scopeOf = (row: ScopeRow): Scope => ({
  subscriptionId: row.subscription_id,
  resourceGroup: row.resource_group,
  workspace: row.workspace,
});

/** A run as lists show it: without `definition`, `sent` and `life.plan`. */
export function lightRun(row: LightRow, scope: Scope): Run {
  return {
    scope,
    id: row.id,
    experimentName: row.experiment_name,
    origin: row.origin,
    ...given("fingerprint", row.fingerprint),
    ...given("parentRunId", row.parent_id),
    createdAt: row.created_at,
    createdBy: { name: row.created_by, objectId: row.user_id, tenantId: row.tenant_id },
    target: row.target,
    ...given("pool", row.pool),
    ...given("snapshotId", row.snapshot_id),
    dataContainerId: row.container_id,
    life: JSON.parse(row.life) as Life,
    about: JSON.parse(row.about) as About,
    experimentId: row.experiment_id,
    rootRunId: row.root_id,
    number: row.number,
    version: row.version,
    changedAt: row.changed_at,
  };
}

/** The whole run. */
export function fullRun(row: FullRow): Run {
  const run = lightRun(row, scopeOf(row));
  return {
    ...run,
    ...given("definition", parsed<NonNullable<Run["definition"]>>(row.definition)),
    ...given("sealedPassword", row.sealed_password),
    ...given("sent", parsed<NonNullable<Run["sent"]>>(row.sent)),
    life: { ...run.life, ...given("plan", parsed<LaunchPlan>(row.plan)) },
  };
}

/** The columns that follow from `life`. */
export function lifeColumns(life: Life) {
  const { plan: _, ...rest } = life;
  return {
    status: life.status,
    started_at: whole(life.startedAt) ?? NOT_STARTED_AT,
    ended_at: whole(life.endedAt) ?? null,
    life: JSON.stringify(rest),
  };
}

/** The columns that follow from `about`. */
export function aboutColumns(about: About) {
  const orchestrator = about.runTypeV2?.orchestrator;
  return {
    hidden: about.hidden ? 1 : 0,
    name: about.name ?? null,
    display_name: about.displayName ?? null,
    run_type: about.runType ?? null,
    orchestrator: typeof orchestrator === "string" ? orchestrator : null,
    script_name: about.scriptName ?? null,
    about: JSON.stringify(about),
  };
}

/** The columns of a run that never change. */
export const fixedColumns = (run: NewRun) => ({
  id: run.id,
  origin: run.origin,
  fingerprint: run.fingerprint ?? null,
  parent_id: run.parentRunId ?? null,
  created_at: Math.trunc(run.createdAt),
  created_by: run.createdBy.name,
  user_id: run.createdBy.objectId,
  tenant_id: run.createdBy.tenantId,
  target: run.target,
  pool: run.pool ?? null,
  snapshot_id: run.snapshotId ?? null,
  container_id: run.dataContainerId,
});

/** JSON for a column, null for nothing. */
export const printed = (value: unknown): string | null =>
  value === undefined ? null : JSON.stringify(value);

const parsed = <T>(text: string | null): T | undefined =>
  text === null ? undefined : (JSON.parse(text) as T);

const whole = (instant: number | undefined): number | undefined =>
  instant === undefined || !Number.isFinite(instant) ? undefined : Math.trunc(instant);

function given<K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } {
  return (value === null || value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

type StoryRow = Selectable<Database["run_story"]>;

export const storyColumns = (entry: StoryEntry) => ({
  at: Math.trunc(entry.at),
  event: entry.event,
  status: entry.status,
  actor: entry.actor,
  cause: entry.cause ?? null,
  detail: printed(entry.detail),
});

export const storyEntry = (row: Omit<StoryRow, "run_no" | "n">): StoryEntry => ({
  at: row.at,
  event: row.event,
  status: row.status as StoryEntry["status"],
  actor: row.actor,
  ...given("cause", row.cause),
  ...given("detail", parsed<StoryEntry["detail"]>(row.detail)),
});
