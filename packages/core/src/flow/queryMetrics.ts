// Metrics of many runs, as the older API lists them: run by run, metric by metric, in pages that end where they are cut.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { MetricDefinition, MetricRow } from "../domain/metric/metric.ts";
import type { MetricFilter } from "../domain/metric/parseMetricFilter.ts";
import { SCALAR } from "../domain/metric/runMetric.ts";
import type { Scope } from "../domain/scope.ts";
import { isIn } from "./findRun.ts";
import type { FlowPorts } from "./ports.ts";

export type MetricQuery = {
  readonly scope: Scope;
  readonly experimentName?: string;
  readonly experimentId?: string;
  readonly filter: MetricFilter;
  readonly after?: string;
  /** So many rows in a page at most. */
  readonly limit: number;
};
/** Rows of one metric of one run. */
export type MetricPart = {
  readonly runId: string;
  readonly metric: MetricDefinition;
  readonly rows: readonly MetricRow[];
};
type QueryPorts = Pick<FlowPorts, "runs" | "metrics" | "experiments">;

/** Where a page ended: in the list of runs, in the list of the run's metrics, in the metric's rows. */
type Place = {
  readonly runs: string;
  readonly run: number;
  readonly names: string;
  readonly name: number;
  readonly rows: string;
};
const START: Place = { runs: "", run: 0, names: "", name: 0, rows: "" };
const RUNS_AT_ONCE = 100;
const METRICS_AT_ONCE = 200;
/** A page may not grow with what is in the cells. */
const PAGE_CHARACTERS = 4 * 1024 * 1024;
/** A page that finds nothing comes to an end too. */
const MOST_METRICS_LOOKED_AT = 5_000;

/** Throws BadContinuationToken. Runs that are not in the experiment have no metrics there. */
export async function queryMetrics(
  ask: MetricQuery,
  ports: QueryPorts,
): Promise<{ readonly values: readonly MetricPart[]; readonly next?: string }> {
  const values: MetricPart[] = [];
  let [rows, characters, looked] = [0, 0, 0];
  const isFull = () => rows >= ask.limit || characters >= PAGE_CHARACTERS || looked >= MOST_METRICS_LOOKED_AT;
  for await (const { place, runId, metric } of metricsFrom(ask, parsePlace(ask.after), ports)) {
    if (isFull()) return { values, next: printPlace(place) };
    looked += 1;
    if (!isAsked(metric, ask.filter)) continue;
    let after = place.rows;
    do {
      const page = await ports.metrics.rows(ask.scope, runId, metric, {
        limit: ask.limit - rows,
        ...(after === "" ? {} : { after }),
        ...(ask.filter.from === undefined ? {} : { from: ask.filter.from }),
        ...(ask.filter.to === undefined ? {} : { to: ask.filter.to }),
      });
      if (page.values.length > 0) values.push({ runId, metric, rows: page.values });
      rows += page.values.length;
      characters += weightOf(page.values);
      after = page.next ?? "";
      if (after !== "" && isFull()) return { values, next: printPlace({ ...place, rows: after }) };
    } while (after !== "");
  }
  return { values };
}

type Found = { readonly place: Place; readonly runId: string; readonly metric: MetricDefinition };

async function* metricsFrom(ask: MetricQuery, start: Place, ports: QueryPorts): AsyncGenerator<Found> {
  let place = start;
  for await (const run of runsFrom(ask, start, ports)) {
    // Only the run that the page before ended in is begun in the middle.
    place =
      run.runs === start.runs && run.run === start.run ? start : { ...START, runs: run.runs, run: run.run };
    for (;;) {
      const page = await ports.metrics.list(ask.scope, run.id, {
        limit: METRICS_AT_ONCE,
        ...(place.names === "" ? {} : { after: place.names }),
      });
      for (const [name, metric] of page.values.entries()) {
        if (name < place.name) continue;
        yield {
          place: { ...place, name, rows: name === place.name ? place.rows : "" },
          runId: run.id,
          metric,
        };
      }
      if (page.next === undefined) break;
      place = { ...place, names: page.next, name: 0, rows: "" };
    }
  }
}

type FoundRun = { readonly id: string; readonly runs: string; readonly run: number };

/** The runs that the filter names, or all of the experiment. */
async function* runsFrom(
  { scope, experimentName, experimentId, filter }: MetricQuery,
  start: Place,
  { runs, experiments }: QueryPorts,
): AsyncGenerator<FoundRun> {
  if (filter.runIds) {
    for (
      let from = start.run - (start.run % RUNS_AT_ONCE);
      from < filter.runIds.length;
      from += RUNS_AT_ONCE
    ) {
      const ids = filter.runIds.slice(from, from + RUNS_AT_ONCE);
      const there = new Map((await runs.getMany(scope, ids)).map((run) => [run.id, run]));
      for (const [i, id] of ids.entries()) {
        const run = there.get(id);
        if (from + i >= start.run && run && isIn(run, { experimentName, experimentId }))
          yield { id, runs: "", run: from + i };
      }
    }
    return;
  }
  const named = experimentName ?? experimentId ?? "";
  const experiment = (await experiments.byName(scope, named)) ?? (await experiments.byId(scope, named));
  if (!experiment) return;
  let after = start.runs;
  let first = start.run;
  for (;;) {
    const page = await runs.list({
      scope,
      experimentId: experiment.id,
      limit: RUNS_AT_ONCE,
      ...(after === "" ? {} : { after }),
    });
    for (const [run, { id }] of page.values.entries()) if (run >= first) yield { id, runs: after, run };
    if (page.next === undefined) return;
    after = page.next;
    first = 0;
  }
}

const isAsked = (metric: MetricDefinition, { names, types }: MetricFilter): boolean =>
  (names === undefined || names.includes(metric.name)) &&
  (types === undefined ||
    types.some((type) => type.toLowerCase() === (metric.uxMetricType ?? SCALAR).toLowerCase()));

/** About how much the rows are in an answer. */
const weightOf = (rows: readonly MetricRow[]): number =>
  rows.reduce((sum, { data }) => {
    let own = 100;
    for (const cell of Object.values(data)) own += typeof cell === "string" ? cell.length : 20;
    return sum + own;
  }, 0);

const printPlace = ({ runs, run, names, name, rows }: Place): string =>
  btoa(JSON.stringify([runs, run, names, name, rows]));

function parsePlace(token: string | undefined): Place {
  if (token === undefined || token === "") return START;
  const [runs, run, names, name, rows, ...more] = parts(token);
  const texts = [runs, names, rows].every((part) => typeof part === "string");
  const numbers = [run, name].every((part) => Number.isSafeInteger(part));
  if (texts && numbers && more.length === 0) return { runs, run, names, name, rows } as Place;
  throw new MalachiteError(
    "BadContinuationToken",
    "The continuation token was not made by this list. Begin again without one.",
    { target: "continuationToken" },
  );
}

function parts(token: string): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(atob(token));
    return Array.isArray(read) ? read : [];
  } catch {
    return []; // Not even ours in form; the caller says so.
  }
}
