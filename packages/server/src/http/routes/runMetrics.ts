// The older API of metrics, a part of run history: the same metrics, each value or each post as a metric of its own.
import { createHash } from "node:crypto";
import { metric, readWire } from "@malachite/contract";
import {
  type Flow,
  groupRows,
  isObject,
  MalachiteError,
  type MetricDefinition,
  type MetricPost,
  type MetricRow,
  parseMetricFilter,
  printRunMetric,
  type RunAddress,
  readRunMetric,
} from "@malachite/core";
import { given } from "../dto/run.ts";
import { metricBatch } from "../metricBatch.ts";
import { refusedMetrics } from "../refusedMetrics.ts";
import { type Ask, addressOf, route } from "../route.ts";

const ROWS_IN_A_PAGE = 500;
const MOST_ROWS_IN_A_PAGE = 1_000;

export const postRunMetric = route(metric.postRunMetric, async (ask, { flow, clock, metricPosts }) => {
  const sent = await ask.sent();
  const value = sent.given ? sent.value : undefined;
  const refused = await metricPosts.during(addressOf(ask), () =>
    post(flow, addressOf(ask), [{ index: 0, value }], clock.now()),
  );
  if (refused.length > 0) throw refusedMetrics(refused, 1);
  return undefined;
});

/** Keeps what can be kept; one error names the rest, since this API has no other way to tell. */
export const postRunMetrics = route(metric.postRunMetrics, async (ask, edge) => {
  const { flow, clock, settings, metricPosts } = edge;
  const refused: Refused[] = [];
  let all = 0;
  for await (const piece of metricBatch(ask, { limitBytes: settings.jsonLimitBytes })) {
    if ("rest" in piece) continue;
    all += piece.elements.length;
    const kept = () => post(flow, addressOf(ask), piece.elements, clock.now());
    refused.push(...(await metricPosts.during(addressOf(ask), kept)));
  }
  if (all === 0) await flow.metrics.post(addressOf(ask), []);
  if (refused.length > 0) throw refusedMetrics(refused, all);
  return undefined;
});

type Refused = { readonly error: MalachiteError };

async function post(
  flow: Flow,
  address: RunAddress,
  elements: readonly { readonly index: number; readonly value: unknown }[],
  now: number,
): Promise<readonly Refused[]> {
  const refused: Refused[] = [];
  const posts: MetricPost[] = [];
  for (const { index, value } of elements) {
    const { value: read, faults } = readWire(metric.Metric, value);
    const [fault] = faults;
    const done = fault ? { fault } : readRunMetric(read as metric.Metric, now);
    if (!("fault" in done)) posts.push(done.post);
    else
      refused.push({
        error: new MalachiteError(
          "InvalidMetric",
          `Metric ${nameOf(read) ?? `at values[${index}]`}: ${done.fault.target}: ${done.fault.message}`,
          { target: `values[${index}].${done.fault.target}` },
        ),
      });
  }
  return [...refused, ...(await flow.metrics.post(address, posts))];
}

const nameOf = (read: unknown): string | undefined =>
  isObject(read) && typeof read.name === "string" ? `'${read.name.slice(0, 100)}'` : undefined;

export const getRunMetric = route(metric.getRunMetric, async (ask, { flow }) => {
  const { metricId, ...experiment } = ask.params;
  const found = await flow.metrics.find(ask.scope, metricId);
  // Throws RunNotFound for a run of another experiment.
  await flow.getRun(addressOf({ scope: ask.scope, params: { ...experiment, runId: found.runId } }));
  const [group] = groupRows(found.rows);
  return printRunMetric(found.runId, found.metric, group ?? { rows: [] }, () => metricId);
});

export const queryRunMetrics = route(metric.queryRunMetrics, async (ask, { flow }) => {
  const { filter, continuationToken, top } = await ask.body();
  return metricsPage(flow, ask, { filter, after: continuationToken, top });
});

export const listRunMetrics = route(metric.listRunMetrics, (ask, { flow }) => {
  const { $filter: filter, $continuationtoken: after, $top: top } = ask.query;
  return metricsPage(flow, ask, { filter, after, top });
});

async function metricsPage(
  flow: Flow,
  ask: Pick<Ask<typeof metric.queryRunMetrics>, "scope" | "params" | "query">,
  asked: {
    readonly filter: string | undefined;
    readonly after: string | undefined;
    readonly top: number | undefined;
  },
) {
  const { experimentName, experimentId } = ask.params;
  const page = await flow.metrics.query({
    scope: ask.scope,
    ...given({ experimentName, experimentId, after: asked.after || undefined }),
    filter: parseMetricFilter(asked.filter ?? ""),
    limit: Math.min(asked.top ?? ROWS_IN_A_PAGE, MOST_ROWS_IN_A_PAGE),
  });
  const merged = ask.query.MergeStrategyType === "MergeToVector";
  return {
    value: page.values.flatMap(({ runId, metric: definition, rows }) =>
      (merged ? [{ rows }] : groupRows(rows)).map((group) =>
        printRunMetric(runId, definition, group, (first) => idFor(runId, definition, first)),
      ),
    ),
    ...given({ continuationToken: page.next }),
  };
}

/** A UUID for rows that have none of their own: always the same for the same rows. */
function idFor(runId: string, { name, namespace }: MetricDefinition, first: MetricRow): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([runId, namespace, name, first]))
    .digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** Every post is answered when it is kept; what is waited for are posts that a client has yet to send (metricPosts.ts). */
export const waitForMetrics = route(metric.waitForMetrics, async (ask, { flow, metricPosts, closing }) => {
  await flow.getRun(addressOf(ask));
  await metricPosts.settled(addressOf(ask), closing);
  return undefined;
});
