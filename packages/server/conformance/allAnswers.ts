// Every operation that reads, asked of a service about the workspace of apiWorkspace.ts: what two services of the same workspace must answer
// alike.
import { createHash } from "node:crypto";
import { type Operation, operations } from "@malachite/contract";
import { reachFor } from "../src/http/auth/reach.ts";
import { FILE, type Filled } from "./apiWorkspace.ts";

const RUNS = ["ended", "child"];

/** What stands for a parameter of a path, by its name, and by the operation's where one name means several things. */
const paramsOf = (of: Filled): Readonly<Record<string, string>> => ({
  subscriptionId: of.scope.subscriptionId,
  resourceGroupName: of.scope.resourceGroup,
  workspaceName: of.scope.workspace,
  runId: "ended",
  experimentId: of.experimentId,
  experimentName: of.experimentName,
  origin: "ExperimentRun",
  container: "dcid.ended",
  path: FILE,
  snapshotId: of.snapshotId,
  treeHash: "0".repeat(64),
  computeName: "local",
  targetName: "local",
  compute: "local",
  environmentName: "env",
  version: "1",
  label: "latest",
  modelId: of.loggedModelId,
  metricId: "loss",
  artifactPath: `${of.experimentId}/ended/artifacts/${FILE}`,
});
const PARAMS_OF: Readonly<Record<string, (of: Filled) => Readonly<Record<string, string>>>> = {
  DataStores_Get: () => ({ name: "store" }),
  Assets_QueryById: ({ assetId }) => ({ id: assetId }),
  MLModels_QueryById: () => ({ id: "net:1" }),
  Artifacts_ListInPath: () => ({ path: "outputs" }),
  Artifacts_ListSasByPath: () => ({ path: "outputs" }),
  RunArtifacts_ListByPath: () => ({ path: "outputs" }),
  RunArtifacts_ListSasByPath: () => ({ path: "outputs" }),
};
/** Queries without which an operation is refused, or says little. */
const queryOf = (of: Filled): Readonly<Record<string, string>> => ({
  path: FILE,
  run_id: "child",
  experiment_id: of.experimentId,
  experiment_name: of.experimentName,
  metric_key: "loss",
  name: "net",
  version: "1",
  alias: "best",
  text: "line",
  hash: "0",
  end_step: "9",
  start_step: "0",
});
/** Not sent where the operation has them: they would leave out what is to be seen. */
const QUERY_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Artifacts_ListInContainer: {},
  Artifacts_ListSasByPrefix: {},
  Artifacts_ListStorageUriByPrefix: {},
  RunArtifacts_ListSasByPrefix: {},
  RunArtifacts_ListInPath: { path: "outputs" },
  Malachite_ReadSnapshotFile: { path: "train.py" },
  Mlflow_ListArtifacts: { run_id: "ended", path: "outputs" },
  Mlflow_GetMetricHistoryBulk: { run_id: "child", metric_key: "loss" },
  Assets_ListQuery: {},
  MLModels_ListQuery: {},
};
const LOG = { path: "user_logs/std_log.txt" };
const bodiesOf = ({ experimentId }: Filled): Readonly<Record<string, unknown>> => ({
  Artifacts_BatchGetStorageById: { artifactIds: [`ExperimentRun/dcid.ended/${FILE}`] },
  Artifacts_BatchGetById: { artifactIds: [`ExperimentRun/dcid.ended/${FILE}`] },
  Runs_BatchGetRunData: { runIds: RUNS },
  Runs_GetRunData: { runId: "ended" },
  Runs_GetByIds: { runIds: RUNS },
  Malachite_LatestMetrics: { runIds: RUNS },
  Malachite_MetricSeries: { runIds: RUNS, names: ["loss"] },
  Malachite_RunPoints: { x: { metric: "loss" }, y: { metric: "loss" } },
  Metrics_GetFullFidelityMetric: { metricName: "loss" },
  Metrics_GetSampledMetric: { metricName: "loss" },
  Mlflow_GetLatestVersions: { name: "net" },
  Mlflow_SearchRuns: { experiment_ids: [experimentId] },
  Mlflow_SearchLoggedModels: { experiment_ids: [experimentId] },
});
/** They never end, or are about the service and not about the workspace. */
const NOT_ASKED = new Set(["Malachite_Events", "Runs_CheckPrepare", "Runs_CheckPrepareSnapshot"]);

const READING: readonly Operation[] = operations.filter(
  (one) => reachFor(one) === "read" && !NOT_ASKED.has(one.id),
);

/** All answers of the service at that address, without what is of the service and not of the workspace. */
export async function allAnswers(base: string, of: Filled): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  for (const operation of READING)
    for (const path of [operation.path, ...(operation.alsoAt ?? [])])
      answers.set(`${operation.method} ${path}`, await ask(base, of, operation, path));
  return answers;
}

async function ask(base: string, of: Filled, operation: Operation, path: string): Promise<string> {
  const { id, method, query, body } = operation;
  // Only the child has metrics.
  const ofMetrics = id.startsWith("Metrics_") || id.startsWith("RunMetrics_") ? { runId: "child" } : {};
  const params = { ...paramsOf(of), ...ofMetrics, ...PARAMS_OF[id]?.(of) };
  const filled = path.replace(/\{(\w+)(\*?)\}/g, (_, name: string, isPath: string) => {
    const value = encodeURIComponent((params as Readonly<Record<string, string>>)[name] ?? name);
    return isPath === "" ? value : value.replaceAll("%2F", "/");
  });
  const isOfLog = "since" in (query?.properties ?? {}) || id === "Malachite_FollowLog";
  const known = isOfLog ? { ...LOG, text: "line" } : (QUERY_OF[id] ?? queryOf(of));
  const search = new URLSearchParams(
    Object.keys(query?.properties ?? {}).flatMap((name) => {
      const value = (known as Readonly<Record<string, string>>)[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const answer = await fetch(`${base}${filled}?${search}`, {
    method,
    headers: {
      authorization: "Bearer dev",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(bodiesOf(of)[id] ?? {}) }),
    redirect: "manual",
  });
  const whole = await answer.arrayBuffer().catch((cause: unknown) => {
    throw new Error(`The answer to ${method} ${filled}?${search} was cut.`, { cause });
  });
  const bytes = Buffer.from(whole);
  const type = answer.headers.get("content-type") ?? "";
  const text = bytes.toString("utf8");
  const says = type.includes("json")
    ? JSON.stringify(JSON.parse(text), shown(base, answer.ok))
    : type.includes("event-stream")
      ? text.replace(PLACE, "PLACE")
      : `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
  return `${answer.status} ${type} ${says}`;
}

/** A data folder's own number makes it. */
const GUID_OF_WORKSPACE = /(azureml-(?:blob|file)store-|discovery\/workspaces\/)[0-9a-f-]{36}/g;
/** Of a log: it names the version of the file. */
const PLACE = /\d+~[\w.]+~[0-9a-f]{16}/g;
/** What each service has of its own: its address, its signatures, and the versions that its stores give to files. */
const OWN = new Set(["etag", "correlation", "createdTime", "workspaceId", "place", "expiresAt", "machine"]);

const shown =
  (base: string, isAnswer: boolean) =>
  (key: string, value: unknown): unknown => {
    if (OWN.has(key) || (key === "time" && !isAnswer)) return key;
    if (typeof value !== "string") return value;
    return value
      .replace(GUID_OF_WORKSPACE, "$1GUID")
      .replaceAll(base, "BASE")
      .replaceAll(new URL(base).host, "HOST")
      .replace(/([?&])(sig|se|st|scid)=[^&]*/g, "$1$2=");
  };
