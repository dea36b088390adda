// Statements on workspaces.
import { type KnownWorkspace, MalachiteError, type Scope, workspaceKey } from "@malachite/core";
import type { Executor } from "./executor.ts";
import { checkRestored } from "./moving/restoreMark.ts";
import { scopeOf } from "./runRows.ts";
import { statement } from "./statement.ts";

const byKey = statement<{ key: string }>()((q, p) =>
  q
    .selectFrom("workspaces")
    .select(["no", "subscription_id", "resource_group", "name as workspace", "created_at"])
    .where("key", "=", p.key),
);

const importOf = statement<{ key: string }>()((q, p) =>
  q.selectFrom("imports").select("begun_at").where("workspace_key", "=", p.key),
);

const insert = statement<{
  key: string;
  subscription_id: string;
  resource_group: string;
  name: string;
  created_at: number;
}>()((q, p) =>
  q
    .insertInto("workspaces")
    .values({
      key: p.key,
      subscription_id: p.subscription_id,
      resource_group: p.resource_group,
      name: p.name,
      created_at: p.created_at,
    })
    .returning("no"),
);

/** Its number and the spelling of its first use; undefined when nothing was written to it yet. */
export async function findWorkspace(db: Executor, scope: Scope) {
  const [row] = await byKey(db, { key: workspaceKey(scope) });
  return row && { no: row.no, scope: scopeOf(row), createdAt: row.created_at };
}

/** The number of the workspace, made if it is new. */
export async function ensureWorkspace(db: Executor, scope: Scope, at: number): Promise<number> {
  const found = await findWorkspace(db, scope);
  if (found) return found.no;
  if ((await importOf(db, { key: workspaceKey(scope) })).length > 0)
    throw new MalachiteError(
      "ImportUnfinished",
      `The workspace ${scope.subscriptionId}/${scope.resourceGroup}/${scope.workspace} is being imported, or an import of it was not finished. Run \`malachite import\` with the same archive again, which finishes it, or with --give-up.`,
    );
  await checkRestored(db);
  const [made] = await insert(db, {
    key: workspaceKey(scope),
    subscription_id: scope.subscriptionId,
    resource_group: scope.resourceGroup,
    name: scope.workspace,
    created_at: Math.trunc(at),
  });
  return (made as { no: number }).no;
}

/** Begins the key of a workspace that is being imported and that nobody sees yet: no key of a workspace has a space in it. */
export const HIDDEN = "importing ";

/** Every workspace, the oldest first. */
export async function listWorkspaces(db: Executor): Promise<readonly KnownWorkspace[]> {
  const query = db.build
    .selectFrom("workspaces")
    .select(["subscription_id", "resource_group", "name as workspace", "created_at"])
    .where("key", "not like", `${HIDDEN}%`)
    .orderBy("no");
  return (await db.all(query.compile())).map((row) => ({ ...scopeOf(row), createdAt: row.created_at }));
}
