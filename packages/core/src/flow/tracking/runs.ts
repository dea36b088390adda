// Runs as MLflow's clients make, report, hide and search them. A run is the same record as run history's.
import type { mlflow } from "@malachite/contract";
import { MalachiteError } from "../../domain/failure/malachiteError.ts";
import type { LatestMetric } from "../../domain/metric/metric.ts";
import { SYSTEM_NAMESPACE } from "../../domain/metric/systemMetrics.ts";
import type { Page } from "../../domain/query/filter.ts";
import { parseSearch, parseSearchOrder } from "../../domain/query/mlflow/parseSearch.ts";
import { RUN_SEARCH } from "../../domain/query/mlflow/subjects.ts";
import { report } from "../../domain/run/external.ts";
import type { NewRun, Run } from "../../domain/run/run.ts";
import type { Principal, Scope } from "../../domain/scope.ts";
import { runName } from "../../domain/tracking/runNames.ts";
import { STATUS_OF } from "../../domain/tracking/runState.ts";
import { fieldsOfTags, PARENT_TAG } from "../../domain/tracking/runTags.ts";
import type { RunLog, View } from "../../domain/tracking/tracked.ts";
import { allowWorkspace } from "../allowWorkspace.ts";
import { findRun, shown } from "../findRun.ts";
import type { FlowPorts } from "../ports.ts";
import { mayChangeRun, mayMakeChild } from "../reachRun.ts";
import { experiment, requireActive } from "./experiments.ts";
import { checkKey, checkText, checkTime } from "./limits.ts";
import type { SearchText, TrackedRun } from "./trackingFlow.ts";

type ReadPorts = Pick<FlowPorts, "runs" | "tracking" | "metrics" | "clock">;
type ChangePorts = Pick<FlowPorts, "runs" | "clock" | "news">;
type MakePorts = ReadPorts & ChangePorts & Pick<FlowPorts, "experiments" | "workspaces" | "settings" | "ids">;

const NOTHING: RunLog = { params: {}, datasets: [], modelInputs: [], modelOutputs: [] };

export async function createRun(
  scope: Scope,
  ask: {
    readonly experimentId: string;
    readonly name?: string;
    readonly startedAt?: number;
    readonly tags: Readonly<Record<string, string>>;
  },
  by: Principal,
  ports: MakePorts,
): Promise<TrackedRun> {
  for (const [key, value] of Object.entries(ask.tags)) {
    checkKey(key, "Tag key");
    checkText(value, "Tag value");
  }
  checkTime(ask.startedAt, "start_time");
  // Code inside a run that starts another one means a part of its own.
  const parentRunId = ask.tags[PARENT_TAG] ?? by.run?.runId;
  await mayMakeChild(by, scope, parentRunId, ports);
  const found = await experiment(scope, { id: ask.experimentId }, ports);
  requireActive(found);
  await allowWorkspace(scope, ports);
  const { fields, tags } = fieldsOfTags(ask.tags);
  const at = ports.clock.now();
  const id = ports.ids.hex(16);
  const run: NewRun = {
    scope,
    id,
    experimentName: found.name,
    origin: "external",
    ...(parentRunId === undefined ? {} : { parentRunId }),
    createdAt: at,
    createdBy: { name: by.name, objectId: by.objectId, tenantId: by.tenantId },
    target: "local",
    dataContainerId: `dcid.${id}`,
    life: { status: "Running", attempt: 0, startedAt: ask.startedAt ?? at },
    about: {
      ...fields,
      displayName: ask.name ?? fields.displayName ?? runName(ports.ids.hex(4)),
      runTypeV2: { orchestrator: "External", traits: ["mlflow"] },
      tags,
      properties: {},
      warnings: [],
    },
  };
  const entry = { at, event: "created", status: "Running", actor: by.name } as const;
  const made = await ports.runs.create(run, entry);
  ports.news.changed(made.run);
  return { ...shown(made.run, ports), log: NOTHING, metrics: [] };
}

/** The run by its id alone. Throws RunNotFound. */
export const runBy = (scope: Scope, runId: string, ports: Pick<FlowPorts, "runs">): Promise<Run> =>
  findRun({ scope, runId }, ports).catch((error: unknown) => {
    if (error instanceof MalachiteError && error.code === "RunNotFound")
      throw new MalachiteError("RunNotFound", `Run with id=${runId} not found`, { target: "run_id" });
    throw error;
  });

/** The run, when the caller may change it and it is not hidden. Throws RunNotFound, NotAllowed, Deleted. */
export async function activeRun(
  scope: Scope,
  runId: string,
  by: Principal,
  ports: Pick<FlowPorts, "runs">,
): Promise<Run> {
  const run = await runBy(scope, runId, ports);
  await mayChangeRun(by, scope, runId, ports);
  if (run.about.hidden !== true) return run;
  throw new MalachiteError(
    "Deleted",
    `The run ${runId} must be in the 'active' state. Current state is deleted.`,
    { target: "run_id" },
  );
}

export async function trackedRun(scope: Scope, runId: string, ports: ReadPorts): Promise<TrackedRun> {
  const [tracked] = await withLogs(scope, [await runBy(scope, runId, ports)], ports);
  return tracked as TrackedRun;
}

async function withLogs(
  scope: Scope,
  runs: readonly Run[],
  ports: ReadPorts,
): Promise<readonly TrackedRun[]> {
  if (runs.length === 0) return [];
  const ids = runs.map(({ id }) => id);
  const [logs, metrics, system] = await Promise.all([
    ports.tracking.logs(scope, ids),
    ports.metrics.latest(scope, ids),
    ports.metrics.latest(scope, ids, SYSTEM_NAMESPACE),
  ]);
  return runs.map((run) => ({
    ...shown(run, ports),
    log: logs.get(run.id) ?? NOTHING,
    metrics: together(metrics.get(run.id) ?? [], system.get(run.id) ?? []),
  }));
}

/** What is measured of a run stands beside what its code logs; where mlflow measures the same itself, that is meant. */
function together(
  logged: readonly LatestMetric[],
  measured: readonly LatestMetric[],
): readonly LatestMetric[] {
  const names = new Set(logged.map(({ name }) => name));
  return [...logged, ...measured.filter(({ name }) => !names.has(name))];
}

export async function updateRun(
  scope: Scope,
  runId: string,
  change: { readonly state?: mlflow.RunState; readonly endedAt?: number; readonly name?: string },
  by: Principal,
  ports: ReadPorts & ChangePorts,
): Promise<TrackedRun> {
  checkTime(change.endedAt, "end_time");
  let run = await activeRun(scope, runId, by, ports);
  if (change.name !== undefined && change.name !== "") {
    run = await ports.runs.describe(scope, runId, { displayName: change.name }, ports.clock.now());
    ports.news.changed(run);
  }
  if (change.state !== undefined && run.origin === "external")
    run = await reportState(run, change.state, change.endedAt, by, ports);
  const [tracked] = await withLogs(scope, [run], ports);
  return tracked as TrackedRun;
}

async function reportState(
  first: Run,
  state: mlflow.RunState,
  endedAt: number | undefined,
  by: Principal,
  ports: ChangePorts,
): Promise<Run> {
  const { runs, clock, news } = ports;
  for (let run = first; ; ) {
    const at = clock.now();
    const told = { name: "status", status: STATUS_OF[state], at: endedAt } as const;
    const life = report(run.life, told, at);
    // MLflow's clients report a run again after its end, when it was opened once more to add to it.
    if (life === undefined || life === run.life) return run;
    const entry = { at, event: "reported", status: life.status, actor: by.name };
    const after = await runs.apply(run, life, [entry]);
    if (after) {
      news.changed(after);
      return after;
    }
    run = await findRun({ scope: run.scope, runId: run.id }, ports);
  }
}

export async function hideRun(
  scope: Scope,
  runId: string,
  hidden: boolean,
  by: Principal,
  ports: ChangePorts,
): Promise<void> {
  await runBy(scope, runId, ports);
  await mayChangeRun(by, scope, runId, ports);
  ports.news.changed(await ports.runs.describe(scope, runId, { hidden }, ports.clock.now()));
}

export async function searchRuns(
  scope: Scope,
  {
    filter,
    orderBy,
    after,
    limit,
    view,
    experimentIds,
  }: SearchText & { readonly experimentIds: readonly string[]; readonly view: View },
  ports: ReadPorts,
): Promise<Page<TrackedRun>> {
  const page = await ports.tracking.searchRuns(scope, {
    clauses: parseSearch(filter ?? "", RUN_SEARCH),
    order: parseSearchOrder(orderBy ?? [], RUN_SEARCH),
    ...(after === undefined ? {} : { after }),
    limit,
    view,
    experimentIds,
  });
  return { ...page, values: await withLogs(scope, page.values, ports) };
}
