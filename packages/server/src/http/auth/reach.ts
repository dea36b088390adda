// What a run's own token reaches, operation by operation: the only place where this is decided. docs/security.md says it in words.
import {
  arm,
  artifact,
  content,
  datastore,
  environment,
  execution,
  history,
  malachite,
  metric,
  mlflow,
  modelmanagement,
  type Operation,
} from "@malachite/contract";
import { MalachiteError, type Principal, type Scope, workspaceKey } from "@malachite/core";

type Reach =
  /** Changes (or gives a token of) one run or its files, which the path names by `runId` or `container`: its tree only. */
  | "tree"
  /** Reads what the workspace of the path holds, of whatever run. */
  | "read"
  /** Adds to the workspace what is content or has a version of its own: it takes nothing from anybody. */
  | "register"
  /** Adds files: to a run of its tree, or to a container that is no run's (what models and assets are made of). */
  | "upload"
  /** Names its runs in the body, or makes one: the flow checks each of them with the caller it is given. */
  | "body";

/** Every operation that takes a run's token, always in its own workspace. One that is not in here takes users' tokens only. */
const REACH: Readonly<Record<Reach, readonly Operation[]>> = {
  tree: [
    execution.cancelRun,
    history.deleteRunTags,
    history.modifyRunTags,
    history.postRunEvent,
    history.cancelRunByHistory,
    history.getRunToken,
    artifact.deleteArtifact,
    artifact.deleteArtifactByPath,
    artifact.deleteArtifacts,
    artifact.deleteArtifactsInContainer,
    artifact.createRunArtifacts,
    artifact.uploadArtifact,
    metric.postMetrics,
    metric.deleteMetrics,
    metric.postRunMetric,
    metric.postRunMetrics,
    // Of its own alone, and of the attempt that is at work: the flow sees to that.
    malachite.parcelListing,
    malachite.parcelContent,
    malachite.homeFiles,
    malachite.takeFiles,
    malachite.launchMeeting,
  ],
  upload: [
    artifact.uploadArtifact,
    artifact.uploadArtifactByPath,
    artifact.createArtifacts,
    artifact.getArtifactWriteLink,
    artifact.getArtifactWriteLinkByPath,
    artifact.ingestArtifacts,
  ],
  read: [
    execution.checkPrepared,
    execution.checkSnapshotPrepared,
    arm.getWorkspace,
    arm.listComputes,
    arm.getCompute,
    history.getRun,
    history.getRunDetails,
    history.listChildren,
    history.queryRuns,
    history.listRuns,
    history.listRunsByCompute,
    history.getRunsByIds,
    history.getRunData,
    history.batchGetRunData,
    history.getExperiment,
    history.getExperimentById,
    history.queryExperiments,
    history.listExperiments,
    artifact.listArtifacts,
    artifact.getArtifact,
    artifact.downloadArtifact,
    artifact.getArtifactContentInformation,
    artifact.listArtifactContentInformation,
    artifact.listRunArtifacts,
    artifact.listRunArtifactsUnderPath,
    artifact.getRunArtifact,
    artifact.getRunArtifactContentInformation,
    artifact.listRunArtifactContentInformation,
    artifact.getRunArtifactUri,
    artifact.listArtifactsByPath,
    artifact.getArtifactByPath,
    artifact.downloadArtifactByPath,
    artifact.getArtifactContentInformationByPath,
    artifact.listArtifactContentInformationByPath,
    artifact.getArtifactStorageUri,
    artifact.listArtifactStorageUris,
    artifact.getArtifactsById,
    artifact.getArtifactStorageUrisById,
    artifact.listRunArtifactsByPath,
    artifact.getRunArtifactByPath,
    artifact.getRunArtifactContentInformationByPath,
    artifact.listRunArtifactContentInformationByPath,
    artifact.getRunArtifactUriByPath,
    datastore.listDataStores,
    datastore.getDataStore,
    datastore.getDefaultDataStore,
    environment.listEnvironments,
    environment.getEnvironment,
    environment.getEnvironmentVersion,
    environment.getEnvironmentByLabel,
    environment.getEnvironmentImage,
    modelmanagement.listModels,
    modelmanagement.listModelsByBody,
    modelmanagement.getModel,
    modelmanagement.listAssets,
    modelmanagement.getAsset,
    metric.listMetrics,
    metric.getFullMetric,
    metric.sampleMetric,
    metric.getRunMetric,
    metric.queryRunMetrics,
    metric.listRunMetrics,
    metric.waitForMetrics,
    malachite.why,
    malachite.story,
    malachite.followLog,
    malachite.listLogs,
    malachite.getLogIndex,
    malachite.getLogLines,
    malachite.searchLog,
    malachite.findLogError,
    malachite.compareLogs,
    malachite.getDefinition,
    malachite.zipFiles,
    malachite.linkFiles,
    malachite.events,
    malachite.queryRunTable,
    malachite.countRuns,
    malachite.latestMetrics,
    malachite.queryExperimentTable,
    malachite.listTargets,
    malachite.getTarget,
    malachite.metricSeries,
    malachite.runPoints,
    malachite.runTree,
    malachite.targetQueue,
    malachite.findSnapshot,
    malachite.downloadSnapshot,
    malachite.listSnapshotFiles,
    malachite.readSnapshotFile,
    content.getLatestSnapshot,
    content.getSnapshotMetadata,
    content.getSnapshotZip,
    content.getSnapshotZipLink,
    content.findSnapshotByHash,
    mlflow.getExperiment,
    mlflow.getExperimentByName,
    mlflow.searchExperiments,
    mlflow.searchExperimentsByQuery,
    mlflow.listExperiments,
    mlflow.getRun,
    mlflow.searchRuns,
    mlflow.getRunDataStatus,
    mlflow.getMetricHistory,
    mlflow.getMetricHistoryBulk,
    mlflow.getMetricHistoryBulkInterval,
    mlflow.listArtifacts,
    mlflow.listProxiedArtifacts,
    mlflow.downloadProxiedArtifact,
    mlflow.presignArtifact,
    mlflow.getLoggedModel,
    mlflow.searchLoggedModels,
    mlflow.listLoggedModelArtifacts,
    mlflow.getRegisteredModel,
    mlflow.searchRegisteredModels,
    mlflow.listRegisteredModels,
    mlflow.getLatestVersions,
    mlflow.getLatestVersionsByQuery,
    mlflow.getModelVersionByAlias,
    mlflow.getModelVersion,
    mlflow.searchModelVersions,
    mlflow.getModelVersionDownloadUri,
    mlflow.serverInfo,
  ],
  register: [
    content.getSnapshotBlobs,
    content.createSnapshot,
    artifact.createArtifact,
    artifact.registerArtifact,
    content.createSnapshotOfFiles,
    malachite.offerSnapshot,
    malachite.sendContents,
    modelmanagement.registerModel,
    modelmanagement.createAsset,
    environment.registerEnvironment,
    environment.registerEnvironmentVersion,
    mlflow.createExperiment,
    mlflow.createRegisteredModel,
    mlflow.createModelVersion,
  ],
  body: [
    execution.startRun,
    execution.startOldRun,
    execution.startSnapshotRun,
    execution.startLocalRun,
    execution.prepareRun,
    execution.prepareSnapshotRun,
    execution.localRun,
    execution.localPrepare,
    history.patchRun,
    history.addRun,
    history.batchPatchRuns,
    malachite.changeRuns,
    history.batchEvents,
    mlflow.createRun,
    mlflow.updateRun,
    mlflow.deleteRun,
    mlflow.restoreRun,
    mlflow.logMetric,
    mlflow.logParam,
    mlflow.setTag,
    mlflow.deleteTag,
    mlflow.logBatch,
    mlflow.logBatchAsync,
    mlflow.logInputs,
    mlflow.logOutputs,
    mlflow.logModel,
    mlflow.uploadProxiedArtifact,
    mlflow.deleteProxiedArtifact,
    mlflow.createMultipartUpload,
    mlflow.createLoggedModel,
    mlflow.finalizeLoggedModel,
    mlflow.deleteLoggedModel,
    mlflow.setLoggedModelTags,
    mlflow.deleteLoggedModelTag,
    mlflow.logLoggedModelParams,
    // Refused whoever asks, and every caller is told so in the same words.
    mlflow.refusedGet,
    mlflow.refusedPost,
    mlflow.refusedPut,
    mlflow.refusedPatch,
    mlflow.refusedDelete,
    mlflow.refusedTracesGet,
    mlflow.refusedTracesPost,
    mlflow.refusedTracesPatch,
    mlflow.refusedTracesDelete,
    mlflow.refusedTrace,
    mlflow.searchTraces,
  ],
};

const reachOf: ReadonlyMap<string, Reach> = new Map(
  Object.entries(REACH).flatMap(([reach, operations]) => operations.map(({ id }) => [id, reach as Reach])),
);

/** How a run's token may call the operation; undefined when it may not. */
export const reachFor = (operation: Operation): Reach | undefined => reachOf.get(operation.id);

/**
 * Throws NotAllowed when the principal may not call the operation with these path parameters. What a `body` operation names is
 * checked by the flow, run by run.
 */
export async function mayReach(
  by: Principal,
  operation: Operation,
  scope: Scope,
  params: Readonly<Record<string, unknown>>,
  flow: { reaches(by: Principal, scope: Scope, runId: string): Promise<boolean> },
): Promise<void> {
  if (by.run === undefined) return;
  const { runId } = by.run;
  const reach = by.run.workspace === workspaceKey(scope) ? reachFor(operation) : undefined;
  if (reach === undefined) throw refused(runId);
  if (reach === "upload" && ofNoRun(params)) return;
  if (reach !== "tree" && reach !== "upload") return;
  const asked = runOf(params);
  if (asked === undefined || !(await flow.reaches(by, scope, asked))) throw refused(runId);
}

/** The run that a path names, by itself or by the container of its files. */
function runOf({ runId, container }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof runId === "string") return runId;
  return typeof container === "string" ? /^dcid\.(.+)$/s.exec(container)?.[1] : undefined;
}

const ofNoRun = ({ origin }: Readonly<Record<string, unknown>>): boolean =>
  typeof origin === "string" && origin.toLowerCase() !== "experimentrun";

const refused = (runId: string): MalachiteError =>
  new MalachiteError(
    "NotAllowed",
    `This token belongs to the run '${runId}': it changes that run and the runs below it, and reads their workspace, nothing else. Use a user's token.`,
  );
