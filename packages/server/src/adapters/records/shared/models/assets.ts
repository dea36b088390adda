// Statements on assets. searchModels.ts has the list.
import type { Asset, AssetContent, NewAsset, Scope } from "@malachite/core";
import type { Selectable } from "kysely";
import type { Executor } from "../executor.ts";
import { refuseGoneFiles } from "../retention/namedFiles.ts";
import type { Database } from "../schema.ts";
import { ensureWorkspace, findWorkspace } from "../workspaces.ts";

export type AssetRow = Omit<Selectable<Database["assets"]>, "workspace_no">;

export const ASSET_COLUMNS = [
  "a.no",
  "a.id",
  "a.name",
  "a.created_at",
  "a.changed_at",
  "a.revision",
  "a.type",
  "a.description",
  "a.run_id",
  "a.files",
  "a.tags",
  "a.properties",
  "a.meta",
] as const;

const contentColumns = (content: AssetContent) => ({
  description: content.description ?? null,
  tags: JSON.stringify(content.tags),
  properties: JSON.stringify(content.properties),
  meta: JSON.stringify(content.meta),
});

export const assetOf = (row: AssetRow, scope: Scope): Asset => ({
  scope,
  id: row.id,
  name: row.name,
  createdAt: row.created_at,
  changedAt: row.changed_at,
  revision: row.revision,
  ...(row.type === null ? {} : { type: row.type }),
  ...(row.description === null ? {} : { description: row.description }),
  ...(row.run_id === null ? {} : { runId: row.run_id }),
  files: JSON.parse(row.files) as Asset["files"],
  tags: JSON.parse(row.tags) as Record<string, string>,
  properties: JSON.parse(row.properties) as Record<string, string>,
  meta: JSON.parse(row.meta) as Record<string, string>,
});

/** See `AssetStore.create`. */
export async function createAsset(db: Executor, scope: Scope, asset: NewAsset, at: number): Promise<Asset> {
  const workspace = await ensureWorkspace(db, scope, at);
  const files = JSON.stringify(asset.files);
  await refuseGoneFiles(db, workspace, files);
  const query = db.build.insertInto("assets").values({
    workspace_no: workspace,
    id: asset.id,
    name: asset.name,
    created_at: Math.trunc(at),
    changed_at: Math.trunc(at),
    revision: 1,
    type: asset.type ?? null,
    run_id: asset.runId ?? null,
    files,
    ...contentColumns(asset),
  });
  await db.all(query.compile());
  return (await getAsset(db, scope, asset.id)) as Asset;
}

/** See `AssetStore.get`. */
export async function getAsset(db: Executor, scope: Scope, id: string): Promise<Asset | undefined> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return undefined;
  const query = db.build
    .selectFrom("assets as a")
    .select(ASSET_COLUMNS)
    .where("a.workspace_no", "=", workspace.no)
    .where("a.id", "=", id);
  const [row] = await db.all(query.compile());
  return row && assetOf(row, workspace.scope);
}

/** See `AssetStore.write`. */
export async function writeAsset(
  db: Executor,
  before: { readonly scope: Scope; readonly id: string; readonly revision: number },
  content: AssetContent,
  at: number,
): Promise<Asset | undefined> {
  const workspace = await findWorkspace(db, before.scope);
  if (!workspace) return undefined;
  const query = db.build
    .updateTable("assets")
    .set({ ...contentColumns(content), changed_at: Math.trunc(at), revision: before.revision + 1 })
    .where("workspace_no", "=", workspace.no)
    .where("id", "=", before.id)
    .where("revision", "=", before.revision)
    .returning("no");
  return (await db.all(query.compile())).length === 0 ? undefined : getAsset(db, before.scope, before.id);
}

/** See `AssetStore.remove`. */
export async function removeAsset(db: Executor, scope: Scope, id: string): Promise<boolean> {
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return false;
  const query = db.build
    .deleteFrom("assets")
    .where("workspace_no", "=", workspace.no)
    .where("id", "=", id)
    .returning("no");
  return (await db.all(query.compile())).length > 0;
}
