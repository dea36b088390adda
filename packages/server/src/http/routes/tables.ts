// Tables over very many runs and experiments, and changes of many runs at once.
import { type ErrorResponse, malachite } from "@malachite/contract";
import {
  MalachiteError,
  parseFilter,
  parseOrder,
  RUN_TABLE_FIELDS,
  type Scope,
  type ShownRun,
  type TableFlow,
} from "@malachite/core";
import { dateText } from "../dto/dates.ts";
import { experimentDto } from "../dto/experiment.ts";
import { given, tableRunDto } from "../dto/run.ts";
import { inWaves } from "../inWaves.ts";
import { DEFAULT_PAGE, LARGEST_PAGE } from "../paging.ts";
import { tellRefusal } from "../plugins/errors.ts";
import { route } from "../route.ts";

/** So many runs have their values read at once, and so many are changed by one request. */
const MOST_MEASURED = 500;
const MOST_CHANGED = 1000;

export const queryRunTable = route(malachite.queryRunTable, async (ask, { flow }) => {
  const { offset, continuationToken, orderBy, top, ...which } = await ask.body();
  if (offset !== undefined && continuationToken !== undefined)
    throw new MalachiteError(
      "InvalidRequest",
      "A page begins at an offset or at a continuationToken, not at both.",
      { target: "offset" },
    );
  const page = await flow.tables.runs({
    ...whichRuns(ask.scope, which),
    order: parseOrder(orderBy ?? "", RUN_TABLE_FIELDS),
    limit: Math.min(top ?? DEFAULT_PAGE, LARGEST_PAGE),
    ...(continuationToken ? { after: continuationToken } : {}),
    ...(offset === undefined ? {} : { offset }),
  });
  return {
    value: page.values.map((run) => tableRunDto(run, ask.base)),
    isExact: page.isExact,
    ...given({ continuationToken: page.next }),
  };
});

export const countRuns = route(malachite.countRuns, async (ask, { flow }) => {
  const { count, byStatus, isExact } = await flow.tables.count(whichRuns(ask.scope, await ask.body()));
  return { count, byStatus: { ...byStatus }, isExact };
});

function whichRuns(
  scope: Scope,
  { filter: text, search, experimentName, experimentId }: malachite.WhichRuns,
) {
  const filter = text === undefined ? undefined : parseFilter(text, RUN_TABLE_FIELDS);
  return {
    scope,
    ...(filter ? { filter } : {}),
    ...(search === undefined ? {} : { search }),
    ...(experimentName === undefined ? {} : { experimentName }),
    ...(experimentId === undefined ? {} : { experimentId }),
  };
}

export const latestMetrics = route(malachite.latestMetrics, async (ask, { flow }) => {
  const { runIds } = await ask.body();
  refuseMany(runIds.length, MOST_MEASURED);
  const [latest, logs] = await Promise.all([
    flow.metrics.latest(ask.scope, runIds),
    flow.tables.params(ask.scope, runIds),
  ]);
  const runs = new Map<string, malachite.RunValues>();
  for (const id of new Set([...latest.keys(), ...logs.keys()])) {
    const metrics = (latest.get(id) ?? []).map(
      ({ name, value, step, at }) => [name, { value: numberDto(value), step, at: dateText(at) }] as const,
    );
    runs.set(id, { metrics: Object.fromEntries(metrics), params: { ...logs.get(id) } });
  }
  return { runs: Object.fromEntries(runs) };
});

/** JSON has neither NaN nor the infinities. */
const numberDto = (value: number): malachite.LatestMetric["value"] =>
  Number.isFinite(value) ? value : (String(value) as "NaN");

export const queryExperimentTable = route(malachite.queryExperimentTable, async (ask, { flow }) => {
  const { search, orderBy: order = "lastActivity", ...asked } = await ask.body();
  const page = await flow.tables.experiments(ask.scope, {
    ...(search === undefined ? {} : { search }),
    order,
    descending: asked.descending ?? order !== "name",
    view: asked.viewType ?? "ActiveOnly",
    limit: Math.min(asked.top ?? DEFAULT_PAGE, LARGEST_PAGE),
    offset: asked.offset ?? 0,
  });
  return { value: page.values.map(summaryDto), count: page.count };
});

type ExperimentSummary = Awaited<ReturnType<TableFlow["experiments"]>>["values"][number];

const summaryDto = (summary: ExperimentSummary): malachite.ExperimentSummary => ({
  experiment: experimentDto(summary.experiment),
  runs: summary.runs,
  byStatus: { ...summary.byStatus },
  ...(summary.lastActivityAt === undefined ? {} : { lastActivityUtc: dateText(summary.lastActivityAt) }),
});

/** Each run by itself: one that is refused is told in `errors` and stops no other. */
export const changeRuns = route(malachite.changeRuns, async (ask, { flow, clock }) => {
  const { runIds, cancel, reason, setTags, removeTags } = await ask.body();
  refuseMany(runIds.length, MOST_CHANGED);
  const tags = setTags !== undefined || removeTags !== undefined;
  if (!cancel && !tags)
    throw new MalachiteError("InvalidRequest", "Say what to change: cancel, setTags or removeTags.", {
      target: "body",
    });
  const done = new Map<string, malachite.TableRun>();
  const errors = new Map<string, ErrorResponse>();
  const change = { set: setTags ?? {}, remove: removeTags ?? [] };
  await inWaves(
    [...new Set(runIds)],
    (id) => [id],
    async (runId) => {
      const address = { scope: ask.scope, runId };
      try {
        let shown: ShownRun | undefined;
        if (tags) shown = await flow.modifyTags(address, change, ask.by);
        if (cancel)
          shown = await flow.cancelRun({
            ...address,
            by: ask.by,
            ...(reason === undefined ? {} : { text: reason }),
          });
        if (shown) done.set(runId, tableRunDto(shown, ask.base));
      } catch (error) {
        errors.set(runId, tellRefusal(error, ask.request.correlation, clock.now()));
      }
    },
  );
  return { runs: Object.fromEntries(done), errors: Object.fromEntries(errors) };
});

function refuseMany(count: number, most: number): void {
  if (count <= most) return;
  throw new MalachiteError("InvalidRequest", `At most ${most} runs can be named at once, not ${count}.`, {
    target: "runIds",
  });
}
