// The run as the history service shows it (runHistory.json 2019-09-30, and the fields of run-history v1.0 which real clients read).
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { anyObject, dateTime, integer, mapOf, model, optional } from "../model.ts";

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

const changeable = {
  runId: optional(Type.String()),
  parentRunId: optional(Type.String()),
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
  properties: optional(mapOf(Type.String())),
  scriptName: optional(Type.String()),
  target: optional(Type.String()),
  tags: optional(mapOf(Type.String())),
  runDefinition: optional(anyObject()),
  createdFrom: optional(CreatedFrom),
  cancelUri: optional(Type.String()),
  diagnosticsUri: optional(Type.String()),
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
  experimentId: optional(Type.String()),
  createdUtc: optional(dateTime()),
  createdBy: optional(User),
  userId: optional(Type.String()),
  token: optional(Type.String()),
  tokenExpiryTimeUtc: optional(dateTime()),
  error: optional(ErrorResponse),
  warnings: optional(Type.Array(RunDetailsWarning)),
  revision: optional(integer({ format: "int32" })),
  runUuid: optional(Type.String()),
  lastModifiedUtc: optional(dateTime()),
  duration: optional(Type.String()),
  queueingInfo: optional(
    model("QueueingInfo", {
      code: optional(Type.String()),
      message: optional(Type.String()),
      lastRefreshTimestamp: optional(dateTime()),
    }),
  ),
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
  tags: optional(mapOf(Type.String())),
  properties: optional(mapOf(Type.String())),
  runDefinition: optional(anyObject()),
  logFiles: optional(
    mapOf(Type.String(), { description: "Log path to a URL that is fetched without a token." }),
  ),
  revision: optional(integer({ format: "int32" })),
});
export type RunDetails = Static<typeof RunDetails>;

export const BatchAddOrModifyRunRequest = model("BatchAddOrModifyRunRequest", {
  runs: optional(Type.Array(CreateRun)),
});
export const BatchRunResult = model("BatchAddOrModifyRunResult", {
  runs: optional(mapOf(Run)),
  errors: optional(mapOf(ErrorResponse)),
});

export const RunToken = model("RunToken", {
  token: Type.String(),
  expiryTimeUtc: dateTime({ description: "The token is taken a little longer than that." }),
});
