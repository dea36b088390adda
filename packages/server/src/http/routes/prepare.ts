// Making the environment of a run without running its script, and asking whether it is there.
import { execution } from "@malachite/contract";
import { withForm } from "../formSubmission.ts";
import { PREPARE } from "../plugins/startForm.ts";
import { route } from "../route.ts";
import { submission } from "../submission.ts";

export const prepareRun = route(execution.prepareRun, (ask, edge) =>
  withForm(ask, edge, PREPARE, async (sent) => ({
    runId: (await edge.flow.submitRun({ ...sent, only: "prepare" })).id,
  })),
);

export const prepareSnapshotRun = route(execution.prepareSnapshotRun, async (ask, { flow }) => {
  const run = await flow.submitRun({ ...(await submission(ask)), only: "prepare" });
  return { runId: run.id };
});

export const checkPrepared = route(execution.checkPrepared, (ask, edge) =>
  withForm(ask, edge, PREPARE, async (sent) => ({
    environmentPrepared: await edge.flow.isPrepared(sent),
  })),
);

export const checkSnapshotPrepared = route(execution.checkSnapshotPrepared, async (ask, { flow }) => ({
  environmentPrepared: await flow.isPrepared(await submission(ask)),
}));

/** The service frees a target as soon as a run has ended there: nothing is ever left to remove. */
export const cleanRuns = route(execution.cleanRuns, async ({ body }) => {
  await body();
  return [];
});
