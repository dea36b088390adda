// The newer API of metrics: post, list, read whole, sample, remove.
import { Readable } from "node:stream";
import { type AnswerOf, metric, readWire } from "@malachite/contract";
import {
  type Flow,
  isObject,
  MalachiteError,
  type MetricDefinition,
  type MetricKey,
  type MetricPost,
  type MetricRow,
  parseInstant,
  type RunAddress,
  readMetricV2,
} from "@malachite/core";
import { definitionDto, headDto, refusedDto, rowDto } from "../dto/metric.ts";
import { given } from "../dto/run.ts";
import type { Edge } from "../edge.ts";
import { metricBatch } from "../metricBatch.ts";
import { httpError } from "../plugins/errors.ts";
import { refusedMetrics } from "../refusedMetrics.ts";
import { type Ask, addressOf, route } from "../route.ts";

const METRICS_IN_A_PAGE = 500;
/** Values in one answer, and how many of them are made at a time. */
const VALUES_IN_A_PAGE = 10_000;
const VALUES_AT_ONCE = 1_000;
/** An answer is not much longer than this, whatever is in the cells. */
const PAGE_CHARACTERS = 8 * 1024 * 1024;
const SAMPLE = 500;

type Refused = { readonly sent: metric.IMetricV2; readonly error: MalachiteError };

export const postMetrics = route(metric.postMetrics, (ask, edge) =>
  edge.metricPosts.during(addressOf(ask), () => takeMetrics(ask, edge)),
);

async function takeMetrics(
  ask: Ask<typeof metric.postMetrics>,
  { flow, clock, settings }: Edge,
): Promise<AnswerOf<typeof metric.postMetrics>> {
  /** By place in the request: a metric that came in several pieces is told once. */
  const refused = new Map<number, Refused>();
  let [all, reportErrors] = [0, false];
  const pieces = metricBatch(ask, { cutIn: "value", needs: "name", limitBytes: settings.jsonLimitBytes });
  for await (const piece of pieces) {
    if ("rest" in piece) {
      reportErrors = Object.entries(piece.rest).some(
        ([name, value]) => name.toLowerCase() === "reporterrors" && value === true,
      );
      // A request of nothing still names a run.
      if (all === 0) await flow.metrics.post(addressOf(ask), []);
      continue;
    }
    const posts: MetricPost[] = [];
    const read: { readonly index: number; readonly sent: metric.IMetricV2 }[] = [];
    for (const { index, value } of piece.elements) {
      all = Math.max(all, index + 1);
      const one = readOne(value, index, clock.now());
      if ("error" in one) setFirst(refused, index, one);
      else if (!refused.has(index)) {
        posts.push(one.post);
        read.push({ index, sent: one.sent });
      }
    }
    for (const { post, error } of await flow.metrics.post(addressOf(ask), posts)) {
      const { index = -1, sent = {} } = read[post] ?? {};
      setFirst(refused, index, { sent, error });
    }
  }
  if (refused.size === 0) return { errors: [] };
  const told = [...refused].sort(([a], [b]) => a - b).map(([, one]) => one);
  if (!reportErrors) throw refusedMetrics(told, all);
  // The SDK reads what was not kept from this status only.
  ask.reply.code(207);
  const { correlation } = ask.request;
  return {
    errors: told.map(({ sent, error }) => refusedDto(sent, httpError(error, correlation, clock.now()).body)),
  };
}

function setFirst<T>(map: Map<number, T>, key: number, value: T): void {
  if (!map.has(key)) map.set(key, value);
}

function readOne(
  value: unknown,
  i: number,
  now: number,
): Refused | { readonly sent: metric.IMetricV2; readonly post: MetricPost } {
  const { value: read, faults } = readWire(metric.IMetricV2, value);
  const sent = (isObject(read) ? read : {}) as metric.IMetricV2;
  const name = typeof sent.name === "string" ? sent.name : undefined;
  const wrong = (message: string, target: string) => ({
    sent: nameOnly(name),
    error: new MalachiteError(
      "InvalidMetric",
      `Metric ${name === undefined ? `at values[${i}]` : `'${name.slice(0, 100)}'`}: ${message}`,
      { target: `values[${i}].${target}` },
    ),
  });
  const [fault] = faults;
  if (fault)
    return wrong(fault.target === "" ? fault.message : `${fault.target}: ${fault.message}`, fault.target);
  const done = readMetricV2(sent, now);
  return "fault" in done
    ? wrong(`${done.fault.target}: ${done.fault.message}`, done.fault.target)
    : { sent, ...done };
}

const nameOnly = (name: string | undefined): metric.IMetricV2 => (name === undefined ? {} : { name });

export const listMetrics = route(metric.listMetrics, async (ask, { flow }) => {
  const { metricNamespace, continuationToken } = await ask.body();
  const page = await flow.metrics.list(addressOf(ask), {
    limit: METRICS_IN_A_PAGE,
    ...given({ namespace: metricNamespace || undefined, after: continuationToken || undefined }),
  });
  return { value: page.values.map(definitionDto), continuationToken: page.next ?? null, nextLink: null };
});

export const getFullMetric = route(metric.getFullMetric, async (ask, { flow }) => {
  const body = await ask.body();
  const address = addressOf(ask);
  const key = { name: body.metricName, ...given({ namespace: body.metricNamespace || undefined }) };
  const definition = await flow.metrics.get(address, key);
  const rows = {
    limit: VALUES_AT_ONCE,
    ...given({
      after: body.continuationToken || undefined,
      from: body.startTime === undefined ? undefined : parseInstant(body.startTime),
      to: body.endTime === undefined ? undefined : parseInstant(body.endTime),
    }),
  };
  // The first part before the answer begins: what is wrong with the request can still be told.
  const first = await flow.metrics.rows(address, key, rows);
  ask.reply.type("application/json; charset=utf-8");
  ask.reply.send(Readable.from(fullText(flow, address, key, definition, first, rows)));
  return undefined;
});

type RowsAsk = Parameters<Flow["metrics"]["rows"]>[2];

/** The metric as JSON, piece by piece: never more of it is held than a part. */
async function* fullText(
  flow: Flow,
  address: RunAddress,
  key: MetricKey,
  definition: MetricDefinition,
  first: { readonly values: readonly MetricRow[]; readonly next?: string },
  ask: RowsAsk,
): AsyncGenerator<string> {
  yield `${JSON.stringify(headDto(address.runId, definition)).slice(0, -1)},"value":[`;
  let page = first;
  let [values, characters] = [0, 0];
  for (;;) {
    const text = page.values.map((row) => JSON.stringify(rowDto(row, definition.columns))).join(",");
    if (text !== "") yield values === 0 ? text : `,${text}`;
    values += page.values.length;
    characters += text.length;
    if (page.next === undefined || values >= VALUES_IN_A_PAGE || characters >= PAGE_CHARACTERS) break;
    page = await flow.metrics.rows(address, key, { ...ask, after: page.next });
  }
  yield `],"continuationToken":${JSON.stringify(page.next ?? null)},"nextLink":null}`;
}

export const sampleMetric = route(metric.sampleMetric, async (ask, { flow }) => {
  const body = await ask.body();
  const address = addressOf(ask);
  const key = { name: body.metricName, ...given({ namespace: body.metricNamespace || undefined }) };
  const definition = await flow.metrics.get(address, key);
  const rows = await flow.metrics.sample(address, key, SAMPLE);
  return {
    ...headDto(address.runId, definition),
    value: rows.map((row) => rowDto(row, definition.columns)),
    derivedLabelValues: {},
    isPartialResult: rows.length < definition.rows,
    numValuesLogged: definition.rows,
    continuationToken: null,
    nextLink: null,
  };
});

export const deleteMetrics = route(metric.deleteMetrics, async (ask, { flow }) => {
  await flow.metrics.remove(addressOf(ask));
  return undefined;
});
