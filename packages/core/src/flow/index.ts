// The way of a run, in order: the table of contents of the service. Beside it what the outside may ask (flow.ts).
//   submitRun → claimRun → prepareEnvironment → launchRun → watchRuns → collectRun → finishRun
//   in prepareEnvironment bringData, in finishRun sendData
//   side doors: cancelRun, rerunRun, recoverRuns, packLocalRun; runKeeper turns the wheel, driveRun does one run's next step
import { artifactPath } from "../domain/blob/artifactPath.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { assetFlow } from "./assets.ts";
import { withLiveFiles } from "./blobs.ts";
import { cancelRun } from "./cancelRun.ts";
import { collectGarbage } from "./collectGarbage.ts";
import { countKept } from "./countKept.ts";
import { courierFlow } from "./courier.ts";
import { datastoreFlow } from "./datastores.ts";
import { definitionOf } from "./definitionOf.ts";
import { environmentFlow } from "./environments.ts";
import * as experiments from "./experiments.ts";
import type { Flow } from "./flow.ts";
import { followLog } from "./followLog.ts";
import { freeLetGo } from "./freeLetGo.ts";
import { holdKept } from "./holdKept.ts";
import { letGoRun } from "./letGoRun.ts";
import { liveEvents } from "./liveEvents.ts";
import { createMetricFlow } from "./metrics.ts";
import { modelFlow } from "./models.ts";
import { modifyTags } from "./modifyTags.ts";
import { packLocalRun } from "./packLocalRun.ts";
import { addRun, patchRun } from "./patchRun.ts";
import type { FlowPorts } from "./ports.ts";
import { postEvent } from "./postEvent.ts";
import { queueOf } from "./queue.ts";
import { quotasOf } from "./quotas.ts";
import { reachesRun } from "./reachRun.ts";
import * as read from "./readRuns.ts";
import { rerunRun } from "./rerunRun.ts";
import * as files from "./runFiles.ts";
import { logFlow, logsOfRun } from "./runLogs.ts";
import { runPoints, runTree } from "./runPoints.ts";
import { snapshotFlow } from "./snapshots.ts";
import { isPrepared, submitRun } from "./submitRun.ts";
import { sweepLaunches } from "./sweepLaunches.ts";
import { tableFlow } from "./tables.ts";
import * as targets from "./targets.ts";
import { trackingFlow } from "./tracking/trackingFlow.ts";
import { whyRun } from "./whyRun.ts";
import * as workspaces from "./workspaces.ts";
import { zipFiles } from "./zipFiles.ts";

export type { GcItem, GcPage } from "./collectGarbage.ts";
export { collectGarbage } from "./collectGarbage.ts";
export type { MetricFlow, RefusedMetric } from "./metrics.ts";
export type { FlowPorts, FlowSettings } from "./ports.ts";
export type { MetricPart, MetricQuery } from "./queryMetrics.ts";
export type { QueueOfTarget } from "./queue.ts";
export { RunKeeper } from "./runKeeper.ts";
export { RunNews } from "./runNews.ts";
export type { RunPoint, RunPointsAsk, RunTreePage, StatusCounts } from "./runPoints.ts";
export { shareNews } from "./shareNews.ts";
export { SNAPSHOT_UPLOADS } from "./snapshotUploads.ts";
export { sweepProjects } from "./sweepProjects.ts";
export type { TableFlow } from "./tables.ts";
export { tellNews } from "./tellNews.ts";
export { ToldOnce } from "./toldOnce.ts";

/** So many logs of a folder are named in the details of a run. */
const LINKED_LOGS = 200;

/** Binds every question and wish of the outside to the ports. Starts nothing. */
export function createFlow(ports: FlowPorts): Flow {
  // What is sent from outside is held to the quotas of kept bytes; what the service brings home of a run never is.
  const held = holdKept(ports);
  return {
    // The way of a run.
    submitRun: (ask) => submitRun(ask, ports),
    rerunRun: (ask) => rerunRun(ask, ports),
    isPrepared: (ask) => isPrepared(ask, ports),
    packLocalRun: (ask) => packLocalRun(ask, ports),
    cancelRun: (ask) => cancelRun(ask, ports),
    letGoRun: (ask) => letGoRun(ask, ports),

    // Runs as records: read, and changed by whoever may.
    reaches: (by, scope, runId) => reachesRun(by, scope, runId, ports),
    getRun: (address) => read.getRun(address, ports),
    getRuns: (at, runIds) => read.getRuns(at, runIds, ports),
    listRuns: (ask) => read.listRuns(ask, ports),
    listChildren: (address, ask) => read.listChildren(address, ask, ports),
    runPoints: (ask) => runPoints(ask, ports),
    runTree: (address, ask) => runTree(address, ask, ports),
    shownDefinition: read.shownDefinition,
    patchRun: (address, body, by) => patchRun(address, body, by, ports),
    addRun: (address, body, by) => addRun(address, body, by, ports),
    deleteTags: (address, tags, by) => modifyTags(address, { remove: tags, set: {} }, by, ports),
    modifyTags: (address, change, by) => modifyTags(address, change, by, ports),
    postEvent: (address, event, by) => postEvent(address, event, by, ports),

    // What a run is doing, and where it may.
    followLog: (address, ask) => followLog(address, ask, ports),
    logFiles: async (run) => (await logsOfRun(run, ports, LINKED_LOGS)).map(({ path }) => path),
    logs: logFlow(ports),
    definitionOf: (address) => definitionOf(address, ports),
    liveEvents: (ask) => liveEvents(ask, ports),
    why: (address) => whyRun(address, ports),
    story: (address) => read.story(address, ports),
    targets: () => targets.listTargets(ports),
    queue: (name, ask) => queueOf(name, ask, ports),
    target: (name) => targets.getTarget(name, ports),

    // Where runs belong.
    getExperiment: (scope, by) => experiments.getExperiment(scope, by, ports),
    createExperiment: (scope, name) => experiments.createExperiment(scope, name, ports),
    modifyExperiment: (scope, id, change) => experiments.modifyExperiment(scope, id, change, ports),
    deleteExperiment: (scope, id) => experiments.deleteExperiment(scope, id, ports),
    listExperiments: (scope, ask) => ports.experiments.list(scope, ask),
    listWorkspaces: () => workspaces.listWorkspaces(ports),
    getWorkspace: (scope) => workspaces.getWorkspace(scope, ports),
    createWorkspace: (scope) => workspaces.createWorkspace(scope, ports),
    allowWorkspace: (scope) => allowWorkspace(scope, ports),

    // Files of runs.
    listFiles: (at, { prefix, ...ask }) =>
      files.listFiles(at, prefix === undefined ? ask : { ...ask, prefix: artifactPath(prefix) }, ports),
    fileInfo: (at, path) => files.fileInfo(at, artifactPath(path), ports),
    openFile: (at, path) => files.openFile(at, artifactPath(path), ports),
    zipFiles: (at, { prefix }) =>
      zipFiles(at, prefix === undefined ? {} : { prefix: artifactPath(prefix) }, ports),
    putFile: (at, path, stream, options) => files.putFile(at, artifactPath(path), stream, options, held),
    removeFile: (at, path) => files.removeFile(at, artifactPath(path), held),
    blobs: withLiveFiles({ ...ports, blobs: held.blobs }),

    // The house.
    collectGarbage: (ask) => collectGarbage(ask, ports),
    sweepLaunches: (signal) => sweepLaunches(ports, signal),
    freeLetGo: (signal) => freeLetGo(ports, signal),
    countKept: (signal) => countKept(ports, held.settle, signal),
    quotas: (scope, by, ask) => quotasOf(scope, by, ask, ports),

    // Each of these has a file of its own.
    tables: tableFlow(ports),
    metrics: createMetricFlow(ports),
    snapshots: snapshotFlow(ports),
    models: modelFlow(ports),
    assets: assetFlow(ports),
    courier: courierFlow(ports),
    datastores: datastoreFlow(ports),
    environments: environmentFlow(ports),
    tracking: trackingFlow(ports),
  };
}
