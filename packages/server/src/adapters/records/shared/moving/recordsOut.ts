// The records of one workspace as they were in one instant, row by row. Whoever writes meanwhile is not held up.
import { type KnownWorkspace, MalachiteError, type Scope, workspaceKey } from "@malachite/core";
import type { Row, Span, Spans, Value } from "./movedRows.ts";
import { MOVED, type MovedTable, NUMBERED, readingOf } from "./movedTables.ts";

/** What a database is asked inside one transaction that sees one instant. */
export interface Snapshot extends AsyncDisposable {
  /** What stands for the first parameter of a statement. */
  readonly gap: string;
  /** Rows in batches of at most `most`, each as a list of its values. */
  rows(text: string, parameters: readonly Value[], most: number): AsyncIterable<readonly Row[]>;
}

const MANY = 2_000;
const FEW = 100;

export class RecordsOut implements AsyncDisposable {
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** Of the tables' form. */
  async schema(): Promise<number> {
    const [row] = await this.#all("select max(number) from schema_migrations");
    return Number(row?.[0] ?? 0);
  }

  /** Every workspace there is, the oldest first. */
  async workspaces(): Promise<readonly KnownWorkspace[]> {
    const rows = await this.#all(
      "select subscription_id, resource_group, name, created_at from workspaces where key not like 'importing %' order by no",
    );
    return rows.map(([subscriptionId, resourceGroup, workspace, createdAt]) => ({
      subscriptionId: String(subscriptionId),
      resourceGroup: String(resourceGroup),
      workspace: String(workspace),
      createdAt: Number(createdAt),
    }));
  }

  /** Its number, its spelling, and the numbers that its rows have. Throws WorkspaceNotFound. */
  async workspace(scope: Scope): Promise<KnownWorkspace & { readonly no: number; readonly spans: Spans }> {
    const { gap } = this.#snapshot;
    const [row] = await this.#all(
      `select no, subscription_id, resource_group, name, created_at from workspaces where key = ${gap}`,
      [workspaceKey(scope)],
    );
    if (row === undefined)
      throw new MalachiteError(
        "WorkspaceNotFound",
        `There is no workspace ${scope.subscriptionId}/${scope.resourceGroup}/${scope.workspace} in the records.`,
      );
    const [no, subscriptionId, resourceGroup, workspace, createdAt] = row;
    const spans: Partial<Record<(typeof NUMBERED)[number], Span>> = {};
    for (const name of NUMBERED) {
      const { from } = MOVED.find((table) => table.name === name) as MovedTable;
      const where = from === undefined ? `${name} as c where c.workspace_no` : `${from} w.workspace_no`;
      const [span] = await this.#all(`select min(c.no), max(c.no) from ${where} = ${gap}`, [Number(no)]);
      if (span?.[0] !== null && span !== undefined)
        spans[name] = { first: Number(span[0]), last: Number(span[1]) };
    }
    return {
      no: Number(no),
      subscriptionId: String(subscriptionId),
      resourceGroup: String(resourceGroup),
      workspace: String(workspace),
      createdAt: Number(createdAt),
      spans,
    };
  }

  /** The rows of the workspace in a table; `columns` for others than all. */
  rows(
    table: MovedTable,
    workspaceNo: number,
    columns: readonly string[] = Object.keys(table.columns),
  ): AsyncIterable<readonly Row[]> {
    const text = readingOf(table, columns, this.#snapshot.gap);
    return this.#snapshot.rows(text, [workspaceNo], table.isHeavy ? FEW : MANY);
  }

  async #all(text: string, parameters: readonly Value[] = []): Promise<Row[]> {
    const found: Row[] = [];
    for await (const some of this.#snapshot.rows(text, parameters, MANY)) found.push(...some);
    return found;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#snapshot[Symbol.asyncDispose]();
  }
}
