// A page of a list that one select answers: all lists but those of runs, whose plans are chosen (runPlans.ts, searchRuns.ts).
import type { Page, Scope } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "./executor.ts";
import { isAfter, orderBy, pageOf, pageSize, parseToken, positionColumns, type Term } from "./paging.ts";
import { findWorkspace } from "./workspaces.ts";

export type List = {
  /** As `listName` makes it: what makes it the same list. */
  readonly name: string;
  readonly columns: RawBuilder<unknown>;
  readonly from: RawBuilder<unknown>;
  /** With the record's number at the end. */
  readonly terms: readonly Term[];
  /** Which of them belong to the workspace, and all else that must hold. */
  where(workspace: number): readonly RawBuilder<SqlBool>[];
};

/** Nothing for a workspace that is not there. `read` makes records of rows. Throws BadContinuationToken. */
export async function readPage<R extends object, T>(
  db: Executor,
  scope: Scope,
  { name, columns, from, terms, where }: List,
  ask: { readonly after?: string; readonly limit: number },
  read: (rows: readonly R[], scope: Scope) => readonly T[] | Promise<readonly T[]>,
): Promise<Page<T>> {
  const limit = pageSize(ask.limit);
  const position = ask.after === undefined ? undefined : parseToken(name, ask.after, terms.length);
  const workspace = await findWorkspace(db, scope);
  if (!workspace) return { values: [] };
  const conditions = [...where(workspace.no), ...(position ? [isAfter(terms, position)] : [])];
  const query = sql<R>`select ${columns}, ${positionColumns(terms)} from ${from}
    where ${sql.join(conditions, sql` and `)} order by ${orderBy(terms)} limit ${limit + 1}`;
  const page = pageOf(await db.all(query.compile(db.build)), limit, name, terms.length, (row) => row);
  return { ...page, values: await read(page.values, workspace.scope) };
}
