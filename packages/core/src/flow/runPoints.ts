// Many runs at once, for comparing them: what each was given and what came of it. And the tree of runs below one.
import type { LatestMetric } from "../domain/metric/metric.ts";
import type { Page, PageAsk } from "../domain/query/filter.ts";
import type { RunStatus } from "../domain/run/next.ts";
import type { Scope } from "../domain/scope.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress, ShownRun } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { listChildren, listRuns } from "./readRuns.ts";

export type RunPointsAsk = PageAsk & {
  readonly scope: Scope;
  readonly experimentName?: string;
  readonly parentRunId?: string;
  /** Only metrics of these names. */
  readonly metrics?: readonly string[];
  readonly namespace?: string;
};

export type RunPoint = ShownRun & {
  readonly params: Readonly<Record<string, string>>;
  readonly metrics: readonly LatestMetric[];
};

/** Runs are read so many at a time: how much they carry is known only then. */
const AT_ONCE = 200;
/** A page may not grow with what runs carry. */
const PAGE_CHARACTERS = 8 * 1024 * 1024;

type PointPorts = Pick<FlowPorts, "runs" | "experiments" | "metrics" | "tracking" | "clock">;

/** A page ends early where its runs carry much. Throws RunNotFound for a parent that is not there, BadContinuationToken. */
export async function runPoints(ask: RunPointsAsk, ports: PointPorts): Promise<Page<RunPoint>> {
  const values: RunPoint[] = [];
  let after = ask.after;
  let characters = 0;
  do {
    const some = Math.min(AT_ONCE, ask.limit - values.length);
    const page = await runsOf({ ...ask, limit: some }, after, ports);
    for (const point of await pointsOf(page.values, ask, ports)) {
      values.push(point);
      characters += weightOf(point);
    }
    after = page.next;
  } while (after !== undefined && values.length < ask.limit && characters < PAGE_CHARACTERS);
  return { values, ...(after === undefined ? {} : { next: after }) };
}

function runsOf(
  { parentRunId, experimentName, metrics: _, namespace: __, after: ___, ...ask }: RunPointsAsk,
  after: string | undefined,
  ports: PointPorts,
): Promise<Page<ShownRun>> {
  const page = { ...ask, ...(after === undefined ? {} : { after }) };
  const named = experimentName === undefined ? {} : { experimentName };
  return parentRunId === undefined
    ? listRuns({ ...page, ...named }, ports)
    : listChildren({ scope: ask.scope, runId: parentRunId, ...named }, page, ports);
}

async function pointsOf(
  runs: readonly ShownRun[],
  { scope, metrics: names, namespace }: RunPointsAsk,
  { metrics, tracking }: PointPorts,
): Promise<readonly RunPoint[]> {
  const ids = runs.map(({ run }) => run.id);
  if (ids.length === 0) return [];
  const [latest, logs] = await Promise.all([
    metrics.latest(scope, ids, namespace),
    tracking.logs(scope, ids),
  ]);
  const asked = names && new Set(names);
  return runs.map((shown) => ({
    ...shown,
    params: logs.get(shown.run.id)?.params ?? {},
    metrics: (latest.get(shown.run.id) ?? []).filter(({ name }) => asked === undefined || asked.has(name)),
  }));
}

/** About how much the run is in an answer. */
function weightOf({ run, params, metrics }: RunPoint): number {
  let weight = 300 + 40 * metrics.length;
  for (const map of [params, run.about.tags, run.about.properties])
    for (const [key, value] of Object.entries(map)) weight += key.length + (value?.length ?? 0);
  return metrics.reduce((sum, { name }) => sum + name.length, weight);
}

export type StatusCounts = Readonly<Partial<Record<RunStatus, number>>>;

export type RunTreePage = Page<ShownRun & { readonly children: StatusCounts }> & {
  /** Levels below the run, the first first; on the first page. */
  readonly below?: readonly StatusCounts[];
  /** There are more runs below than were counted. */
  readonly more?: boolean;
};

/** The runs right below one, the oldest first, each with those below it. Throws RunNotFound, BadContinuationToken. */
export async function runTree(
  address: RunAddress,
  ask: PageAsk,
  ports: Pick<FlowPorts, "runs" | "clock">,
): Promise<RunTreePage> {
  const { scope, runId } = address;
  await findRun(address, ports);
  const order = [{ field: { of: "field", name: "createdutc" }, descending: false }] as const;
  const page = await listChildren(address, { ...ask, order }, ports);
  const ids = page.values.map(({ run }) => run.id);
  const [children, below] = await Promise.all([
    ports.runs.childCounts(scope, ids),
    ask.after === undefined ? ports.runs.countBelow(scope, runId) : undefined,
  ]);
  return {
    ...page,
    values: page.values.map((shown) => ({ ...shown, children: children.get(shown.run.id) ?? {} })),
    ...(below === undefined ? {} : { below: below.levels, more: below.more }),
  };
}
