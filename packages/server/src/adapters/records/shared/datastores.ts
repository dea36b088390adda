// Statements on registered datastores and on which of them is a workspace's default.
import type { Datastore, DatastoreType, JsonObject, NewDatastore, Scope } from "@malachite/core";
import type { Selectable } from "kysely";
import type { Executor } from "./executor.ts";
import type { Database } from "./schema.ts";
import { ensureWorkspace, findWorkspace } from "./workspaces.ts";

type Row = Omit<Selectable<Database["datastores"]>, "workspace_no" | "no">;

const datastoreOf = (row: Row, scope: Scope): Datastore => ({
  scope,
  name: row.name,
  type: row.type as DatastoreType,
  tags: JSON.parse(row.tags) as Record<string, string>,
  section: JSON.parse(row.section) as JsonObject,
  ...(row.sealed === null ? {} : { sealed: row.sealed }),
  createdAt: row.created_at,
  changedAt: row.changed_at,
});

const columns = ({ type, tags, section, sealed }: NewDatastore, at: number) => ({
  type,
  tags: JSON.stringify(tags),
  section: JSON.stringify(section),
  sealed: sealed ?? null,
  changed_at: Math.trunc(at),
});

/** See `DatastoreRegistry.create`. */
export async function createDatastore(db: Executor, datastore: NewDatastore, at: number): Promise<boolean> {
  const query = db.build
    .insertInto("datastores")
    .values({
      workspace_no: await ensureWorkspace(db, datastore.scope, at),
      name: datastore.name,
      created_at: Math.trunc(at),
      ...columns(datastore, at),
    })
    .onConflict((conflict) => conflict.columns(["workspace_no", "name"]).doNothing())
    .returning("no");
  return (await db.all(query.compile())).length > 0;
}

/** See `DatastoreRegistry.replace`. */
export async function replaceDatastore(db: Executor, datastore: NewDatastore, at: number): Promise<boolean> {
  const workspace = await findWorkspace(db, datastore.scope);
  if (!workspace) return false;
  const query = db.build
    .updateTable("datastores")
    .set(columns(datastore, at))
    .where("workspace_no", "=", workspace.no)
    .where("name", "=", datastore.name)
    .returning("no");
  return (await db.all(query.compile())).length > 0;
}

const select = (db: Executor, workspace: number) =>
  db.build
    .selectFrom("datastores")
    .select(["name", "type", "tags", "section", "sealed", "created_at", "changed_at"])
    .where("workspace_no", "=", workspace);

/** See `DatastoreRegistry.get`. */
export async function getDatastore(db: Executor, scope: Scope, name: string): Promise<Datastore | undefined> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return undefined;
  const [row] = await db.all(select(db, workspace.no).where("name", "=", name).compile());
  return row && datastoreOf(row, workspace.scope);
}

/** See `DatastoreRegistry.list`. */
export async function listDatastores(
  db: Executor,
  scope: Scope,
  {
    names,
    after,
    limit,
  }: { readonly names?: readonly string[]; readonly after?: string; readonly limit: number },
): Promise<readonly Datastore[]> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace || names?.length === 0) return [];
  let query = select(db, workspace.no).orderBy("name").limit(limit);
  if (names !== undefined) query = query.where("name", "in", names);
  if (after !== undefined) query = query.where("name", ">", after);
  return (await db.all(query.compile())).map((row) => datastoreOf(row, workspace.scope));
}

/** See `DatastoreRegistry.remove`. */
export async function removeDatastores(db: Executor, scope: Scope, name: string | null): Promise<boolean> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return false;
  let gone = db.build.deleteFrom("datastores").where("workspace_no", "=", workspace.no).returning("no");
  let unset = db.build.deleteFrom("datastore_defaults").where("workspace_no", "=", workspace.no);
  if (name !== null) {
    gone = gone.where("name", "=", name);
    unset = unset.where("name", "=", name);
  }
  const there = (await db.all(gone.compile())).length > 0;
  if (there) await db.all(unset.compile());
  return there;
}

/** See `DatastoreRegistry.defaultName`. */
export async function defaultDatastore(db: Executor, scope: Scope): Promise<string | undefined> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return undefined;
  const query = db.build
    .selectFrom("datastore_defaults")
    .select("name")
    .where("workspace_no", "=", workspace.no);
  return (await db.all(query.compile()))[0]?.name;
}

/** See `DatastoreRegistry.setDefault`. */
export async function setDefaultDatastore(
  db: Executor,
  scope: Scope,
  name: string,
  at: number,
): Promise<void> {
  const query = db.build
    .insertInto("datastore_defaults")
    .values({ workspace_no: await ensureWorkspace(db, scope, at), name })
    .onConflict((conflict) => conflict.column("workspace_no").doUpdateSet({ name }));
  await db.all(query.compile());
}
