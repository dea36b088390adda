// Histories of metrics, as MLflow's clients ask.
import { mlflow } from "@malachite/contract";
import type { MetricPoint } from "@malachite/core";
import { doubleOut, howMany, tokenOf } from "../../dto/mlflow/words.ts";
import { given } from "../../dto/run.ts";
import { sendPages } from "../../pageStream.ts";
import { route } from "../../route.ts";
import { runIdOf } from "./runs.ts";

const PORTION = 5_000;
const MOST = 25_000;
/** MLflow's own bound for a chart of several runs. */
const MOST_RUNS = 100;
const MOST_SAMPLED = 2_500;

const metricDto = (key: string, { value, step, at }: MetricPoint, runId?: string): mlflow.Metric => ({
  key,
  value: doubleOut(value),
  timestamp: at,
  step,
  ...given({ run_id: runId }),
});

/** What `metricDto` says, written without an object for each of what may be millions. */
function pointsText(key: string): (points: readonly MetricPoint[]) => string {
  const head = `{"key":${JSON.stringify(key)},"value":`;
  return (points) => {
    let text = "";
    for (const { value, step, at } of points) {
      const number = Number.isFinite(value) ? value : `"${value}"`;
      text += `${text === "" ? "" : ","}${head}${number},"timestamp":${at},"step":${step}}`;
    }
    return text;
  };
}

/** Without max_results the whole history, whatever its length: clients of MLflow 2 ask once and take it for all. */
export const getMetricHistory = route(mlflow.getMetricHistory, async (ask, { flow }) => {
  const { metric_key: name, max_results: asked, page_token: token } = ask.query;
  const runId = runIdOf(ask.query);
  const most = asked === undefined || asked === 0 ? Number.POSITIVE_INFINITY : howMany(asked, asked, 50_000);
  const portion = (after: { readonly after?: string }, limit: number) =>
    flow.tracking.history(ask.scope, runId, name, { ...after, limit: Math.min(PORTION, limit) });
  return sendPages(ask.reply, {
    name: "metrics",
    most,
    first: await portion(tokenOf(token), most),
    more: (after, limit) => portion({ after }, limit),
    text: pointsText(name),
  });
});

type Runs = { readonly run_id?: readonly string[]; readonly run_ids?: readonly string[] };

const runIdsOf = ({ run_id: ids = [], run_ids: more = [] }: Runs): readonly string[] => [
  ...new Set([...ids, ...more]),
];

export const getMetricHistoryBulk = route(mlflow.getMetricHistoryBulk, async (ask, { flow }) => {
  const { metric_key: name } = ask.query;
  const most = howMany(ask.query.max_results, MOST, MOST);
  const metrics: mlflow.Metric[] = [];
  for (const runId of runIdsOf(ask.query).slice(0, MOST_RUNS)) {
    let after: string | undefined;
    do {
      const limit = Math.min(PORTION, most - metrics.length);
      if (limit <= 0) return { metrics };
      const page = await flow.tracking.history(ask.scope, runId, name, { ...given({ after }), limit });
      metrics.push(...page.values.map((point) => metricDto(name, point, runId)));
      after = page.next;
    } while (after !== undefined);
  }
  return { metrics };
});

export const getMetricHistoryBulkInterval = route(
  mlflow.getMetricHistoryBulkInterval,
  async (ask, { flow }) => {
    const { metric_key: name, start_step: from, end_step: to } = ask.query;
    const count = howMany(ask.query.max_results, MOST_SAMPLED, MOST_SAMPLED);
    const runIds = runIdsOf(ask.query).slice(0, MOST_RUNS);
    const found = await flow.tracking.sampleHistories(ask.scope, runIds, name, {
      ...given({ from, to }),
      count,
    });
    return {
      metrics: found.flatMap(({ runId, points }) => points.map((point) => metricDto(name, point, runId))),
    };
  },
);
