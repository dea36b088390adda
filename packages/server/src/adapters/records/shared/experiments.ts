// Statements on single experiments. listExperiments.ts has the list.
import { randomUUID } from "node:crypto";
import {
  type Experiment,
  type ExperimentChange,
  MalachiteError,
  type Scope,
  type Tags,
} from "@malachite/core";
import type { Kysely, Selectable } from "kysely";
import type { Executor } from "./executor.ts";
import { mergeTags } from "./mergeAbout.ts";
import type { Database } from "./schema.ts";
import { statement } from "./statement.ts";
import { ensureWorkspace, findWorkspace } from "./workspaces.ts";

export type ExperimentRow = Omit<Selectable<Database["experiments"]>, "workspace_no" | "last_number">;

export const EXPERIMENT_COLUMNS = [
  "e.no",
  "e.id",
  "e.name",
  "e.created_at",
  "e.description",
  "e.tags",
  "e.archived_at",
  "e.changed_at",
  "e.latest_run_id",
  "e.latest_run_at",
] as const;

const select = (q: Kysely<Database>) => q.selectFrom("experiments as e").select(EXPERIMENT_COLUMNS);

const selectByName = statement<{ workspace: number; name: string }>()((q, p) =>
  select(q).where("e.workspace_no", "=", p.workspace).where("e.name", "=", p.name),
);

const selectById = statement<{ workspace: number; id: string }>()((q, p) =>
  select(q).where("e.workspace_no", "=", p.workspace).where("e.id", "=", p.id),
);

/** What MLflow's clients call the experiment of that name, made if need be. */
const DEFAULT_NAME = "Default";
const DEFAULT_ID = "0";

const insert = statement<{ workspace: number; id: string; name: string; at: number }>()((q, p) =>
  q
    .insertInto("experiments")
    .values({
      workspace_no: p.workspace,
      id: p.id,
      name: p.name,
      created_at: p.at,
      tags: "{}",
      last_number: 0,
    })
    .returning(["no", "id"]),
);

const update = statement<{
  no: number;
  name: string;
  description: string | null;
  tags: string;
  archived_at: number | null;
  changed_at: number | null;
}>()((q, p) =>
  q
    .updateTable("experiments")
    .set({
      name: p.name,
      description: p.description,
      tags: p.tags,
      archived_at: p.archived_at,
      changed_at: p.changed_at,
    })
    .where("no", "=", p.no),
);

export const experimentOf = (row: ExperimentRow, scope: Scope): Experiment => ({
  scope,
  id: row.id,
  name: row.name,
  createdAt: row.created_at,
  ...(row.description === null ? {} : { description: row.description }),
  tags: JSON.parse(row.tags) as Tags,
  ...(row.archived_at === null ? {} : { archivedAt: row.archived_at }),
  ...(row.changed_at === null ? {} : { changedAt: row.changed_at }),
  ...(row.latest_run_id === null
    ? {}
    : { latestRun: { id: row.latest_run_id, createdAt: row.latest_run_at ?? row.created_at } }),
});

/** The number and id of the experiment, made if it is new. The workspace is there. */
export async function ensureExperiment(db: Executor, workspace: number, name: string, at: number) {
  const [found] = await selectByName(db, { workspace, name });
  if (found) return { no: found.no, id: found.id };
  const [zero] = name === DEFAULT_NAME ? await selectById(db, { workspace, id: DEFAULT_ID }) : [];
  const id = name === DEFAULT_NAME && !zero ? DEFAULT_ID : randomUUID();
  const [made] = await insert(db, { workspace, id, name, at: Math.trunc(at) });
  return made as { no: number; id: string };
}

export async function experimentByName(
  db: Executor,
  scope: Scope,
  name: string,
): Promise<Experiment | undefined> {
  const workspace = await findWorkspace(db, scope);
  const [row] = workspace ? await selectByName(db, { workspace: workspace.no, name }) : [];
  return row && workspace && experimentOf(row, workspace.scope);
}

export async function experimentById(
  db: Executor,
  scope: Scope,
  id: string,
): Promise<Experiment | undefined> {
  const workspace = await findWorkspace(db, scope);
  const [row] = workspace ? await selectById(db, { workspace: workspace.no, id }) : [];
  return row && workspace && experimentOf(row, workspace.scope);
}

/** See `ExperimentStore.ensure`. */
export async function makeExperiment(
  db: Executor,
  scope: Scope,
  name: string,
  at: number,
): Promise<Experiment> {
  await ensureExperiment(db, await ensureWorkspace(db, scope, at), name, at);
  return (await experimentByName(db, scope, name)) as Experiment;
}

const anyRun = statement<{ no: number }>()((q, p) =>
  q.selectFrom("runs").select("no").where("experiment_no", "=", p.no).limit(1),
);

const deleteOne = statement<{ no: number }>()((q, p) => q.deleteFrom("experiments").where("no", "=", p.no));

/** See `ExperimentStore.modify`. Archiving again keeps the first time. */
export async function modifyExperiment(
  db: Executor,
  scope: Scope,
  id: string,
  change: ExperimentChange,
  at: number,
): Promise<Experiment> {
  const { row, workspace } = await rowOf(db, scope, id);
  const name = change.name ?? row.name;
  const [other] = name === row.name ? [] : await selectByName(db, { workspace: workspace.no, name });
  if (other)
    throw new MalachiteError(
      "ExperimentNameTaken",
      `The workspace '${scope.workspace}' already has an experiment '${name}'.`,
      { target: "name" },
    );
  const tags = mergeTags(JSON.parse(row.tags) as Tags, change.removeTags ?? [], change.tags);
  const archivedAt =
    change.archive === undefined
      ? row.archived_at
      : change.archive
        ? (row.archived_at ?? Math.trunc(at))
        : null;
  const changed = {
    ...row,
    name,
    description: change.description ?? row.description,
    tags: JSON.stringify(tags),
    archived_at: archivedAt,
    changed_at: Math.trunc(at),
  };
  await update(db, {
    no: row.no,
    name,
    description: changed.description,
    tags: changed.tags,
    archived_at: changed.archived_at,
    changed_at: changed.changed_at,
  });
  return experimentOf(changed, workspace.scope);
}

/** See `ExperimentStore.remove`. */
export async function removeExperiment(db: Executor, scope: Scope, id: string): Promise<void> {
  const { row } = await rowOf(db, scope, id);
  const [run] = await anyRun(db, { no: row.no });
  if (run)
    throw new MalachiteError(
      "ExperimentNotEmpty",
      `The experiment '${row.name}' has runs. Archive it instead.`,
      { target: "experimentId" },
    );
  await deleteOne(db, { no: row.no });
}

async function rowOf(db: Executor, scope: Scope, id: string) {
  const workspace = await findWorkspace(db, scope);
  const [row] = workspace ? await selectById(db, { workspace: workspace.no, id }) : [];
  if (row && workspace) return { row, workspace };
  throw new MalachiteError(
    "ExperimentNotFound",
    `The workspace '${scope.workspace}' has no experiment of the id '${id}'.`,
    { target: "experimentId" },
  );
}
