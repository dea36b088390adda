// The queue of a pool as people see it: those at work, and a page of the line. Reads a page, and of what is before it only counts.
import {
  fitsInto,
  freeGpus,
  lookAt,
  type QueueAsk,
  type QueueHolder,
  type QueuePage,
  type QueueWaiter,
  type Quotas,
  quotaWaitText,
  type RunStatus,
  roomOf,
  workspaceKey,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import { heldOf, roomBefore } from "./line.ts";
import { needsOfRow, type OwnedRow, ownerOf } from "./ownerShares.ts";
import { isAfter, listName, orderBy, parseToken, printToken, type Term } from "./paging.ts";
import { statement } from "./statement.ts";

/** So many runs at work are named. */
const MOST_HOLDERS = 1_000;

const holdersOf = statement<{ pool: string; key: string; limit: number }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .innerJoin("experiments as e", "e.no", "r.experiment_no")
    .select(["r.id", "r.status", "r.display_name", "r.target", "r.created_at", "k.nodes", "k.gpu_ids"])
    .select("e.name as experiment")
    .select((eb) =>
      eb
        .selectFrom("run_story as s")
        .select((sb) => sb.fn.max("s.at").as("at"))
        .whereRef("s.run_no", "=", "k.run_no")
        .where("s.event", "=", "claimed")
        .as("claimed_at"),
    )
    .where("k.stage", "in", ["claimed", "working"])
    .where("k.pool", "=", p.pool)
    .where("w.key", "=", p.key)
    .orderBy("k.run_no")
    .limit(p.limit),
);

const heldByAll = statement<{ pool: string; key: string; machine: string }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select(["k.nodes", "k.gpu_ids"])
    .select(sql<number>`case when w.key = ${p.key} then 1 else 0 end`.as("own"))
    .select(
      sql<number>`case when coalesce(k.machine, ${p.machine}) = ${p.machine} then 1 else 0 end`.as("here"),
    )
    .where("k.stage", "in", ["claimed", "working"])
    .where("k.pool", "=", p.pool),
);

const waitingOf = statement<{ pool: string; key: string }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select((eb) => eb.fn.countAll<number>().as("all"))
    .select(sql<number>`coalesce(sum(case when w.key = ${p.key} then 1 else 0 end), 0)`.as("own"))
    .where("k.stage", "=", "waiting")
    .where("k.pool", "=", p.pool),
);

type LineRow = OwnedRow & {
  readonly key: string;
  readonly id: string;
  readonly display_name: string | null;
  readonly target: string;
  readonly created_at: number;
  readonly experiment: string;
};

/** See `RunStore.queue`. */
export async function readQueue(db: Executor, ask: QueueAsk, quotas: Quotas = {}): Promise<QueuePage> {
  const { pool, capacity } = ask;
  const key = workspaceKey(ask.scope);
  const all = await heldByAll(db, { pool, key, machine: capacity.machine ?? "" });
  const held = all.filter(({ here }) => here === 1).map(heldOf);
  const others = all.filter(({ own }) => own === 0).map(heldOf);
  const rows = await holdersOf(db, { pool, key, limit: MOST_HOLDERS });
  const holders = rows.map(
    (row): QueueHolder => ({
      runId: row.id,
      experimentName: row.experiment,
      ...(row.display_name === null ? {} : { displayName: row.display_name }),
      target: row.target,
      status: row.status as RunStatus,
      ...heldOf(row),
      since: row.claimed_at ?? row.created_at,
    }),
  );
  const [count] = await waitingOf(db, { pool, key });
  const line = await readLine(db, ask, key, quotas);
  const room = roomOf(capacity, held);
  return {
    ...line,
    holders,
    waiting: count?.own ?? 0,
    elsewhere: {
      holders: others.length,
      nodes: others.reduce((sum, { nodes }) => sum + nodes, 0),
      gpus: others.flatMap(({ gpus }) => gpus),
      waiting: (count?.all ?? 0) - (count?.own ?? 0),
    },
    free: {
      places: Math.max(0, room.places),
      ...(capacity.nodes === undefined ? {} : { nodes: Math.max(0, room.nodes) }),
      ...(capacity.gpus === undefined ? {} : { gpus: freeGpus(capacity, held) }),
    },
  };
}

const TERMS: readonly Term[] = [
  { value: sql.ref<number>("k.priority"), nullable: false, descending: true },
  { value: sql.ref<number>("k.run_no"), nullable: false, descending: false },
];

/** Runs of other workspaces that are read over to fill a page; more of them end it early. */
const MOST_OTHERS = 2_000;

/** A page: the runs of the workspace, each with the sentence that the rule of the line says of it. */
async function readLine(
  db: Executor,
  { pool, capacity, after, limit }: QueueAsk,
  key: string,
  quotas: Quotas,
): Promise<Pick<QueuePage, "values" | "next">> {
  const list = listName("queue", pool, key);
  const position = after === undefined ? undefined : parseToken(list, after, TERMS.length);
  const most = limit + MOST_OTHERS;
  const rows = await halves(db, pool, most, position);
  const values: QueueWaiter[] = [];
  let before: Awaited<ReturnType<typeof roomBefore>> | undefined;
  let last: LineRow | undefined;
  for (const row of rows.slice(0, most)) {
    if (values.length === limit) break;
    last = row;
    // What is before the first of the page that fits is counted; from there on the rule is followed run by run.
    if (fitsInto(capacity, row)) before ??= await roomBefore(db, pool, capacity, row, quotas);
    const needs = needsOfRow(row);
    const atQuota = fitsInto(capacity, row) ? (before?.shares?.lacks(ownerOf(row), needs) ?? []) : [];
    const looked = lookAt(before ?? NOBODY, needs, capacity);
    if (before !== undefined) {
      // One that is at its quota keeps nothing of the target.
      const room = atQuota.length > 0 ? before.room : looked.after.room;
      if (atQuota.length > 0) before.shares?.keep(ownerOf(row), atQuota);
      else if (looked.starts) before.shares?.take(ownerOf(row), needs);
      before = { ...before, ahead: looked.after.ahead, room };
    }
    if (row.key !== key) continue;
    const [first] = atQuota;
    values.push(shown(row, first === undefined ? looked : { ...looked, summary: quotaWaitText(first) }));
  }
  const isLast = last === undefined || (rows.at(-1)?.run_no === last.run_no && rows.length <= most);
  return {
    values,
    ...(last && !isLast ? { next: printToken(list, [last.priority, last.run_no]) } : {}),
  };
}

const NOBODY = { room: { places: 0, nodes: 0, gpus: 0, closed: new Set<"places">() }, ahead: 0 };

const shown = (
  row: LineRow,
  { position, summary }: Pick<ReturnType<typeof lookAt>, "position" | "summary">,
): QueueWaiter => ({
  runId: row.id,
  experimentName: row.experiment,
  ...(row.display_name === null ? {} : { displayName: row.display_name }),
  target: row.target,
  priority: row.priority,
  nodes: row.nodes,
  gpus: row.gpus,
  since: row.created_at,
  ...(position === undefined ? {} : { position }),
  summary,
});

/** The line is two, with and without GPUs, each in order in its index: the head of both together. */
async function halves(
  db: Executor,
  pool: string,
  most: number,
  position: readonly (string | number | null)[] | undefined,
): Promise<readonly LineRow[]> {
  const rows: LineRow[] = [];
  for (const wants of [0, 1]) {
    const query = sql<LineRow>`select k.run_no, k.priority, k.nodes, k.gpus, k.engine_gpus, k.workspace_no, k.user_id, w.key, r.id, r.display_name, r.target,
        r.created_at, e.name as experiment
      from (select k.run_no, k.priority, k.nodes, k.gpus, k.engine_gpus, k.workspace_no, k.user_id from run_work as k
        where k.stage = 'waiting' and k.pool = ${pool} and k.wants_gpus = ${wants}
          ${position ? sql`and ${isAfter(TERMS, position)}` : sql``}
        order by ${orderBy(TERMS)} limit ${most + 1}) as k
      join runs as r on r.no = k.run_no join workspaces as w on w.no = r.workspace_no
      join experiments as e on e.no = r.experiment_no`;
    rows.push(...(await db.all(query.compile(db.build))));
  }
  return rows.sort((a, b) => b.priority - a.priority || a.run_no - b.run_no).slice(0, most + 1);
}
