// What the outside may ask about metrics: rows are added to a run's metrics, read in order, sampled, removed.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { metricFault } from "../domain/metric/checkMetric.ts";
import type {
  LatestMetric,
  MetricDefinition,
  MetricKey,
  MetricPost,
  MetricRow,
} from "../domain/metric/metric.ts";
import type { SeriesAsk } from "../domain/metric/series.ts";
import type { Scope } from "../domain/scope.ts";
import type { MetricPage, MetricRefusal, MetricStore } from "../ports/metricStore.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { type MetricPart, type MetricQuery, queryMetrics } from "./queryMetrics.ts";

type MetricPorts = Pick<FlowPorts, "runs" | "metrics" | "experiments">;

/** A metric of a request that was not kept; `post` is its place among those given. */
export type RefusedMetric = { readonly post: number; readonly error: MalachiteError };

export interface MetricFlow {
  /** Keeps what can be kept and tells the rest. Adding the same again adds nothing, see `MetricStore.add`. Throws RunNotFound. */
  post(address: RunAddress, posts: readonly MetricPost[]): Promise<readonly RefusedMetric[]>;
  /** Metrics of the run, by name. Throws RunNotFound, BadContinuationToken. */
  list(address: RunAddress, ask: Parameters<MetricStore["list"]>[2]): Promise<MetricPage<MetricDefinition>>;
  /** Throws RunNotFound, MetricNotFound. */
  get(address: RunAddress, key: MetricKey): Promise<MetricDefinition>;
  /** Rows by time; none for a metric that is not there: `get` tells. Throws BadContinuationToken. */
  rows(
    address: RunAddress,
    key: MetricKey,
    ask: Parameters<MetricStore["rows"]>[3],
  ): Promise<MetricPage<MetricRow>>;
  /** About `count` rows, evenly taken over time. */
  sample(address: RunAddress, key: MetricKey, count: number): Promise<readonly MetricRow[]>;
  /** See `MetricStore.sampleSteps`: several runs in one chart. Runs that are not there have none. */
  sampleSteps: MetricStore["sampleSteps"];
  /** What plots show; see `MetricStore.series`. Throws InvalidRequest for more than an answer may hold. */
  series: MetricStore["series"];
  /** The newest values of many runs. Runs that are not there have none. */
  latest(scope: Scope, runIds: readonly string[]): Promise<ReadonlyMap<string, readonly LatestMetric[]>>;
  /** What was posted under that id. Throws MetricNotFound. */
  find(scope: Scope, metricId: string): Promise<NonNullable<Awaited<ReturnType<MetricStore["find"]>>>>;
  /** Metrics of many runs. Throws BadContinuationToken. */
  query(ask: MetricQuery): Promise<MetricPage<MetricPart>>;
  /** Removes metrics of the run, all when no keys are given. Throws RunNotFound. */
  remove(address: RunAddress, keys?: readonly MetricKey[]): Promise<void>;
}

export function createMetricFlow(ports: MetricPorts): MetricFlow {
  const { metrics } = ports;
  return {
    post: (address, posts) => postMetrics(address, posts, ports),
    async list(address, ask) {
      await findRun(address, ports);
      return metrics.list(address.scope, address.runId, ask);
    },
    async get(address, key) {
      const found = await metrics.get(address.scope, address.runId, key);
      if (!found || namesExperiment(address)) await findRun(address, ports);
      return found ?? missing(`the run '${address.runId}' has no metric '${key.name}'.`, "metricName");
    },
    rows: ({ scope, runId }, key, ask) => metrics.rows(scope, runId, key, ask),
    sample: ({ scope, runId }, key, count) => metrics.sample(scope, runId, key, count),
    sampleSteps: (scope, runIds, key, ask) => metrics.sampleSteps(scope, runIds, key, ask),
    series: (scope, ask) => {
      refuseTooMuch(ask);
      return metrics.series(scope, ask);
    },
    latest: (scope, runIds) => metrics.latest(scope, runIds),
    async find(scope, metricId) {
      const found = await metrics.find(scope, metricId);
      return (
        found ??
        missing(`the workspace '${scope.workspace}' has no metric of the id '${metricId}'.`, "metricId")
      );
    },
    query: (ask) => queryMetrics(ask, ports),
    async remove(address, keys) {
      await findRun(address, ports);
      await metrics.remove(address.scope, address.runId, keys);
    },
  };
}

const MOST_RUNS = 100;
const MOST_NAMES = 100;
const MOST_SERIES = 1_000;
const MOST_BUCKETS = 500_000;

function refuseTooMuch({ runIds, names, points }: SeriesAsk): void {
  const refuse = (message: string, target: string) => {
    throw new MalachiteError("InvalidRequest", message, { target });
  };
  const [runs, metrics] = [new Set(runIds).size, new Set(names).size];
  if (runs > MOST_RUNS) refuse(`Series of ${runs} runs were asked for; ${MOST_RUNS} at most.`, "runIds");
  if (metrics > MOST_NAMES)
    refuse(`Series of ${metrics} metrics were asked for; ${MOST_NAMES} at most.`, "names");
  const all = runs * metrics;
  if (all > MOST_SERIES)
    refuse(`${metrics} metrics of ${runs} runs are ${all} series; ${MOST_SERIES} at most.`, "names");
  if (all * points > MOST_BUCKETS) {
    const fits = Math.floor(MOST_BUCKETS / all);
    refuse(`${all} series of ${points} points are more than ${MOST_BUCKETS}; ask for ${fits}.`, "points");
  }
}

async function postMetrics(
  address: RunAddress,
  posts: readonly MetricPost[],
  ports: MetricPorts,
): Promise<readonly RefusedMetric[]> {
  const refused: RefusedMetric[] = [];
  const good: number[] = [];
  for (const [post, metric] of posts.entries()) {
    const fault = metricFault(metric);
    if (fault)
      refused.push({
        post,
        error: new MalachiteError("InvalidMetric", `Metric '${shortened(metric.name)}': ${fault.message}`, {
          target: fault.target,
        }),
      });
    else good.push(post);
  }
  // The store knows whether the run is there; its experiment it does not know.
  if (namesExperiment(address) || good.length === 0) await findRun(address, ports);
  const kept = good.map((post) => posts[post] as MetricPost);
  for (const refusal of await ports.metrics.add(address.scope, address.runId, kept)) {
    const post = good[refusal.post] ?? -1;
    refused.push({ post, error: refusalError(posts[post]?.name ?? "", refusal) });
  }
  return refused.sort((a, b) => a.post - b.post);
}

const namesExperiment = ({ experimentName, experimentId }: RunAddress): boolean =>
  experimentName !== undefined || experimentId !== undefined;

const refusalError = (name: string, refusal: MetricRefusal): MalachiteError =>
  new MalachiteError(
    "InvalidMetric",
    refusal.why === "type"
      ? `Metric '${shortened(name)}': its column '${shortened(refusal.column)}' holds ${refusal.has}, and ${refusal.given} was given. Log the other kind under another name.`
      : `Metric '${shortened(name)}' would have more than ${refusal.most} columns, the most there may be.`,
    { target: "columns" },
  );

const shortened = (name: string): string => (name.length > 100 ? `${name.slice(0, 99)}…` : name);

function missing(text: string, target: string): never {
  throw new MalachiteError("MetricNotFound", `${text.charAt(0).toUpperCase()}${text.slice(1)}`, { target });
}
