// Rows to registered models and versions and back. The only place that knows both.
import type {
  ModelVersion,
  ModelVersionContent,
  ModelVersionOrigin,
  RegisteredModel,
  Scope,
} from "@malachite/core";
import { type RawBuilder, type Selectable, sql } from "kysely";
import type { Executor } from "../executor.ts";
import type { Database } from "../schema.ts";

export type ModelRow = Omit<Selectable<Database["models"]>, "workspace_no">;
export type VersionRow = Omit<Selectable<Database["model_versions"]>, "workspace_no"> & {
  readonly name: string;
};
type More = Pick<ModelVersionContent, "frameworkVersion" | "more">;

export const MODEL_COLUMNS = [
  "m.no",
  "m.name",
  "m.created_at",
  "m.changed_at",
  "m.revision",
  "m.last_version",
  "m.description",
  "m.tags",
] as const;

export const VERSION_COLUMNS = [
  "v.no",
  "v.model_no",
  "m.name",
  "v.version",
  "v.created_at",
  "v.changed_at",
  "v.revision",
  "v.description",
  "v.stage",
  "v.framework",
  "v.run_id",
  "v.source",
  "v.tags",
  "v.properties",
  "v.origin",
  "v.more",
] as const;

/** The columns of a version's content. */
export const versionColumns = (content: ModelVersionContent) => ({
  description: content.description ?? null,
  stage: content.stage,
  framework: content.framework ?? null,
  tags: JSON.stringify(content.tags),
  properties: JSON.stringify(content.properties),
  more: JSON.stringify({ frameworkVersion: content.frameworkVersion, more: content.more } satisfies More),
});

/** Versions in the order of their rows, with their aliases. */
export async function versionsOf(
  db: Executor,
  scope: Scope,
  rows: readonly VersionRow[],
): Promise<ModelVersion[]> {
  const aliases = await aliasesOf(
    db,
    rows.map((row) => row.model_no),
  );
  return rows.map((row) => {
    const { frameworkVersion, more } = JSON.parse(row.more) as More;
    const origin = JSON.parse(row.origin) as ModelVersionOrigin;
    return {
      scope,
      name: row.name,
      version: row.version,
      createdAt: row.created_at,
      changedAt: row.changed_at,
      revision: row.revision,
      ...origin,
      ...(row.description === null ? {} : { description: row.description }),
      ...(row.run_id === null ? {} : { runId: row.run_id }),
      ...(row.source === null ? {} : { source: row.source }),
      ...(row.framework === null ? {} : { framework: row.framework }),
      ...(frameworkVersion === undefined ? {} : { frameworkVersion }),
      stage: row.stage as ModelVersion["stage"],
      tags: JSON.parse(row.tags) as Record<string, string>,
      properties: JSON.parse(row.properties) as Record<string, string>,
      more,
      aliases: aliases
        .filter(({ model_no, version }) => model_no === row.model_no && version === row.version)
        .map(({ alias }) => alias),
    };
  });
}

/** Models in the order of their rows, with their aliases and the newest version of each stage. */
export async function modelsOf(
  db: Executor,
  scope: Scope,
  rows: readonly ModelRow[],
): Promise<RegisteredModel[]> {
  const numbers = rows.map((row) => row.no);
  const aliases = await aliasesOf(db, numbers);
  const latest = await latestOf(db, scope, numbers);
  return rows.map((row) => ({
    scope,
    name: row.name,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    revision: row.revision,
    ...(row.description === null ? {} : { description: row.description }),
    tags: JSON.parse(row.tags) as Record<string, string>,
    aliases: Object.fromEntries(
      aliases
        .filter(({ model_no }) => model_no === row.no)
        .map(({ alias, version }) => [alias, version] as const),
    ),
    latest: latest.filter(({ name }) => name === row.name),
  }));
}

async function aliasesOf(db: Executor, models: readonly number[]) {
  const numbers = [...new Set(models)];
  if (numbers.length === 0) return [];
  const query = db.build
    .selectFrom("model_aliases")
    .select(["model_no", "alias", "version"])
    .where("model_no", "in", numbers)
    .orderBy("model_no")
    .orderBy("alias");
  return db.all(query.compile());
}

/** A model with many versions is not read whole: the highest version of a stage comes from the index of versions. */
async function latestOf(db: Executor, scope: Scope, models: readonly number[]): Promise<ModelVersion[]> {
  if (models.length === 0) return [];
  const highest: RawBuilder<number> = sql`(select max(o.version) from model_versions as o
    where o.model_no = v.model_no and o.stage = v.stage)`;
  const query = db.build
    .selectFrom("model_versions as v")
    .innerJoin("models as m", "m.no", "v.model_no")
    .select(VERSION_COLUMNS)
    .where("v.model_no", "in", models)
    .where("v.version", "=", highest)
    .orderBy("v.model_no")
    .orderBy("v.version");
  return versionsOf(db, scope, await db.all(query.compile()));
}
