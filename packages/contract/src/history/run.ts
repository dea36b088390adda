// The run as the history service shows it (runHistory.json 2019-09-30, and the fields of run-history v1.0 which real clients read).
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { anyObject, dateTime, integer, mapOf, model, optional, tagMap, textMap } from "../model.ts";

/** Every status a run can show. `Canceled` has one l. */
export const RUN_STATUSES = [
  "NotStarted",
  "Starting",
  "Provisioning",
  "Preparing",
  "Queued",
  "Running",
  "Finalizing",
  "CancelRequested",
  "Completed",
  "Failed",
  "Canceled",
  "NotResponding",
] as const;
export type RunStatusName = (typeof RUN_STATUSES)[number];

export const CreatedFrom = model("CreatedFrom", {
  type: optional(Type.String()),
  locationType: optional(Type.String()),
  location: optional(Type.String()),
});

export const RunTypeV2 = model("RunTypeV2", {
  orchestrator: optional(Type.String()),
  traits: optional(Type.Array(Type.String())),
  attribution: optional(Type.String()),
  computeType: optional(Type.String()),
});

export const User = model("CreatedBy", {
  userObjectId: optional(Type.String()),
  userTenantId: optional(Type.String()),
  userName: optional(Type.String()),
});

export const RunDetailsWarning = model("RunDetailsWarning", {
  source: optional(Type.String()),
  message: optional(Type.String()),
});

export const QueueingInfo = model("QueueingInfo", {
  code: optional(Type.String()),
  message: optional(Type.String()),
  lastRefreshTimestamp: optional(dateTime()),
});

const datasetIdentifier = model("DatasetIdentifier", {
  savedId: optional(Type.String()),
  registeredId: optional(Type.String()),
  registeredVersion: optional(Type.String()),
});
const DatasetLineage = model("DatasetLineage", {
  identifier: optional(datasetIdentifier),
  consumptionType: optional(Type.String()),
  inputDetails: optional(anyObject()),
});
const OutputDatasetLineage = model("OutputDatasetLineage", {
  identifier: optional(datasetIdentifier),
  outputType: optional(Type.String()),
  outputDetails: optional(anyObject()),
});
const ComputeRequest = model("ComputeRequest", {
  nodeCount: optional(integer({ format: "int32" })),
  gpuCount: optional(integer({ format: "int32" })),
});
const Compute = model("Compute", {
  target: optional(Type.String()),
  targetType: optional(Type.String()),
  vmSize: optional(Type.String()),
  instanceCount: optional(integer({ format: "int32" })),
  gpuCount: optional(integer({ format: "int32" })),
  priority: optional(Type.String()),
  region: optional(Type.String()),
});
const TypedAssetReference = model("TypedAssetReference", {
  assetId: optional(Type.String()),
  type: optional(Type.String()),
});

/** What the newer contract lets a client say of a run, and the service only keeps and gives back. */
export const keptFields = {
  parameters: optional(anyObject()),
  actionUris: optional(mapOf(Type.String())),
  uniqueChildRunComputeTargets: optional(Type.Array(Type.String())),
  settings: optional(mapOf(Type.String())),
  services: optional(mapOf(anyObject())),
  inputDatasets: optional(Type.Array(DatasetLineage)),
  outputDatasets: optional(Type.Array(OutputDatasetLineage)),
  jobSpecification: optional(anyObject()),
  primaryMetricName: optional(Type.String()),
  completeUri: optional(Type.String()),
  computeRequest: optional(ComputeRequest),
  compute: optional(Compute),
  retainForLifetimeOfWorkspace: optional(Type.Boolean()),
  queueingInfo: optional(QueueingInfo),
  activeChildRunId: optional(Type.String()),
  inputs: optional(mapOf(TypedAssetReference)),
  outputs: optional(mapOf(TypedAssetReference)),
  isVirtual: optional(Type.Boolean()),
};

const changeable = {
  runId: optional(Type.String()),
  parentRunId: optional(Type.String()),
  experimentId: optional(Type.String()),
  status: optional(Type.String()),
  startTimeUtc: optional(dateTime()),
  endTimeUtc: optional(dateTime()),
  heartbeatEnabled: optional(Type.Boolean()),
  options: optional(model("RunOptions", { generateDataContainerIdIfNotSpecified: optional(Type.Boolean()) })),
  name: optional(Type.String()),
  displayName: optional(Type.String()),
  dataContainerId: optional(Type.String()),
  description: optional(Type.String()),
  hidden: optional(Type.Boolean()),
  runType: optional(Type.String()),
  runTypeV2: optional(RunTypeV2),
  properties: optional(textMap()),
  scriptName: optional(Type.String()),
  target: optional(Type.String()),
  tags: optional(tagMap()),
  runDefinition: optional(anyObject()),
  createdFrom: optional(CreatedFrom),
  cancelUri: optional(Type.String()),
  diagnosticsUri: optional(Type.String()),
  ...keptFields,
};

/** What a PATCH may carry. Tags and properties are merged, all else replaces. */
export const CreateRun = model("CreateRun", {
  ...changeable,
});
export type CreateRun = Static<typeof CreateRun>;

export const Run = model("Run", {
  ...changeable,
  runNumber: optional(integer({ format: "int32" })),
  rootRunId: optional(Type.String()),
  createdUtc: optional(dateTime()),
  createdBy: optional(User),
  userId: optional(Type.String()),
  token: optional(Type.String()),
  tokenExpiryTimeUtc: optional(dateTime()),
  error: optional(ErrorResponse),
  warnings: optional(Type.Array(RunDetailsWarning)),
  revision: optional(integer({ format: "int32" })),
  effectiveStartTimeUtc: optional(dateTime()),
  lastModifiedUtc: optional(dateTime()),
  duration: optional(Type.String()),
  cancelationReason: optional(Type.String()),
});
export type Run = Static<typeof Run>;

export const RunDetails = model("RunDetails", {
  runId: optional(Type.String()),
  target: optional(Type.String()),
  status: optional(Type.String()),
  parentRunId: optional(Type.String()),
  createdTimeUtc: optional(dateTime()),
  startTimeUtc: optional(dateTime()),
  endTimeUtc: optional(dateTime()),
  error: optional(ErrorResponse),
  warnings: optional(Type.Array(RunDetailsWarning)),
  tags: optional(tagMap()),
  properties: optional(mapOf(Type.String())),
  runDefinition: optional(anyObject()),
  logFiles: optional(
    mapOf(Type.String(), { description: "Log path to a URL that is fetched without a token." }),
  ),
  revision: optional(integer({ format: "int32" })),
  rootRunId: optional(Type.String()),
  runNumber: optional(integer({ format: "int32" })),
  createdBy: optional(User),
  userId: optional(Type.String()),
  runTypeV2: optional(RunTypeV2),
  lastModifiedUtc: optional(dateTime()),
  duration: optional(Type.String()),
  parameters: keptFields.parameters,
  settings: keptFields.settings,
  services: keptFields.services,
  inputDatasets: keptFields.inputDatasets,
  outputDatasets: keptFields.outputDatasets,
  computeRequest: keptFields.computeRequest,
  compute: keptFields.compute,
  inputs: keptFields.inputs,
  outputs: keptFields.outputs,
});
export type RunDetails = Static<typeof RunDetails>;

export const BatchAddOrModifyRunRequest = model("BatchAddOrModifyRunRequest", {
  runs: optional(Type.Array(CreateRun)),
});
export const BatchRunResult = model("BatchAddOrModifyRunResult", {
  runs: optional(mapOf(Run)),
  errors: optional(mapOf(ErrorResponse)),
});

export const DeleteOrModifyTags = model("DeleteOrModifyTags", {
  tagsToModify: optional(tagMap()),
  tagsToDelete: optional(Type.Array(Type.String())),
});
export const GetRunsByIds = model("GetRunsByIds", { runIds: optional(Type.Array(Type.String())) });

export const GetRunDataRequest = model("GetRunDataRequest", {
  runId: optional(Type.String()),
  selectRunMetadata: optional(Type.Boolean()),
  selectRunDefinition: optional(Type.Boolean()),
  selectJobSpecification: optional(Type.Boolean()),
});
export type GetRunDataRequest = Static<typeof GetRunDataRequest>;
export const GetRunDataResult = model("GetRunDataResult", {
  runMetadata: optional(Run),
  runDefinition: optional(anyObject()),
  jobSpecification: optional(anyObject()),
});
export type GetRunDataResult = Static<typeof GetRunDataResult>;
export const BatchGetRunData = model("BatchRequest1", { requests: optional(mapOf(GetRunDataRequest)) });
export const BatchRunData = model("BatchResult1", {
  successfulResults: optional(mapOf(GetRunDataResult)),
  failedResults: optional(mapOf(ErrorResponse)),
});

export const RunToken = model("RunToken", {
  token: Type.String(),
  expiryTimeUtc: dateTime({ description: "The token is taken a little longer than that." }),
});
