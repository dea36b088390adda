// What MLflow's clients log to a run: metrics, parameters, tags, datasets, models.
import { MalachiteError } from "../../domain/failure/malachiteError.ts";
import type { MetricPost, MetricRow } from "../../domain/metric/metric.ts";
import type { Principal, Scope } from "../../domain/scope.ts";
import { fieldsOfTags, MODEL_HISTORY_TAG, shownTags } from "../../domain/tracking/runTags.ts";
import type { DatasetUse, ModelOutput } from "../../domain/tracking/tracked.ts";
import type { FlowPorts } from "../ports.ts";
import { checkCount, checkKey, checkText, checkTime, LIMITS } from "./limits.ts";
import { activeRun } from "./runs.ts";
import type { LogBatch, LoggedMetric } from "./trackingFlow.ts";

type Ports = Pick<FlowPorts, "runs" | "tracking" | "metrics" | "clock" | "news">;

export async function log(
  scope: Scope,
  runId: string,
  { metrics = [], params = [], tags = [] }: LogBatch,
  by: Principal,
  ports: Ports,
): Promise<void> {
  checkCount(metrics.length, LIMITS.metrics, "metrics");
  checkCount(params.length, LIMITS.params, "params");
  checkCount(tags.length, LIMITS.tags, "tags");
  checkCount(metrics.length + params.length + tags.length, LIMITS.together, "metrics, params, and tags");
  const given = paramsOf(params);
  for (const [key, value] of tags) {
    checkKey(key, "Tag key");
    checkText(value, "Tag value");
  }
  for (const metric of metrics) checkMetric(metric);
  await activeRun(scope, runId, by, ports);
  if (params.length > 0) await ports.tracking.log(scope, runId, { params: given });
  if (tags.length > 0) await setTags(scope, runId, Object.fromEntries(tags), ports);
  if (metrics.length > 0) await addMetrics(scope, runId, metrics, ports);
}

function paramsOf(params: NonNullable<LogBatch["params"]>): Readonly<Record<string, string>> {
  const given = new Map<string, string>();
  for (const [key, value] of params) {
    checkKey(key, "Param key");
    checkText(value, "Param value");
    const before = given.get(key);
    if (before !== undefined && before !== value)
      throw new MalachiteError(
        "InvalidRequest",
        `Duplicate parameter keys have been submitted: ['${key}']. Please ensure the request contains only one param value per param key.`,
        { target: "params" },
      );
    given.set(key, value);
  }
  return Object.fromEntries(given);
}

function checkMetric({ name, at, step }: LoggedMetric): void {
  checkKey(name, "Metric name");
  checkTime(at, "timestamp");
  if (step !== undefined && !Number.isSafeInteger(step))
    throw new MalachiteError("InvalidRequest", `Got invalid step ${step} for metric '${name}'.`, {
      target: "step",
    });
}

async function setTags(
  scope: Scope,
  runId: string,
  given: Readonly<Record<string, string>>,
  { runs, clock, news }: Ports,
): Promise<void> {
  const { fields, tags } = fieldsOfTags(given);
  news.changed(await runs.describe(scope, runId, { ...fields, tags }, clock.now()));
}

async function addMetrics(
  scope: Scope,
  runId: string,
  metrics: readonly LoggedMetric[],
  ports: Ports,
): Promise<void> {
  const now = ports.clock.now();
  const rows = new Map<string, MetricRow[]>();
  for (const { name, value, at = now, step = 0 } of metrics) {
    const list = rows.get(name) ?? [];
    list.push({ createdAt: at, step, data: { [name]: value } });
    rows.set(name, list);
  }
  const posts = [...rows].map(
    ([name, of]): MetricPost => ({
      name,
      columns: { [name]: "double" },
      rows: of,
      uxMetricType: "azureml.v1.scalar",
      sameBy: "content",
    }),
  );
  const [refusal] = await ports.metrics.add(scope, runId, posts);
  if (refusal)
    throw new MalachiteError(
      "InvalidMetric",
      `The metric '${posts[refusal.post]?.name}' of the run '${runId}' holds ${refusal.why === "type" ? `values of the type ${refusal.has}` : `${refusal.most} columns`}, not single numbers. Log under another name.`,
      { target: "key" },
    );
  const ofModels = metrics.flatMap(({ modelId, at = now, step = 0, ...metric }) =>
    modelId === undefined || modelId === "" ? [] : [{ ...metric, modelId, at, step, runId }],
  );
  if (ofModels.length > 0) await ports.tracking.measureModels(scope, ofModels);
}

export async function removeTag(
  scope: Scope,
  runId: string,
  key: string,
  by: Principal,
  ports: Ports,
): Promise<void> {
  const run = await activeRun(scope, runId, by, ports);
  if (!Object.hasOwn(shownTags(run), key))
    throw new MalachiteError("TagNotFound", `No tag with name: ${key} in run with id ${runId}`, {
      target: "key",
    });
  const { fields } = fieldsOfTags({ [key]: "" });
  const change = Object.keys(fields).length > 0 ? fields : { removeTags: [key] };
  ports.news.changed(await ports.runs.describe(scope, runId, change, ports.clock.now()));
}

export async function logUses(
  scope: Scope,
  runId: string,
  uses: {
    readonly datasets?: readonly DatasetUse[];
    readonly modelInputs?: readonly string[];
    readonly modelOutputs?: readonly ModelOutput[];
  },
  by: Principal,
  ports: Ports,
): Promise<void> {
  checkCount(uses.datasets?.length ?? 0, LIMITS.datasets, "datasets");
  await activeRun(scope, runId, by, ports);
  await ports.tracking.log(scope, runId, uses);
}

export async function noteModel(
  scope: Scope,
  runId: string,
  description: string,
  by: Principal,
  ports: Ports,
): Promise<void> {
  const run = await activeRun(scope, runId, by, ports);
  const model = parsed(description);
  if (typeof model !== "object" || model === null || Array.isArray(model))
    throw new MalachiteError("InvalidRequest", "Malformed model info. \n model_json is not a JSON object.", {
      target: "model_json",
    });
  const before = parsed(run.about.tags[MODEL_HISTORY_TAG] ?? "[]");
  const history = JSON.stringify([...(Array.isArray(before) ? before : []), model]);
  checkText(history, "Tag value");
  await setTags(scope, runId, { [MODEL_HISTORY_TAG]: history }, ports);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, it is not a model; the caller says so.
    return undefined;
  }
}
