// A run as the history service shows it (protocol: RunDto). Clients need the first fields in every answer.
import { type history, type malachite, workspacePath } from "@malachite/contract";
import type { Run, ShownRun } from "@malachite/core";
import { dateText, durationText } from "./dates.ts";
import { runError } from "./error.ts";

/** `base` is the address that URLs in the answer point to, without a slash at its end. */
export function runDto({ run, status, waitsFor }: ShownRun, base: string): history.Run {
  const { about, life, createdBy } = run;
  const error = runError(run);
  const cancelUri = about.cancelUri ?? (run.definition ? cancelUriOf(run, base) : undefined);
  const { startedAt, endedAt } = life;
  return {
    runId: run.id,
    rootRunId: run.rootRunId,
    runNumber: run.number,
    status,
    experimentId: run.experimentId,
    dataContainerId: run.dataContainerId,
    properties: { ...about.properties, ...lifeProperties(run) },
    tags: { ...about.tags },
    ...given({ parentRunId: run.parentRunId, name: about.name, displayName: about.displayName }),
    ...given({ description: about.description, hidden: about.hidden, scriptName: about.scriptName }),
    ...given({ runType: about.runType, heartbeatEnabled: about.heartbeatEnabled }),
    ...given({ diagnosticsUri: about.diagnosticsUri, cancelUri, error }),
    ...(about.kept as Partial<history.CreateRun> | undefined),
    ...(about.runTypeV2 ? { runTypeV2: about.runTypeV2 } : {}),
    ...(about.createdFrom ? { createdFrom: about.createdFrom } : {}),
    target: run.target,
    createdUtc: dateText(run.createdAt),
    lastModifiedUtc: dateText(run.changedAt),
    ...(startedAt === undefined
      ? {}
      : { startTimeUtc: dateText(startedAt), effectiveStartTimeUtc: dateText(startedAt) }),
    ...(endedAt === undefined ? {} : { endTimeUtc: dateText(endedAt) }),
    ...(startedAt === undefined || endedAt === undefined
      ? {}
      : { duration: durationText(endedAt - startedAt) }),
    createdBy: {
      userObjectId: createdBy.objectId,
      userTenantId: createdBy.tenantId,
      userName: createdBy.name,
    },
    userId: createdBy.objectId,
    warnings: about.warnings.map(({ source, message }) => ({ source, message })),
    revision: run.version,
    ...given({ cancelationReason: life.cancel?.text }),
    ...(waitsFor === undefined ? {} : { queueingInfo: { message: waitsFor } }),
  };
}

/** The same for our own tables, which name the experiment too. */
export const tableRunDto = (shown: ShownRun, base: string): malachite.TableRun => ({
  ...runDto(shown, base),
  experimentName: shown.run.experimentName,
});

/**
 * Where a client cancels the run. Not for runs that only their owner's process knows: without this address the v1 SDK tells
 * their end itself.
 */
function cancelUriOf(run: Run, base: string): string {
  const { subscriptionId, resourceGroup, workspace } = run.scope;
  const place = workspacePath
    .replace("{subscriptionId}", () => encodeURIComponent(subscriptionId))
    .replace("{resourceGroupName}", () => encodeURIComponent(resourceGroup))
    .replace("{workspaceName}", () => encodeURIComponent(workspace));
  const experiment = encodeURIComponent(run.experimentName);
  return `${base}/execution/v1.0${place}/experiments/${experiment}/runId/${run.id}/cancel`;
}

/** How it ended, as properties: the only free place that every client shows. */
export function lifeProperties({ life }: Pick<Run, "life">): Record<string, string> {
  const { exit, outcome, attempt } = life;
  return {
    ...(attempt > 1 ? { "malachite.attempt": String(attempt) } : {}),
    ...(typeof exit?.code === "number" ? { "malachite.exitCode": String(exit.code) } : {}),
    ...(exit?.signal === undefined ? {} : { "malachite.signal": exit.signal }),
    ...(outcome === undefined ? {} : { "malachite.reason": outcome.reason }),
  };
}

/** Without what is undefined. */
export const given = <T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
