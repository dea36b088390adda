// What the audit log keeps: every change, and every secret that is handed out. docs/operations.md says it in words.
import {
  artifact,
  content,
  datastore,
  history,
  malachite,
  metric,
  mlflow,
  type Operation,
} from "@malachite/contract";
import { reachFor } from "./reach.ts";

/** Answers hold a key, a token, or a link that works without one. */
const SECRETS: ReadonlySet<Operation> = new Set<Operation>([
  malachite.getToken,
  malachite.postToken,
  malachite.linkFiles,
  history.getRunToken,
  datastore.listDataStores,
  datastore.getDataStore,
  datastore.getDefaultDataStore,
  content.getSnapshotBlobs,
  content.getSnapshotZipLink,
  artifact.getArtifactWriteLink,
  artifact.getArtifactWriteLinkByPath,
  artifact.getRunArtifactUri,
  artifact.getRunArtifactUriByPath,
  artifact.getArtifactStorageUri,
  artifact.listArtifactStorageUris,
  artifact.getArtifactStorageUrisById,
]);

/** What a run tells of itself with its own token, many times a second: its output, and nobody's act. */
const OUTPUT: ReadonlySet<Operation> = new Set<Operation>([
  metric.postMetrics,
  metric.postRunMetric,
  metric.postRunMetrics,
  history.postRunEvent,
  history.batchEvents,
  artifact.uploadArtifact,
  artifact.uploadArtifactByPath,
  artifact.createArtifacts,
  artifact.createRunArtifacts,
  artifact.createArtifact,
  artifact.registerArtifact,
  artifact.ingestArtifacts,
  artifact.getArtifactWriteLink,
  artifact.getArtifactWriteLinkByPath,
  mlflow.logMetric,
  mlflow.logParam,
  mlflow.setTag,
  mlflow.logBatch,
  mlflow.logBatchAsync,
  mlflow.logInputs,
  mlflow.logOutputs,
  mlflow.logLoggedModelParams,
  mlflow.uploadProxiedArtifact,
]);

/** Whether an answered request is one for the log. `byRun`: with the token of a run. */
export function isAudited(operation: Operation, byRun: boolean): boolean {
  if (byRun && (OUTPUT.has(operation) || SECRETS.has(operation))) return false;
  return SECRETS.has(operation) || (operation.method !== "GET" && reachFor(operation) !== "read");
}
