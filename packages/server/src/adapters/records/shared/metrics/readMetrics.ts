// Reads which metrics runs have: lists of one run, newest values of many, one by the id of a row.
import { type LatestMetric, type MetricDefinition, type Scope, workspaceKey } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { chunks } from "../readRuns.ts";
import { statement } from "../statement.ts";
import { type PackedNumber, type PackedPoint, packColumns, packId, packNumber } from "./points.ts";
import { definitionOf } from "./readPoints.ts";

const selectPage = statement<{ key: string; run: string; name: string; namespace: string; limit: number }>()(
  (q, p) =>
    q
      .selectFrom("workspaces as w")
      .innerJoin("runs as r", "r.workspace_no", "w.no")
      .innerJoin("metrics as m", "m.run_no", "r.no")
      .select(["m.namespace", "m.name", "m.columns", "m.ux_type", "m.points"])
      .where("w.key", "=", p.key)
      .where("r.id", "=", p.run)
      .where("m.namespace", "=", p.namespace)
      .where("m.name", ">", p.name)
      .orderBy("m.name")
      .limit(p.limit),
);

/** See `MetricStore.list`; `after` is the last name of the page before. */
export async function listMetrics(
  db: Executor,
  scope: Scope,
  runId: string,
  ask: { readonly namespace: string; readonly after?: string; readonly limit: number },
): Promise<{ readonly values: readonly MetricDefinition[]; readonly more: boolean }> {
  const { namespace, after = "", limit } = ask;
  const key = workspaceKey(scope);
  const rows = await selectPage(db, { key, run: runId, namespace, name: after, limit: limit + 1 });
  return { values: rows.slice(0, limit).map(definitionOf), more: rows.length > limit };
}

/** See `MetricStore.latest`, the values packed. */
export async function latestMetrics(
  db: Executor,
  scope: Scope,
  runIds: readonly string[],
  namespace = "",
): Promise<
  readonly (Omit<LatestMetric, "value"> & { readonly run: string; readonly value: PackedNumber })[]
> {
  const all: (Omit<LatestMetric, "value"> & { readonly run: string; readonly value: PackedNumber })[] = [];
  for (const some of chunks([...new Set(runIds)])) {
    const query = db.build
      .selectFrom("workspaces as w")
      .innerJoin("runs as r", "r.workspace_no", "w.no")
      .innerJoin("metrics as m", "m.run_no", "r.no")
      .select(["r.id as run", "m.name", "m.latest_value", "m.latest_step", "m.latest_at"])
      .where("w.key", "=", workspaceKey(scope))
      .where("r.id", "in", some)
      .where("m.namespace", "=", namespace)
      .where("m.has_latest", "=", 1)
      .orderBy("m.run_no")
      .orderBy("m.name");
    for (const row of await db.all(query.compile()))
      all.push({
        run: row.run,
        name: row.name,
        value: packNumber(row.latest_value ?? Number.NaN),
        step: row.latest_step,
        at: row.latest_at,
      });
  }
  return all;
}

const selectById = statement<{ key: string; id: string; behind: string; end: string }>()((q, p) =>
  q
    .selectFrom("metric_points as p")
    .innerJoin("metrics as m", "m.no", "p.metric_no")
    .innerJoin("runs as r", "r.no", "m.run_no")
    .innerJoin("workspaces as w", "w.no", "r.workspace_no")
    .select(["r.id as run", "m.namespace", "m.name", "m.columns", "m.ux_type", "m.points"])
    .select(["p.at", "p.step", "p.seq", "p.stepped", "p.value", "p.id", "p.data"])
    .where("w.key", "=", p.key)
    .where(sql<boolean>`p.id is not null and (p.id = ${p.id} or (p.id > ${p.behind} and p.id < ${p.end}))`)
    .orderBy("m.no")
    .orderBy("p.seq")
    .limit(1000),
);

/** See `MetricStore.find`. A metric of the older API has one id and several rows, whose ids are the id and a number. */
export async function findPoint(
  db: Executor,
  scope: Scope,
  id: string,
): Promise<
  | { readonly runId: string; readonly metric: MetricDefinition; readonly rows: readonly PackedPoint[] }
  | undefined
> {
  const rows = await selectById(db, {
    key: workspaceKey(scope),
    id: packId(id),
    behind: `!${id}.`,
    end: `!${id}/`,
  });
  const [first] = rows;
  if (!first) return undefined;
  const own = rows.filter((row) => row.run === first.run && row.name === first.name);
  return { runId: first.run, metric: definitionOf(first), rows: own.map(packColumns) };
}
