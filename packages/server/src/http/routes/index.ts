// Every route, one operation each. server.test.ts holds this list against the contract.
import type { Route } from "../route.ts";
import * as artifactLinks from "./artifactLinks.ts";
import * as artifacts from "./artifacts.ts";
import * as cancel from "./cancelRun.ts";
import * as change from "./changeRun.ts";
import * as content from "./content.ts";
import * as courier from "./courier.ts";
import * as datastores from "./datastores.ts";
import * as definition from "./definition.ts";
import * as deployments from "./deployments.ts";
import * as environments from "./environments.ts";
import { events as liveEvents } from "./events.ts";
import * as experiments from "./experiments.ts";
import * as files from "./files.ts";
import { followLog } from "./followLog.ts";
import * as read from "./getRun.ts";
import * as many from "./getRuns.ts";
import { getTarget } from "./getTarget.ts";
import * as lists from "./listRuns.ts";
import { listTargets } from "./listTargets.ts";
import * as local from "./localRun.ts";
import * as logs from "./logs.ts";
import { metricSeries } from "./metricSeries.ts";
import * as metrics from "./metrics.ts";
import { mlflowRoutes } from "./mlflow/index.ts";
import * as models from "./models.ts";
import * as events from "./postEvents.ts";
import * as prepare from "./prepare.ts";
import { quotas } from "./quotas.ts";
import { rerunRun } from "./rerunRun.ts";
import * as resources from "./resources.ts";
import * as runArtifacts from "./runArtifacts.ts";
import * as runMetrics from "./runMetrics.ts";
import * as points from "./runPoints.ts";
import * as service from "./service.ts";
import * as signIn from "./signIn.ts";
import * as snapshotFiles from "./snapshotFiles.ts";
import * as snapshots from "./snapshots.ts";
import { startLocalRun } from "./startLocalRun.ts";
import { startOldRun, startRun } from "./startRun.ts";
import { startSnapshotRun } from "./startSnapshotRun.ts";
import * as tables from "./tables.ts";
import * as takeArtifacts from "./takeArtifacts.ts";
import { targetQueue } from "./targetQueue.ts";
import * as story from "./whyAndStory.ts";

export const ROUTES: readonly Route[] = [
  // Runs: started, prepared, taken home, ended.
  startRun,
  startOldRun,
  startSnapshotRun,
  startLocalRun,
  rerunRun,
  ...Object.values(local),
  ...Object.values(prepare),
  ...Object.values(cancel),
  // Run history.
  ...Object.values(read),
  ...Object.values(many),
  ...Object.values(lists),
  ...Object.values(points),
  ...Object.values(change),
  ...Object.values(events),
  ...Object.values(experiments),
  ...Object.values(story),
  ...Object.values(definition),
  followLog,
  ...Object.values(logs),
  // Pages that show everything: the live stream and tables.
  liveEvents,
  ...Object.values(tables),
  // Projects.
  ...Object.values(snapshots),
  ...Object.values(snapshotFiles),
  ...Object.values(content),
  // Metrics, by the newer contract and by the older.
  ...Object.values(metrics),
  ...Object.values(runMetrics),
  metricSeries,
  // Files, by the artifact service and by runs. The blob surface is not made of operations (blobs/surface.ts).
  ...Object.values(artifacts),
  ...Object.values(artifactLinks),
  ...Object.values(takeArtifacts),
  ...Object.values(runArtifacts),
  ...Object.values(files),
  // Runs on machines of their own.
  ...Object.values(courier),
  // What has a name and versions.
  ...Object.values(datastores),
  ...Object.values(environments),
  ...Object.values(models),
  // MLflow's own API.
  ...mlflowRoutes,
  // The service, sign-in, its workspaces and its targets.
  ...Object.values(service),
  ...Object.values(signIn),
  ...Object.values(resources),
  ...Object.values(deployments),
  listTargets,
  getTarget,
  targetQueue,
  quotas,
];
