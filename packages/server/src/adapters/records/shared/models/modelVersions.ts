// Statements on single versions of models. searchModels.ts has the lists.
import type { ModelVersion, ModelVersionContent, NewModelVersion, Scope } from "@malachite/core";
import type { Executor } from "../executor.ts";
import { refuseGoneSource } from "../retention/namedFiles.ts";
import { ensureWorkspace } from "../workspaces.ts";
import { VERSION_COLUMNS, versionColumns, versionsOf } from "./modelRows.ts";
import { insertModel, missing, modelRow, touch } from "./registeredModels.ts";

/** See `ModelRegistry.version`. */
export async function getVersion(
  db: Executor,
  scope: Scope,
  name: string,
  version: number,
): Promise<ModelVersion | undefined> {
  const found = await modelRow(db, scope, name);
  if (!found) return undefined;
  const query = db.build
    .selectFrom("model_versions as v")
    .innerJoin("models as m", "m.no", "v.model_no")
    .select(VERSION_COLUMNS)
    .where("v.model_no", "=", found.row.no)
    .where("v.version", "=", version);
  return (await versionsOf(db, found.scope, await db.all(query.compile())))[0];
}

/** See `ModelRegistry.versionByAlias`. */
export async function versionByAlias(
  db: Executor,
  scope: Scope,
  name: string,
  alias: string,
): Promise<ModelVersion | undefined> {
  const found = await modelRow(db, scope, name);
  if (!found) return undefined;
  const query = db.build
    .selectFrom("model_aliases")
    .select("version")
    .where("model_no", "=", found.row.no)
    .where("alias", "=", alias);
  const [row] = await db.all(query.compile());
  return row && getVersion(db, scope, name, row.version);
}

/** See `ModelRegistry.createVersion`. */
export async function createVersion(
  db: Executor,
  scope: Scope,
  name: string,
  made: NewModelVersion,
  at: number,
  { makeModel = false }: { readonly makeModel?: boolean } = {},
): Promise<ModelVersion> {
  const found = await modelRow(db, scope, name);
  if (!found && !makeModel) throw missing(scope, name);
  const workspace = found?.workspace ?? (await ensureWorkspace(db, scope, at));
  if (made.source !== undefined) await refuseGoneSource(db, workspace, made.source);
  const model = found?.row.no ?? (await insertModel(db, workspace, name, { tags: {} }, at));
  const version = (found?.row.last_version ?? 0) + 1;
  const { source, runId, assetId, experimentName, runLink, createdBy } = made;
  const query = db.build.insertInto("model_versions").values({
    workspace_no: workspace,
    model_no: model,
    version,
    created_at: Math.trunc(at),
    changed_at: Math.trunc(at),
    revision: 1,
    run_id: runId ?? null,
    source: source ?? null,
    origin: JSON.stringify({ assetId, experimentName, runLink, createdBy }),
    ...versionColumns({
      stage: "None",
      ...made,
      tags: made.tags ?? {},
      properties: made.properties ?? {},
      more: made.more ?? {},
    }),
  });
  await db.all(query.compile());
  const counted = db.build.updateTable("models").set({ last_version: version }).where("no", "=", model);
  await db.all(counted.compile());
  await touch(db, model, at);
  return (await getVersion(db, scope, name, version)) as ModelVersion;
}

type Before = {
  readonly scope: Scope;
  readonly name: string;
  readonly version: number;
  readonly revision: number;
};

/** See `ModelRegistry.writeVersion`. */
export async function writeVersion(
  db: Executor,
  before: Before,
  content: ModelVersionContent,
  at: number,
  { archiveOthers = false }: { readonly archiveOthers?: boolean } = {},
): Promise<ModelVersion | undefined> {
  const found = await modelRow(db, before.scope, before.name);
  if (!found) return undefined;
  const write = db.build
    .updateTable("model_versions")
    .set((eb) => ({
      ...versionColumns(content),
      changed_at: Math.trunc(at),
      revision: eb("revision", "+", 1),
    }))
    .where("model_no", "=", found.row.no)
    .where("version", "=", before.version)
    .where("revision", "=", before.revision)
    .returning("no");
  if ((await db.all(write.compile())).length === 0) return undefined;
  if (archiveOthers) {
    const others = db.build
      .updateTable("model_versions")
      .set((eb) => ({ stage: "Archived", changed_at: Math.trunc(at), revision: eb("revision", "+", 1) }))
      .where("model_no", "=", found.row.no)
      .where("version", "<>", before.version)
      .where("stage", "=", content.stage);
    await db.all(others.compile());
  }
  await touch(db, found.row.no, at);
  return getVersion(db, before.scope, before.name, before.version);
}

/** See `ModelRegistry.removeVersion`. */
export async function removeVersion(
  db: Executor,
  scope: Scope,
  name: string,
  version: number,
  at: number,
): Promise<boolean> {
  const found = await modelRow(db, scope, name);
  if (!found) return false;
  const { no } = found.row;
  const gone = db.build
    .deleteFrom("model_versions")
    .where("model_no", "=", no)
    .where("version", "=", version)
    .returning("no");
  if ((await db.all(gone.compile())).length === 0) return false;
  const aliases = db.build
    .deleteFrom("model_aliases")
    .where("model_no", "=", no)
    .where("version", "=", version);
  await db.all(aliases.compile());
  await touch(db, no, at);
  return true;
}
