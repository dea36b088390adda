// The records of a workspace on their way in. They lie under a workspace whose key is no workspace's, so nobody sees them, until the last
// step gives it its own. Whatever happens before, the import is begun anew: what it had written is removed first.
import { type KnownWorkspace, MalachiteError, workspaceKey } from "@malachite/core";
import { CompiledQuery } from "kysely";
import type { Executor } from "../executor.ts";
import { HIDDEN } from "../workspaces.ts";
import { endUnfinished } from "./endUnfinished.ts";
import { type Landing, landed, type Row, type Spans, type Value } from "./movedRows.ts";
import { MOVED, type MovedTable, NUMBERED, type Numbered } from "./movedTables.ts";
import { removeRows } from "./removeRows.ts";
import { checkRestored, noteRestored } from "./restoreMark.ts";

/** A database that is written to beside its service, or instead of it. */
export interface RecordsIn extends AsyncDisposable {
  readonly db: Executor;
  /** One transaction, in which nobody else writes. Short: others wait. */
  transact<T>(work: () => Promise<T>): Promise<T>;
  /** The first of so many numbers that no row of the table has, nor gets. Inside a transaction; `last` is the greatest in use. */
  reserve(table: Numbered, last: number, count: number): Promise<number>;
}

export type ImportAsk = {
  readonly workspace: KnownWorkspace;
  readonly spans: Spans;
  /** The archive's own hash. */
  readonly archive: string;
  readonly now: number;
  /** It is a part of a backup that is being restored, see beginRestore. */
  readonly restoring?: boolean;
};

const hiddenKey = (key: string): string => `${HIDDEN}${key}`;

const one = async (db: Executor, text: string, ...values: Value[]): Promise<Row | undefined> => {
  const [row] = await db.lists(CompiledQuery.raw(gapped(db, text), values));
  return row as Row | undefined;
};

/** Rows in one statement: of no table so many that they have more parameters than a statement may (65,535). */
const ROWS_AT_ONCE = 50;

const isServer = (db: Executor): boolean => db.dialect.types.integer === "bigint";

/** `?` as the database writes it. */
function gapped(db: Executor, text: string): string {
  let n = 0;
  return isServer(db)
    ? text.replace(/\?/g, () => {
        n += 1;
        return `$${n}`;
      })
    : text;
}

/** Throws WorkspaceExists where something is in the workspace already, ImportUnfinished where another import into it has begun. */
export async function checkRoom(
  db: Executor,
  { workspace, archive, restoring = false }: ImportAsk,
): Promise<void> {
  if (!restoring) await checkRestored(db);
  const key = workspaceKey(workspace);
  const named = `${workspace.subscriptionId}/${workspace.resourceGroup}/${workspace.workspace}`;
  const begun = await one(db, "select archive from imports where workspace_key = ?", key);
  if (begun !== undefined && begun[0] !== archive)
    throw new MalachiteError(
      "ImportUnfinished",
      `An import of another archive into ${named} was begun and not finished (${String(begun[0]).slice(0, 16)}…). Import that one again, or give it up with: malachite import --give-up ITS_FILE`,
    );
  const there = await one(db, "select no from workspaces where key = ?", key);
  if (there === undefined) return;
  const found = await firstRowOf(db, Number(there[0]));
  if (found === undefined) return;
  throw new MalachiteError(
    "WorkspaceExists",
    `The workspace ${named} is there already and is not empty: it has ${found}. An import never mixes two workspaces.`,
  );
}

/** Whether an import of the archive was begun and not finished. */
export async function isBegun(db: Executor, { workspace, archive }: ImportAsk): Promise<boolean> {
  const row = await one(db, "select archive from imports where workspace_key = ?", workspaceKey(workspace));
  return row?.[0] === archive;
}

/** In which table the workspace has something. */
async function firstRowOf(db: Executor, no: number): Promise<string | undefined> {
  for (const { name, from } of MOVED) {
    if (from !== undefined) continue;
    if ((await one(db, `select 1 as one from ${name} where workspace_no = ? limit 1`, no)) !== undefined)
      return name.replaceAll("_", " ");
  }
  return undefined;
}

/** An import that was begun. */
export class Importing {
  readonly #into: RecordsIn;
  readonly #ask: ImportAsk;
  readonly #landing: Landing;

  private constructor(into: RecordsIn, ask: ImportAsk, landing: Landing) {
    this.#into = into;
    this.#ask = ask;
    this.#landing = landing;
  }

  /** Notes that the import has begun; removes what an earlier try of it has left. Throws as checkRoom. */
  static async begin(into: RecordsIn, ask: ImportAsk, reseal: Landing["reseal"]): Promise<Importing> {
    await into.transact(() => checkRoom(into.db, ask));
    await giveUpImport(into, ask);
    const landing = await into.transact(async () => {
      await checkRoom(into.db, ask);
      return await start(into, ask, reseal);
    });
    return new Importing(into, ask, landing);
  }

  /** Adds rows, in one transaction. Throws BadExport for one that no table has. */
  async add(table: MovedTable, rows: readonly Row[]): Promise<void> {
    const { db } = this.#into;
    const values = rows.map((row) => landed(table, row, this.#landing));
    const columns = Object.keys(table.columns);
    const gaps = `(${columns.map(() => "?").join(", ")})`;
    const insert = (count: number): string =>
      gapped(
        db,
        `insert into ${table.name} (${columns.join(", ")}) values ${Array(count).fill(gaps).join(", ")}`,
      );
    // A server is told of many rows at once; where the database is a library, that saves nothing.
    const many = isServer(db) ? ROWS_AT_ONCE : 1;
    const single = values.length % many;
    const lists = Array.from({ length: (values.length - single) / many }, (_, i) =>
      values.slice(i * many, (i + 1) * many).flat(),
    );
    try {
      await this.#into.transact(async () => {
        await db.each(insert(many), lists);
        await db.each(insert(1), values.slice(values.length - single));
      });
    } catch (cause) {
      if (!isConstraint(cause)) throw cause;
      throw new MalachiteError(
        "BadExport",
        `The archive has rows of ${table.name} that do not belong together: ${cause instanceof Error ? cause.message : ""}`,
        { cause },
      );
    }
  }

  /** Ends what was not ended, as of `at`, when the records were read. How many runs that were. */
  endUnfinished(at: number, told: (runs: number) => void): Promise<number> {
    return endUnfinished(this.#into, this.#landing.workspaceNo, at, told);
  }

  /** All of it becomes visible, in one transaction. */
  async finish(): Promise<void> {
    const { db } = this.#into;
    const key = workspaceKey(this.#ask.workspace);
    await this.#into.transact(async () => {
      await checkRoom(db, this.#ask);
      await run(db, "delete from workspaces where key = ?", key);
      await run(db, "update workspaces set key = ? where no = ?", key, this.#landing.workspaceNo);
      await run(db, "delete from imports where workspace_key = ?", key);
      if (this.#ask.restoring === true) await noteRestored(db, key, this.#ask.archive, this.#ask.now);
    });
  }
}

/** Whether the database says that a row is there twice, or refers to one that is not there. */
function isConstraint(error: unknown): boolean {
  if (error instanceof Error && error.cause !== undefined && isConstraint(error.cause)) return true;
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return /^23/.test(String(code)) || (code === "ERR_SQLITE_ERROR" && (Number(errcode) & 0xff) === 19);
}

const run = async (db: Executor, text: string, ...values: Value[]): Promise<void> => {
  await db.each(gapped(db, text), [values]);
};

async function start(
  { db, reserve }: RecordsIn,
  { workspace, spans, archive, now }: ImportAsk,
  reseal: Landing["reseal"],
): Promise<Landing> {
  const key = workspaceKey(workspace);
  const made = await one(
    db,
    "insert into workspaces (key, subscription_id, resource_group, name, created_at) values (?, ?, ?, ?, ?) returning no",
    hiddenKey(key),
    workspace.subscriptionId,
    workspace.resourceGroup,
    workspace.workspace,
    Math.trunc(workspace.createdAt),
  );
  const bases: Partial<Record<Numbered, number>> = {};
  for (const table of NUMBERED) {
    const span = spans[table];
    if (span === undefined) continue;
    const last = await one(db, `select coalesce(max(no), 0) from ${table}`);
    bases[table] = await reserve(table, Number(last?.[0]), span.last - span.first + 1);
  }
  const workspaceNo = Number(made?.[0]);
  await run(
    db,
    "insert into imports (workspace_key, archive, workspace_no, begun_at) values (?, ?, ?, ?)",
    key,
    archive,
    workspaceNo,
    Math.trunc(now),
  );
  return { workspaceNo, spans, bases, reseal };
}

/** Removes what an import of that archive has written. False when there is none. Throws ImportUnfinished for another archive's. */
export async function giveUpImport(into: RecordsIn, ask: ImportAsk): Promise<boolean> {
  const key = workspaceKey(ask.workspace);
  const { db } = into;
  const begun = await into.transact(() =>
    one(db, "select workspace_no, archive from imports where workspace_key = ?", key),
  );
  if (begun === undefined) return false;
  if (begun[1] !== ask.archive)
    throw new MalachiteError("ImportUnfinished", "The import that was begun is of another archive.");
  const no = Number(begun[0]);
  await removeRows(into, no);
  await into.transact(async () => {
    await run(db, "delete from workspaces where no = ?", no);
    await run(db, "delete from imports where workspace_key = ?", key);
  });
  return true;
}
