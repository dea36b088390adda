// Statements on registered environments, their versions and labels.
import {
  type EnvironmentRegistry,
  type JsonObject,
  MalachiteError,
  type Page,
  type RegisteredEnvironment,
  type Scope,
  type WhichEnvironment,
  workspaceKey,
} from "@malachite/core";
import { type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import { listName, withNumber } from "../paging.ts";
import { type List, readPage } from "../readPage.ts";
import { ensureWorkspace, findWorkspace } from "../workspaces.ts";

type Ask = Parameters<EnvironmentRegistry["register"]>[1];
type Row = {
  readonly no: number;
  readonly name: string;
  readonly version: string;
  readonly created_at: number;
  readonly definition: string;
  readonly fingerprint: string;
};
type Name = { readonly no: number; readonly last_number: number; readonly newest_no: number | null };

/** See `EnvironmentRegistry.register`. */
export async function registerEnvironment(
  db: Executor,
  scope: Scope,
  ask: Ask,
): Promise<RegisteredEnvironment> {
  const workspace = await ensureWorkspace(db, scope, ask.at);
  const environment = (await nameRow(db, workspace, ask.name)) ?? (await insertName(db, workspace, ask.name));
  const there =
    ask.version === undefined
      ? await versionRow(db, environment.no, "fingerprint", ask.fingerprint)
      : await versionRow(db, environment.no, "version", ask.version);
  if (there && there.fingerprint !== ask.fingerprint)
    throw new MalachiteError(
      "EnvironmentExists",
      `Version '${there.version}' of the environment '${ask.name}' has another content, and versions never change. Register it without a version (set environment.version to None) to get the next one.`,
      { target: "version" },
    );
  const row = there ?? (await insertVersion(db, environment, ask));
  if (!there || !ask.renews) return environmentOf(db, scope, row);
  const definition = JSON.stringify(ask.definition);
  const renew = db.build.updateTable("environment_versions").set({ definition }).where("no", "=", row.no);
  await db.all(renew.compile());
  return environmentOf(db, scope, { ...row, definition });
}

async function insertName(db: Executor, workspace: number, name: string): Promise<Name> {
  const query = db.build
    .insertInto("environments")
    .values({ workspace_no: workspace, name, last_number: 0 })
    .returning(["no", "last_number", "newest_no"]);
  return (await db.all(query.compile()))[0] as Name;
}

async function insertVersion(db: Executor, environment: Name, ask: Ask): Promise<Row> {
  const version = ask.version ?? (await nextVersion(db, environment));
  const number = /^[1-9]\d{0,14}$/.test(version) ? Number(version) : 0;
  const insert = db.build
    .insertInto("environment_versions")
    .values({
      environment_no: environment.no,
      version,
      created_at: Math.trunc(ask.at),
      fingerprint: ask.fingerprint,
      definition: JSON.stringify(ask.definition),
    })
    .returning("no");
  const [made] = await db.all(insert.compile());
  const { no } = made as { no: number };
  const update = db.build
    .updateTable("environments")
    .set({ newest_no: no, last_number: Math.max(environment.last_number, number) })
    .where("no", "=", environment.no);
  await db.all(update.compile());
  return (await versionRow(db, environment.no, "version", version)) as Row;
}

/** A version with a number of its own may stand ahead of the count, so the next number may be taken. */
async function nextVersion(db: Executor, { no, last_number }: Name): Promise<string> {
  for (let next = last_number + 1; ; next++)
    if (!(await versionRow(db, no, "version", String(next)))) return String(next);
}

/** See `EnvironmentRegistry.get`. */
export async function getEnvironment(
  db: Executor,
  scope: Scope,
  name: string,
  which: WhichEnvironment,
): Promise<RegisteredEnvironment | undefined> {
  const workspace = await findWorkspace(db, scope);
  const environment = workspace && (await nameRow(db, workspace.no, name));
  if (!workspace || !environment) return undefined;
  const row =
    which.version !== undefined
      ? await versionRow(db, environment.no, "version", which.version)
      : which.label !== undefined
        ? await labelledRow(db, environment.no, which.label)
        : await versionRow(db, environment.no, "no", environment.newest_no ?? 0);
  return row && environmentOf(db, workspace.scope, row);
}

/** See `EnvironmentRegistry.setLabels`. */
export async function setEnvironmentLabels(
  db: Executor,
  scope: Scope,
  name: string,
  version: string,
  labels: readonly string[],
): Promise<boolean> {
  const workspace = await findWorkspace(db, scope);
  const environment = workspace && (await nameRow(db, workspace.no, name));
  const row = environment && (await versionRow(db, environment.no, "version", version));
  if (!environment || !row) return false;
  const before = db.build
    .deleteFrom("environment_labels")
    .where("environment_no", "=", environment.no)
    .where("version_no", "=", row.no);
  await db.all(before.compile());
  for (const label of new Set(labels)) {
    const query = db.build
      .insertInto("environment_labels")
      .values({ environment_no: environment.no, label, version_no: row.no })
      .onConflict((conflict) =>
        conflict.columns(["environment_no", "label"]).doUpdateSet({ version_no: row.no }),
      );
    await db.all(query.compile());
  }
  return true;
}

/** See `EnvironmentRegistry.list`. */
export async function listEnvironments(
  db: Executor,
  scope: Scope,
  ask: { readonly after?: string; readonly limit: number },
): Promise<Page<RegisteredEnvironment>> {
  const list: List = {
    name: listName("environments", workspaceKey(scope)),
    columns: sql`v.no, e.name, v.version, v.created_at, v.definition, v.fingerprint`,
    from: sql`environments as e inner join environment_versions as v on v.no = e.newest_no`,
    terms: withNumber(
      [{ value: sql.ref<string>("e.name"), nullable: false, descending: false }],
      sql.ref<number>("e.no"),
    ),
    where: (workspace) => [sql<SqlBool>`e.workspace_no = ${workspace}`],
  };
  return readPage(db, scope, list, ask, async (rows: readonly Row[], of) => {
    const values: RegisteredEnvironment[] = [];
    for (const row of rows) values.push(await environmentOf(db, of, row));
    return values;
  });
}

async function nameRow(db: Executor, workspace: number, name: string): Promise<Name | undefined> {
  const query = db.build
    .selectFrom("environments")
    .select(["no", "last_number", "newest_no"])
    .where("workspace_no", "=", workspace)
    .where("name", "=", name);
  return (await db.all(query.compile()))[0];
}

const versions = (db: Executor) =>
  db.build
    .selectFrom("environment_versions as v")
    .innerJoin("environments as e", "e.no", "v.environment_no")
    .select(["v.no", "e.name", "v.version", "v.created_at", "v.definition", "v.fingerprint"]);

/** The first version where the column has that value. */
async function versionRow(
  db: Executor,
  environment: number,
  column: "no" | "version" | "fingerprint",
  value: string | number,
): Promise<Row | undefined> {
  const query = versions(db)
    .where("v.environment_no", "=", environment)
    .where(`v.${column}`, "=", value)
    .orderBy("v.no")
    .limit(1);
  return (await db.all(query.compile()))[0];
}

async function labelledRow(db: Executor, environment: number, label: string): Promise<Row | undefined> {
  const query = versions(db)
    .innerJoin("environment_labels as l", "l.version_no", "v.no")
    .where("l.environment_no", "=", environment)
    .where("l.label", "=", label);
  return (await db.all(query.compile()))[0];
}

async function environmentOf(db: Executor, scope: Scope, row: Row): Promise<RegisteredEnvironment> {
  const query = db.build
    .selectFrom("environment_labels")
    .select("label")
    .where("version_no", "=", row.no)
    .orderBy("label");
  return {
    scope,
    name: row.name,
    version: row.version,
    createdAt: row.created_at,
    labels: (await db.all(query.compile())).map(({ label }) => label),
    definition: JSON.parse(row.definition) as JsonObject,
  };
}
