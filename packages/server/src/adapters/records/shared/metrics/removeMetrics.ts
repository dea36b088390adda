// Removes metrics: at once for all who ask, and their points bit by bit.
import { type MetricKey, type Scope, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { statement } from "../statement.ts";

/** Points that one write removes at most. */
const AT_ONCE = 2_000;

const dropOne = statement<{ key: string; run: string; namespace: string; name: string }>()((q, p) =>
  q
    .updateTable("metrics")
    .set({ run_no: null, latest_order: null })
    .where("run_no", "=", runOf(p))
    .where("namespace", "=", p.namespace)
    .where("name", "=", p.name),
);

const dropAll = statement<{ key: string; run: string }>()((q, p) =>
  q.updateTable("metrics").set({ run_no: null, latest_order: null }).where("run_no", "=", runOf(p)),
);

const runOf = (p: { key: unknown; run: unknown }) =>
  sql<number>`(select r.no from workspaces as w join runs as r on r.workspace_no = w.no where w.key = ${p.key} and r.id = ${p.run})`;

/** See `MetricStore.remove`. Points that are left are `sweepPoints`'s. */
export async function dropMetrics(
  db: Executor,
  scope: Scope,
  runId: string,
  keys: readonly MetricKey[] | null,
): Promise<void> {
  const run = { key: workspaceKey(scope), run: runId };
  if (keys === null) await dropAll(db, run);
  else for (const { name, namespace = "" } of keys) await dropOne(db, { ...run, namespace, name });
}

const oneDropped = statement<Record<string, never>>()((q) =>
  q.selectFrom("metrics").select("no").where("run_no", "is", null).limit(1),
);

const somePoints = statement<{ no: number; limit: number }>()((_q, p) => ({
  compile: () =>
    sql<{ seq: number }>`delete from metric_points where metric_no = ${p.no} and (at, step, seq) <= (
      select at, step, seq from (select at, step, seq from metric_points where metric_no = ${p.no} order by at, step, seq limit ${p.limit}) as first_ones
      order by at desc, step desc, seq desc limit 1) returning seq`.compile(_q),
}));

const deleteMetric = statement<{ no: number }>()((q, p) => q.deleteFrom("metrics").where("no", "=", p.no));

/** Removes some points of a removed metric. False when nothing is left to remove. */
export async function sweepPoints(db: Executor): Promise<boolean> {
  const [metric] = await oneDropped(db, {});
  if (!metric) return false;
  const gone = await somePoints(db, { no: metric.no, limit: AT_ONCE });
  if (gone.length < AT_ONCE) await deleteMetric(db, { no: metric.no });
  return true;
}
