// Reading many runs by their ids, and runs together with their definitions.
import type { ErrorResponse } from "@malachite/contract";
import { history } from "@malachite/contract";
import { type Flow, MalachiteError, type Scope, type ShownRun } from "@malachite/core";
import { given, runDto } from "../dto/run.ts";
import { tellRefusal } from "../plugins/errors.ts";
import { experimentOf, route } from "../route.ts";

/** More than any client asks for at once; each of them is read whole. */
const MOST = 1000;

export const getRunsByIds = route(history.getRunsByIds, async (ask, { flow, clock }) => {
  const { runIds = [] } = await ask.body();
  refuseMany(runIds.length, "runIds");
  const found = await flow.getRuns(experimentOf(ask), runIds);
  const runs = new Map(found.map((shown) => [shown.run.id, runDto(shown, ask.base)]));
  const missing = [...new Set(runIds)].filter((id) => !runs.has(id));
  const errors = missing.map(
    (id) => [id, tellRefusal(notFound(ask.scope, id), ask.request.correlation, clock.now())] as const,
  );
  return { runs: Object.fromEntries(runs), errors: Object.fromEntries(errors) };
});

export const getRunData = route(history.getRunData, async (ask, { flow }) => {
  const asked = await ask.body();
  if (asked.runId === undefined)
    throw new MalachiteError("InvalidRequest", "The body must name a run by runId.", { target: "runId" });
  const shown = await flow.getRun({ scope: ask.scope, runId: asked.runId });
  return dataOf(shown, asked, ask.base, flow);
});

export const batchGetRunData = route(history.batchGetRunData, async (ask, { flow, clock }) => {
  const requests = Object.entries((await ask.body()).requests ?? {});
  refuseMany(requests.length, "requests");
  const ids = requests.map(([name, { runId = name }]) => runId);
  const found = new Map((await flow.getRuns({ scope: ask.scope }, ids)).map((one) => [one.run.id, one]));
  const good = new Map<string, history.GetRunDataResult>();
  const failed = new Map<string, ErrorResponse>();
  for (const [name, asked] of requests) {
    const runId = asked.runId ?? name;
    const shown = found.get(runId);
    if (shown) good.set(name, dataOf(shown, asked, ask.base, flow));
    else failed.set(name, tellRefusal(notFound(ask.scope, runId), ask.request.correlation, clock.now()));
  }
  return { successfulResults: Object.fromEntries(good), failedResults: Object.fromEntries(failed) };
});

/** The record unless it is not wanted, the rest if it is. */
function dataOf(
  shown: ShownRun,
  asked: history.GetRunDataRequest,
  base: string,
  flow: Flow,
): history.GetRunDataResult {
  const definition = asked.selectRunDefinition === true ? flow.shownDefinition(shown.run) : undefined;
  const metadata = asked.selectRunMetadata === false ? undefined : runDto(shown, base);
  const { jobSpecification } = runDto(shown, base);
  return given({
    runMetadata: metadata,
    runDefinition: definition && { ...definition },
    jobSpecification: asked.selectJobSpecification === true ? jobSpecification : undefined,
  });
}

const notFound = (scope: Scope, runId: string): MalachiteError =>
  new MalachiteError("RunNotFound", `The workspace '${scope.workspace}' has no run '${runId}' here.`, {
    target: "runId",
  });

function refuseMany(count: number, target: string): void {
  if (count <= MOST) return;
  throw new MalachiteError("InvalidRequest", `At most ${MOST} runs can be asked for at once, not ${count}.`, {
    target,
  });
}
