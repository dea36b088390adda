// One half of the line of a pool: its rows in order, read on as far as they are asked for.
import { type Capacity, mostOf, type Quotas, type Shares } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { type OwnedRow, ownedRows } from "./ownerShares.ts";
import { statement } from "./statement.ts";

/** A run in the line: its place is by priority, then by number. */
export type Waiting = OwnedRow;
/** What fits into the pool at all, as limits of statements. */
export type Fits = { pool: string; nodes: number; gpus: number };

export const fitsOf = (pool: string, { nodes, gpus }: Capacity): Fits => ({
  pool,
  nodes: nodes ?? Number.MAX_SAFE_INTEGER,
  gpus: gpus?.length ?? 0,
});

/** The line is two, with and without GPUs: either can be closed while the other goes on. */
const halfOfLine = statement<Fits & { wants: number; limit: number; offset: number }>()((q, p) =>
  q
    .selectFrom("run_work")
    .select(["run_no", "priority", "nodes", "gpus", "engine_gpus", "workspace_no", "user_id"])
    .where("stage", "=", "waiting")
    .where("pool", "=", p.pool)
    .where("wants_gpus", "=", p.wants)
    .where("nodes", "<=", p.nodes)
    .where("gpus", "<=", p.gpus)
    .orderBy("priority", "desc")
    .orderBy("run_no")
    .limit(p.limit)
    .offset(p.offset),
);

/** So many rows of a half are read at once. */
const PAGE = 1000;
/** The same where quotas pass over owners: what their rows say is learnt page by page. */
const OWNED_PAGE = 100;

/** What is left to owners, and the quotas that say so. */
export type Limits = { readonly quotas: Quotas; readonly shares: Shares };

const targetsOf = statement<{ nos: string }>()((q, p, dialect) =>
  q
    .selectFrom("runs")
    .select(["no", "target"])
    .where(sql<boolean>`no in (select value from ${dialect.numbers(p.nos)} as listed)`),
);

/** Those of the rows that are for one of the targets; all where none are named. */
export async function forTargets<W extends { readonly run_no: number }>(
  db: Executor,
  rows: readonly W[],
  targets: readonly string[] | undefined,
): Promise<readonly W[]> {
  if (targets === undefined || rows.length === 0) return rows;
  const known = new Set(targets);
  const found = await targetsOf(db, { nos: JSON.stringify(rows.map((row) => row.run_no)) });
  const own = new Set(found.flatMap(({ no, target }) => (known.has(target) ? [no] : [])));
  return rows.filter((row) => own.has(row.run_no));
}

/** As `openHalf`, without the rows of owners who are at their quotas by the time that they are read. */
export function openOwnedHalf(
  db: Executor,
  fits: Fits & { wants: number },
  { quotas, shares }: Limits,
  targets: readonly string[] | undefined,
) {
  const half = {
    ...fits,
    nodes: Math.min(fits.nodes, mostOf(quotas, "nodes")),
    allGpus: mostOf(quotas, "gpus"),
  };
  let rows: Waiting[] = [];
  let after: Waiting | undefined;
  let isEnd = false;
  return {
    async head(): Promise<Waiting | undefined> {
      while (rows.length === 0 && !isEnd) {
        const read = await ownedRows(db, half, shares.closed(), after, OWNED_PAGE);
        isEnd = read.length < OWNED_PAGE;
        after = read.at(-1);
        rows = [...(await forTargets(db, read, targets))].reverse();
      }
      return rows.at(-1);
    },
    take: () => void rows.pop(),
  };
}

/** The head of one half of the line, read on as far as it is asked for. */
export function openHalf(
  db: Executor,
  fits: Fits & { wants: number },
  places: number,
  targets: readonly string[] | undefined,
) {
  // Of those that are asked for their targets, many may be others'.
  const limit = targets === undefined ? Math.min(PAGE, Math.max(0, places) + 1) : PAGE;
  let rows: Waiting[] = [];
  let read = 0;
  let isEnd = false;
  return {
    async head(): Promise<Waiting | undefined> {
      while (rows.length === 0 && !isEnd) {
        const page = await halfOfLine(db, { ...fits, limit, offset: read });
        isEnd = page.length < limit;
        read += page.length;
        rows = [...(await forTargets(db, page, targets))].reverse();
      }
      return rows.at(-1);
    },
    take: () => void rows.pop(),
  };
}
