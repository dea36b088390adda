// The client for browsers and Node. Folders and files on disk are in "@malachite/client/node".
export type { AbortSignalLike } from "@azure/abort-controller";
export { AbortError } from "@azure/abort-controller";
export type { AccessToken, TokenCredential } from "@azure/core-auth";
export type { PagedAsyncIterableIterator, PageSettings } from "@azure/core-paging";
export type { PipelineOptions, PipelineResponse, PipelineRetryOptions } from "@azure/core-rest-pipeline";
export { deepestCode, errorResponseOf, isRestError, type RestError, RunFailedError } from "./errors.ts";
export * from "./executionApi.ts";
export * from "./experimentClient.ts";
export type {
  ConnectionEvent,
  FilesEvent,
  HelloEvent,
  LiveEvent,
  LogEndEvent,
  LogFaultEvent,
  LogPieceEvent,
  LogRestartEvent,
  MetricsEvent,
  QueueEvent,
  ResetEvent,
  RunChangedEvent,
} from "./live/liveEvent.ts";
export type { EventsOptions, LiveLog } from "./live/liveEvents.ts";
export type { FollowLogOptions, LogChunk, LogEnd } from "./log/followLog.ts";
export type { LogLinesOptions } from "./log/logLines.ts";
export * from "./malachiteClient.ts";
export * from "./metrics/charts/index.ts";
export type { ReadChartOptions } from "./metrics/runChart.ts";
export type {
  ListMetricsOptions,
  MetricCell,
  MetricRow,
  MetricRowsOptions,
  MetricSeriesOptions,
  RunMetric,
} from "./metrics/runMetrics.ts";
export type * from "./models.ts";
export type { ClientOptions, OperationOptions } from "./options.ts";
export type { ListRunsOptions, QueryOptions } from "./paging.ts";
export * from "./runArtifacts.ts";
export * from "./runClient.ts";
export { newRunId } from "./runId.ts";
export * from "./runLogs.ts";
export {
  isEnded,
  type PollOptions,
  type PollUntilDoneOptions,
  RunPoller,
  type RunPollerOptions,
  type RunPollerState,
} from "./runPoller.ts";
export * from "./runTables.ts";
export * from "./timeline/runTimeline.ts";
export type { ByteStream } from "./transport/byteStream.ts";
export type { ByteSource, FileBody } from "./transport/fileBody.ts";
export {
  type CreateWorkspaceOptions,
  type DownloadSnapshotFileOptions,
  type DownloadSnapshotOptions,
  type FindSnapshotOptions,
  type GetQueueOptions,
  type GetQuotasOptions,
  type GetTargetOptions,
  type GetWorkspaceOptions,
  type ListExperimentsOptions,
  type ListRunPointsOptions,
  type ListSnapshotFilesOptions,
  type ListTargetsOptions,
  type OfferSnapshotOptions,
  type SendContentsOptions,
  WorkspaceClient,
} from "./workspaceClient.ts";
