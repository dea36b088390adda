// What a run's own token reaches: that run's data and nothing else. The only place where this is decided.
import { artifact, execution, history, malachite, type Operation } from "@malachite/contract";
import {
  MalachiteError,
  type Principal,
  type RunAddress,
  type Scope,
  type ShownRun,
  workspaceKey,
} from "@malachite/core";

type Named = Readonly<Record<string, unknown>>;

/** Operations on one run, which the path names by `runId`. */
const BY_RUN: readonly Operation[] = [
  execution.cancelRun,
  history.getRun,
  history.patchRun,
  history.getRunDetails,
  history.listChildren,
  history.deleteRunTags,
  history.postRunEvent,
  history.cancelRunByHistory,
  history.getRunToken,
  artifact.listRunArtifacts,
  artifact.listRunArtifactsUnderPath,
  artifact.getRunArtifact,
  artifact.getRunArtifactContentInformation,
  artifact.listRunArtifactContentInformation,
  artifact.getRunArtifactUri,
  malachite.why,
  malachite.story,
  malachite.followLog,
];
/** Operations on files, which the path names by `container`. */
const BY_CONTAINER: readonly Operation[] = [
  artifact.listArtifacts,
  artifact.getArtifact,
  artifact.deleteArtifact,
  artifact.downloadArtifact,
  artifact.uploadArtifact,
  artifact.getArtifactContentInformation,
  artifact.listArtifactContentInformation,
];
const byRun = new Set(BY_RUN.map((o) => o.id));
const byContainer = new Set(BY_CONTAINER.map((o) => o.id));

/** True when the principal may change and read that run: every user, or the run itself. */
export const ownsRun = (by: Principal, scope: Scope, runId: unknown): boolean =>
  by.run === undefined || (by.run.workspace === workspaceKey(scope) && by.run.runId === runId);

/**
 * Throws NotAllowed when the principal may not call the operation with these path parameters. Batch events are let through
 * here and checked one by one (ownsRun), since their runs are named in the body.
 */
export async function mayReach(
  by: Principal,
  operation: Operation,
  scope: Scope,
  params: Named,
  runs: { getRun(address: RunAddress): Promise<ShownRun> },
): Promise<void> {
  if (by.run === undefined) return;
  const { runId } = by.run;
  if (by.run.workspace !== workspaceKey(scope)) throw refused(runId);
  if (operation.id === history.batchEvents.id) return;
  if (byRun.has(operation.id) && params.runId === runId) return;
  if (byContainer.has(operation.id) && params.container === `dcid.${runId}`) return;
  if (operation.id === malachite.downloadSnapshot.id) {
    const { run } = await runs.getRun({ scope, runId });
    const asked = String(params.snapshotId).toLowerCase();
    if (run.snapshotId !== undefined && run.snapshotId.toLowerCase() === asked) return;
  }
  throw refused(runId);
}

const refused = (runId: string): MalachiteError =>
  new MalachiteError(
    "NotAllowed",
    `This token belongs to the run '${runId}' and reaches that run's data and nothing else. Use a user's token.`,
  );
