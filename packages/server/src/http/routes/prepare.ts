// Making the environment of a run without running its script, and asking whether it is there.
import { execution } from "@malachite/contract";
import type { SubmitRun } from "@malachite/core";
import type { Edge } from "../edge.ts";
import { readLocalForm } from "../plugins/localForm.ts";
import { type Ask, route } from "../route.ts";
import { submission } from "../submission.ts";

/** The project is read and let go: an environment is made of the definition alone. */
async function formSubmission(
  { params, query, scope, by, request }: Ask<typeof execution.prepareRun>,
  { settings }: Edge,
): Promise<SubmitRun> {
  const { runId } = query;
  const definition = await readLocalForm(request, settings);
  const { experimentName } = params;
  return { scope, experimentName, ...(runId === undefined ? {} : { runId }), definition, by };
}

export const prepareRun = route(execution.prepareRun, async (ask, edge) => {
  const run = await edge.flow.submitRun({ ...(await formSubmission(ask, edge)), only: "prepare" });
  return { runId: run.id };
});

export const prepareSnapshotRun = route(execution.prepareSnapshotRun, async (ask, { flow }) => {
  const run = await flow.submitRun({ ...(await submission(ask)), only: "prepare" });
  return { runId: run.id };
});

export const checkPrepared = route(execution.checkPrepared, async (ask, edge) => ({
  environmentPrepared: await edge.flow.isPrepared(await formSubmission(ask, edge)),
}));

export const checkSnapshotPrepared = route(execution.checkSnapshotPrepared, async (ask, { flow }) => ({
  environmentPrepared: await flow.isPrepared(await submission(ask)),
}));

/** The service frees a target as soon as a run has ended there: nothing is ever left to remove. */
export const cleanRuns = route(execution.cleanRuns, async ({ body }) => {
  await body();
  return [];
});
