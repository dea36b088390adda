// snapshotrun: a definition that names an earlier project.
import { execution } from "@malachite/contract";
import { route } from "../route.ts";
import { submission } from "../submission.ts";

export const startSnapshotRun = route(execution.startSnapshotRun, async (ask, { flow }) => {
  const run = await flow.submitRun(await submission(ask));
  return { runId: run.id };
});
