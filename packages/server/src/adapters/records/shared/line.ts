// The line of a pool in the records: the rule of the line (`serve`) is applied to as few rows as it can be applied to.
import {
  type Capacity,
  fitsInto,
  freeGpus,
  type Held,
  isFull,
  type Needs,
  PLAIN_NEEDS,
  type QuotaLack,
  type Quotas,
  type Resource,
  type Room,
  type Run,
  roomOf,
  type Scope,
  type Shares,
  type Standing,
  serve,
  workspaceKey,
} from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "./executor.ts";
import {
  type Fits,
  fitsOf,
  forTargets,
  type Limits,
  openHalf,
  openOwnedHalf,
  type Waiting,
} from "./halfOfLine.ts";
import { needsOfRow, openShares, ownerOf } from "./ownerShares.ts";
import { scopeOf } from "./runRows.ts";
import { statement } from "./statement.ts";

const heldInPool = statement<{ pool: string; machine: string }>()((q, p) =>
  q
    .selectFrom("run_work")
    .select(["nodes", "gpu_ids"])
    .where("stage", "in", ["claimed", "working"])
    .where("pool", "=", p.pool)
    .where((or) => or.or([or("machine", "is", null), or("machine", "=", p.machine)])),
);

const poolsHeld = statement<Record<never, never>>()((q) =>
  q.selectFrom("run_work").select("pool").distinct().where("stage", "in", ["claimed", "working"]),
);

const atWork = statement<{ pool: string }>()((q, p) =>
  q
    .selectFrom("run_work as k")
    .innerJoin("runs as r", "r.no", "k.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select(["r.id", "w.subscription_id", "w.resource_group", "w.name as workspace", "k.nodes", "k.gpu_ids"])
    .select("k.machine")
    .where("k.stage", "in", ["claimed", "working"])
    .where("k.pool", "=", p.pool)
    .orderBy("k.run_no"),
);

const placeInLine = statement<{ key: string; id: string }>()((q, p) =>
  q
    .selectFrom("workspaces as w")
    .innerJoin("runs as r", "r.workspace_no", "w.no")
    .innerJoin("run_work as k", "k.run_no", "r.no")
    .select(["k.run_no", "k.pool", "k.priority", "k.nodes", "k.gpus"])
    .select(["k.engine_gpus", "k.workspace_no", "k.user_id"])
    .where("w.key", "=", p.key)
    .where("r.id", "=", p.id)
    .where("k.stage", "=", "waiting"),
);

type Before = Fits & { wants: number; priority: number; no: number; afterPriority: number; afterNo: number };

/** Of one half of the line before a place: those of higher priority, and those of the same that came first. */
const countBefore = (samePriority: boolean) =>
  statement<Before>()((q, p) => {
    const rows = q
      .selectFrom("run_work")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .select(
        // The largest needs of those that come after another place: what may be kept for one of them.
        ["nodes", "gpus"].map((column) =>
          sql<
            number | null
          >`max(case when priority < ${p.afterPriority} or (priority = ${p.afterPriority} and run_no > ${p.afterNo}) then ${sql.ref(column)} end)`.as(
            column,
          ),
        ),
      )
      .where("stage", "=", "waiting")
      .where("pool", "=", p.pool)
      .where("wants_gpus", "=", p.wants)
      .where("nodes", "<=", p.nodes)
      .where("gpus", "<=", p.gpus);
    return samePriority
      ? rows.where("priority", "=", p.priority).where("run_no", "<", p.no)
      : rows.where("priority", ">", p.priority);
  });
const higher = countBefore(false);
const earlier = countBefore(true);

/** The columns that follow from what a run needs. */
export const needsColumns = ({ priority, nodes, gpus, engineGpus = 0 }: Needs = PLAIN_NEEDS) => ({
  priority,
  nodes,
  gpus,
  engine_gpus: engineGpus,
  wants_gpus: gpus > 0 ? 1 : 0,
});

export const printGpus = (gpus: readonly number[]): string => gpus.join(",");
export const parseGpus = (text: string | null): readonly number[] | undefined =>
  text === null ? undefined : text.split(",").filter(Boolean).map(Number);

const isBefore = (a: Waiting, b: Waiting): boolean =>
  a.priority > b.priority || (a.priority === b.priority && a.run_no < b.run_no);

const limitsOf = async (db: Executor, quotas: Quotas): Promise<Limits | undefined> => {
  const shares = await openShares(db, quotas);
  return shares && { quotas, shares };
};

/**
 * Walks the line from its head for as long as somebody can start, at most to `end`. Reads no more rows than there are places,
 * and one for each half of the line. `keeping`: those for whom something is kept. `last`: where nobody further behind can start.
 */
async function walk(
  db: Executor,
  pool: string,
  capacity: Capacity,
  from: Room,
  limits: Limits | undefined,
  { end, targets }: { readonly end?: Waiting; readonly targets?: readonly string[] } = {},
): Promise<{ starting: Waiting[]; keeping: Waiting[]; room: Room; last?: Waiting }> {
  const starting: Waiting[] = [];
  const keeping: Waiting[] = [];
  const fits = fitsOf(pool, capacity);
  const [plain, wanting] = [0, 1].map((wants) =>
    limits === undefined
      ? openHalf(db, { ...fits, wants }, from.places, targets)
      : openOwnedHalf(db, { ...fits, wants }, limits, targets),
  ) as [ReturnType<typeof openHalf>, ReturnType<typeof openHalf>];
  let room = from;
  for (;;) {
    const a = await plain.head();
    // Without a free GPU none of these starts; but where nodes are counted, one that lacks nodes too has them kept.
    const passed = room.closed.has("gpus") && capacity.nodes === undefined;
    const b = passed ? undefined : await wanting.head();
    const half = a && (!b || isBefore(a, b)) ? plain : wanting;
    const next = half === plain ? a : b;
    if (!next || (end && !isBefore(next, end))) return { starting, keeping, room };
    half.take();
    const needs = needsOfRow(next);
    const atQuota = limits?.shares.lacks(ownerOf(next), needs) ?? [];
    if (atQuota.length > 0) {
      // Nobody of others waits for it: what it would take of the pool is theirs.
      limits?.shares.keep(ownerOf(next), atQuota);
      continue;
    }
    const served = serve(room, needs);
    if (served.room.closed.size > room.closed.size) keeping.push(next);
    room = served.room;
    if (served.lacks.length === 0) {
      starting.push(next);
      limits?.shares.take(ownerOf(next), needs);
    }
    if (isFull(room)) return { starting, keeping, room, last: next };
  }
}

/** Who starts now, each with its GPUs where they are counted. Runs for other targets than these are passed over. */
export async function nextInLine(
  db: Executor,
  pool: string,
  capacity: Capacity,
  quotas: Quotas,
  targets: readonly string[] | undefined,
): Promise<readonly { readonly run_no: number; readonly gpu_ids: string | null }[]> {
  const holders = (await heldInPool(db, { pool, machine: machineOf(capacity) })).map(heldOf);
  const room = roomOf(capacity, holders);
  if (room.places < 1 || room.nodes < 1) return [];
  const walked = await walk(db, pool, capacity, room, await limitsOf(db, quotas));
  // That a server lacks a target is seldom so: only then is every row that it passes asked about.
  const served = [...walked.starting, ...walked.keeping];
  const isOwn = (await forTargets(db, served, targets)).length === served.length;
  const { starting } = isOwn
    ? walked
    : await walk(db, pool, capacity, room, await limitsOf(db, quotas), targets && { targets });
  const free = freeGpus(capacity, holders).values();
  return starting.map(({ run_no, gpus }) => ({
    run_no,
    gpu_ids: capacity.gpus === undefined ? null : printGpus([...free.take(gpus)]),
  }));
}

/** What a run at work is bound to where machines share nothing; such a text is never empty. */
const machineOf = ({ machine = "" }: Capacity): string => machine;

export const heldOf = (row: { readonly nodes: number; readonly gpu_ids: string | null }): Held => ({
  nodes: row.nodes,
  gpus: parseGpus(row.gpu_ids) ?? [],
});

/** See `RunStore.holding`: also a run at work whose lease was given back or has run out, for its job may well be running. */
export async function holding(
  db: Executor,
  pool: string,
): Promise<readonly (Held & { scope: Scope; runId: string; machine?: string })[]> {
  return (await atWork(db, { pool })).map((row) => ({
    ...heldOf(row),
    scope: scopeOf(row),
    runId: row.id,
    ...(row.machine === null ? {} : { machine: row.machine }),
  }));
}

/** See `RunStore.poolsAtWork`. */
export async function poolsAtWork(db: Executor): Promise<readonly string[]> {
  return (await poolsHeld(db, {})).flatMap(({ pool }) => pool ?? []);
}

/** The state of the line right before a waiting run that fits into the pool: what is free, what is kept, how many are served first. */
export async function roomBefore(
  db: Executor,
  pool: string,
  capacity: Capacity,
  row: Waiting,
  quotas: Quotas,
): Promise<{
  readonly room: Room;
  readonly ahead: number;
  readonly aheadForGpus: number;
  readonly shares?: Shares;
}> {
  const held = (await heldInPool(db, { pool, machine: machineOf(capacity) })).map(heldOf);
  const limits = await limitsOf(db, quotas);
  const { room: left, last } = await walk(db, pool, capacity, roomOf(capacity, held), limits, {
    end: row,
  });
  const before = await countAhead(db, pool, capacity, row, last);
  // Behind the last that could start nobody takes anything, but more may be kept for those who stand there.
  const closed = new Set<Resource>(left.closed);
  if (before.mostNodes > left.nodes) closed.add("nodes");
  if (before.mostGpus > left.gpus) closed.add("gpus");
  return {
    room: { ...left, closed },
    ahead: before.count,
    aheadForGpus: before.forGpus,
    ...(limits === undefined ? {} : { shares: limits.shares }),
  };
}

/** See `RunStore.standing`. */
export async function standing(
  db: Executor,
  run: Pick<Run, "scope" | "id">,
  capacity: Capacity,
  quotas: Quotas = {},
): Promise<Standing | undefined> {
  const [row] = await placeInLine(db, { key: workspaceKey(run.scope), id: run.id });
  if (!row) return undefined;
  const pool = row.pool ?? "";
  const holders = (await holding(db, pool)).filter(
    ({ machine }) => machine === undefined || machine === capacity.machine,
  );
  const room = roomOf(capacity, holders);
  const needs = needsOfRow(row);
  if (!fitsInto(capacity, needs))
    return { needs, fits: false, lacks: [], free: free(room), holders, ahead: 0, aheadForGpus: 0 };
  const before = await roomBefore(db, pool, capacity, row, quotas);
  const { lacks } = serve(before.room, needs);
  const atQuota: readonly QuotaLack[] = before.shares?.lacks(ownerOf(row), needs) ?? [];
  return {
    needs,
    fits: true,
    lacks,
    ...(atQuota.length === 0 ? {} : { quotas: atQuota }),
    free: free(room),
    holders,
    ahead: before.ahead,
    aheadForGpus: before.aheadForGpus,
  };
}

const free = ({ places, nodes, gpus }: Room) => ({
  places: Math.max(0, places),
  ...(Number.isFinite(nodes) ? { nodes: Math.max(0, nodes) } : {}),
  gpus,
});

async function countAhead(
  db: Executor,
  pool: string,
  capacity: Capacity,
  { priority, run_no }: Waiting,
  last: Waiting | undefined,
) {
  // Without a last one all have been walked past, and nobody comes after.
  const after = { afterPriority: last?.priority ?? Number.MIN_SAFE_INTEGER, afterNo: last?.run_no ?? 0 };
  const place = { ...fitsOf(pool, capacity), priority, no: run_no, ...after };
  const halves = [];
  for (const wants of [0, 1])
    halves.push([...(await higher(db, { ...place, wants })), ...(await earlier(db, { ...place, wants }))]);
  const count = (rows: readonly { readonly count: number }[] = []) =>
    rows.reduce((sum, row) => sum + row.count, 0);
  const rows = halves.flat();
  return {
    count: count(rows),
    forGpus: count(halves[1]),
    mostNodes: Math.max(0, ...rows.map((row) => Number(row.nodes ?? 0))),
    mostGpus: Math.max(0, ...rows.map((row) => Number(row.gpus ?? 0))),
  };
}
