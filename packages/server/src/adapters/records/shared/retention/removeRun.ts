// A run goes, or its files do: unless something refers to it, which is looked for in the same transaction.
import { MalachiteError, type Removal, type Scope } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { dropMetrics } from "../metrics/removeMetrics.ts";
import { countGone } from "../runCounts.ts";
import { findWorkspace } from "../workspaces.ts";
import { FILES } from "./endedRuns.ts";
import { CONTAINER, isNamed } from "./namedFiles.ts";

type Row = {
  readonly no: number;
  readonly experiment_no: number;
  readonly status: string;
  readonly hidden: number;
  readonly root_id: string;
  readonly container_id: string;
};

async function rowOf(db: Executor, workspace: number, id: string): Promise<Row | undefined> {
  const query = sql<Row>`select no, experiment_no, status, hidden, root_id, container_id from runs
    where workspace_no = ${workspace} and id = ${id}`;
  return (await db.all(query.compile(db.build)))[0];
}

/** What still refers to the run, in words. */
async function keeperOf(
  db: Executor,
  workspace: number,
  id: string,
  run: Row,
  what: Removal["what"],
  below: number,
): Promise<string | undefined> {
  const container = `${CONTAINER}${id}`;
  const names = (column: string) => db.dialect.test("contains", sql.ref<string>(column), container);
  const questions: readonly (readonly [words: string, query: ReturnType<typeof sql>])[] = [
    [
      "itself: it has not ended, or its target is still to be freed",
      sql`select 1 from run_work where run_no = ${run.no} and stage <> 'letGo'`,
    ],
    [
      "the run at the top of its tree, which has not ended",
      sql`select 1 from runs where workspace_no = ${workspace} and id = ${run.root_id}
        and status not in ('Completed', 'Failed', 'Canceled')`,
    ],
    ...(what === "files"
      ? []
      : [
          [
            "a run below it",
            sql`select 1 from runs where workspace_no = ${workspace} and parent_id = ${id}
              limit 1 offset ${below}`,
          ] as const,
        ]),
    [
      "a version of a registered model",
      sql`select 1 from model_versions where workspace_no = ${workspace} and run_id = ${id} limit 1`,
    ],
    ["an asset", sql`select 1 from assets where workspace_no = ${workspace} and run_id = ${id} limit 1`],
    [
      "a logged model",
      sql`select 1 from logged_models where workspace_no = ${workspace} and source_run_id = ${id} and deleted = 0 limit 1`,
    ],
    [
      "a version of a registered model, by its files",
      sql`select 1 from model_versions where workspace_no = ${workspace}
        and (${names("source")} or ${db.dialect.test("contains", sql.ref<string>("source"), `/${id}/`)}) limit 1`,
    ],
    [
      "an asset, by its files",
      sql`select 1 from assets where workspace_no = ${workspace} and ${names("files")} limit 1`,
    ],
  ];
  if (!["Completed", "Failed", "Canceled"].includes(run.status)) return "itself: it has not ended";
  if (await isNamed(db, workspace, id)) return "an unfinished run whose definition names its files";
  for (const [words, query] of questions)
    if ((await db.all(query.compile(db.build))).length > 0) return words;
  return undefined;
}

/** See `Retention.keeper`. */
export async function keeper(
  db: Executor,
  scope: Scope,
  id: string,
  what: Removal["what"],
  below: number,
): Promise<string | null> {
  const workspace = await findWorkspace(db, scope);
  const run = workspace && (await rowOf(db, workspace.no, id));
  return (run && (await keeperOf(db, workspace.no, id, run, what, below))) ?? null;
}

/** See `Retention.remove`. */
export async function removeRun(
  db: Executor,
  scope: Scope,
  id: string,
  what: Removal["what"],
  at: number,
): Promise<string | null> {
  const workspace = await findWorkspace(db, scope);
  const run = workspace && (await rowOf(db, workspace.no, id));
  if (!run) return null;
  const kept = await keeperOf(db, workspace.no, id, run, what, 0);
  if (kept !== undefined) return kept;
  const { no } = run;
  if (what === "files") {
    await run1(
      db,
      sql`insert into run_files (run_no, bytes, state) values (${no}, 0, ${FILES.going})
        on conflict (run_no) do update set state = ${FILES.going}`,
    );
    return null;
  }
  await dropMetrics(db, scope, id, null);
  for (const table of PARTS) await run1(db, sql`delete from ${sql.table(table)} where run_no = ${no}`);
  await run1(db, sql`delete from runs where no = ${no}`);
  const { experiment_no: experiment, status, hidden } = run;
  await countGone(db, { workspace: workspace.no, experiment, status, hidden, at: Math.trunc(at) });
  await run1(
    db,
    sql`update experiments set latest_run_id = (select id from runs where experiment_no = ${experiment} order by created_at desc, no desc limit 1),
        latest_run_at = (select created_at from runs where experiment_no = ${experiment} order by created_at desc, no desc limit 1)
      where no = ${experiment} and latest_run_id = ${id}`,
  );
  await run1(
    db,
    sql`insert into removed_runs (workspace_no, id, container_id, removed_at, owed)
      values (${workspace.no}, ${id}, ${run.container_id}, ${Math.trunc(at)}, 1)`,
  );
  return null;
}

/** All that is kept of a run beside its row, in tables of their own. */
const PARTS = [
  "run_bodies",
  "run_labels",
  "run_story",
  "run_texts",
  "run_params",
  "run_datasets",
  "run_models",
  // Of a run that was let go of: what its machine still has is then a launch that no record names.
  "run_work",
  "run_files",
] as const;

const run1 = async (db: Executor, query: ReturnType<typeof sql>): Promise<void> => {
  await db.all(query.compile(db.build));
};

async function isRemoved(db: Executor, workspace: number, id: string): Promise<boolean> {
  const query = sql`select 1 from removed_runs where workspace_no = ${workspace} and id = ${id}`;
  return (await db.all(query.compile(db.build))).length > 0;
}

/** Throws RunNotFound for a parent that was removed after the submission had looked for it. */
export async function refuseRemovedParent(db: Executor, workspace: number, id: string): Promise<void> {
  if (!(await isRemoved(db, workspace, id))) return;
  throw new MalachiteError(
    "RunNotFound",
    `The parent run '${id}' was removed by the retention of this service. Name another, or none.`,
    { target: "parentRunId" },
  );
}

/** Throws RunIdTaken for the id of a run that was removed: what is still to go of it must not be another's. */
export async function refuseRemoved(db: Executor, workspace: number, id: string): Promise<void> {
  if (!(await isRemoved(db, workspace, id))) return;
  throw new MalachiteError(
    "RunIdTaken",
    `A run '${id}' was in this workspace and was removed when it was too old. Choose another id.`,
    { target: "runId" },
  );
}
