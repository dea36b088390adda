// Statements on registered models and their aliases. searchModels.ts has the lists.
import { MalachiteError, type ModelContent, type RegisteredModel, type Scope } from "@malachite/core";
import type { Executor } from "../executor.ts";
import { ensureWorkspace, findWorkspace } from "../workspaces.ts";
import { MODEL_COLUMNS, type ModelRow, modelsOf } from "./modelRows.ts";

/** The row of that name, and its workspace. */
export async function modelRow(
  db: Executor,
  scope: Scope,
  name: string,
): Promise<{ readonly row: ModelRow; readonly workspace: number; readonly scope: Scope } | undefined> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return undefined;
  const query = db.build
    .selectFrom("models as m")
    .select(MODEL_COLUMNS)
    .where("m.workspace_no", "=", workspace.no)
    .where("m.name", "=", name);
  const [row] = await db.all(query.compile());
  return row && { row, workspace: workspace.no, scope: workspace.scope };
}

/** See `ModelRegistry.model`. */
export async function getModel(
  db: Executor,
  scope: Scope,
  name: string,
): Promise<RegisteredModel | undefined> {
  const found = await modelRow(db, scope, name);
  return found && (await modelsOf(db, found.scope, [found.row]))[0];
}

/** See `ModelRegistry.createModel`. */
export async function createModel(
  db: Executor,
  scope: Scope,
  name: string,
  content: ModelContent,
  at: number,
): Promise<RegisteredModel> {
  if (await modelRow(db, scope, name)) throw taken(scope, name);
  await insertModel(db, await ensureWorkspace(db, scope, at), name, content, at);
  return (await getModel(db, scope, name)) as RegisteredModel;
}

/** The number of the new row. */
export async function insertModel(
  db: Executor,
  workspace: number,
  name: string,
  content: ModelContent,
  at: number,
): Promise<number> {
  const query = db.build
    .insertInto("models")
    .values({
      workspace_no: workspace,
      name,
      created_at: Math.trunc(at),
      changed_at: Math.trunc(at),
      revision: 1,
      last_version: 0,
      description: content.description ?? null,
      tags: JSON.stringify(content.tags),
    })
    .returning("no");
  const [made] = await db.all(query.compile());
  return (made as { no: number }).no;
}

/** See `ModelRegistry.writeModel`. */
export async function writeModel(
  db: Executor,
  before: { readonly scope: Scope; readonly name: string; readonly revision: number },
  content: ModelContent,
  at: number,
): Promise<RegisteredModel | undefined> {
  const found = await modelRow(db, before.scope, before.name);
  if (!found || found.row.revision !== before.revision) return undefined;
  const query = db.build
    .updateTable("models")
    .set({
      description: content.description ?? null,
      tags: JSON.stringify(content.tags),
      changed_at: Math.trunc(at),
      revision: found.row.revision + 1,
    })
    .where("no", "=", found.row.no);
  await db.all(query.compile());
  return getModel(db, before.scope, before.name);
}

/** See `ModelRegistry.renameModel`. */
export async function renameModel(
  db: Executor,
  scope: Scope,
  name: string,
  newName: string,
  at: number,
): Promise<RegisteredModel> {
  const found = await modelRow(db, scope, name);
  if (!found) throw missing(scope, name);
  if (name !== newName && (await modelRow(db, scope, newName))) throw taken(scope, newName);
  const query = db.build
    .updateTable("models")
    .set({ name: newName, changed_at: Math.trunc(at), revision: found.row.revision + 1 })
    .where("no", "=", found.row.no);
  await db.all(query.compile());
  return (await getModel(db, scope, newName)) as RegisteredModel;
}

/** See `ModelRegistry.removeModel`. */
export async function removeModel(db: Executor, scope: Scope, name: string): Promise<boolean> {
  const found = await modelRow(db, scope, name);
  if (!found) return false;
  const { no } = found.row;
  await db.all(db.build.deleteFrom("model_aliases").where("model_no", "=", no).compile());
  await db.all(db.build.deleteFrom("model_versions").where("model_no", "=", no).compile());
  await db.all(db.build.deleteFrom("models").where("no", "=", no).compile());
  return true;
}

/** See `ModelRegistry.setAlias`. */
export async function setAlias(
  db: Executor,
  scope: Scope,
  name: string,
  alias: string,
  version: number,
  at: number,
): Promise<void> {
  const found = await modelRow(db, scope, name);
  if (!found) throw missing(scope, name);
  const { no } = found.row;
  const there = db.build
    .selectFrom("model_versions")
    .select("no")
    .where("model_no", "=", no)
    .where("version", "=", version);
  if ((await db.all(there.compile())).length === 0) throw missing(scope, name, version);
  const query = db.build
    .insertInto("model_aliases")
    .values({ model_no: no, alias, version })
    .onConflict((conflict) => conflict.columns(["model_no", "alias"]).doUpdateSet({ version }));
  await db.all(query.compile());
  await touch(db, no, at);
}

/** See `ModelRegistry.removeAlias`. */
export async function removeAlias(
  db: Executor,
  scope: Scope,
  name: string,
  alias: string,
  at: number,
): Promise<void> {
  const found = await modelRow(db, scope, name);
  if (!found) throw missing(scope, name);
  const gone = db.build
    .deleteFrom("model_aliases")
    .where("model_no", "=", found.row.no)
    .where("alias", "=", alias)
    .returning("alias");
  if ((await db.all(gone.compile())).length > 0) await touch(db, found.row.no, at);
}

/** Its content stays as it is; what belongs to it has changed. */
export async function touch(db: Executor, model: number, at: number): Promise<void> {
  const query = db.build
    .updateTable("models")
    .set({ changed_at: Math.trunc(at) })
    .where("no", "=", model);
  await db.all(query.compile());
}

export function missing(scope: Scope, name: string, version?: number): MalachiteError {
  const what = version === undefined ? `model '${name}'` : `version ${version} of the model '${name}'`;
  return new MalachiteError("ModelNotFound", `The workspace '${scope.workspace}' has no ${what}.`);
}

const taken = (scope: Scope, name: string) =>
  new MalachiteError("ModelExists", `The workspace '${scope.workspace}' has a model '${name}' already.`, {
    target: "name",
  });
