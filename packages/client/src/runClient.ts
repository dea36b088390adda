// One run: its record, its logs, its files.
import type { PagedAsyncIterableIterator } from "@azure/core-paging";
import { type FollowLogOptions, followLog, type LogChunk, type LogEnd } from "./log/followLog.ts";
import { type LogLinesOptions, logLines } from "./log/logLines.ts";
import type { Chart } from "./metrics/charts/chart.ts";
import { type ReadChartOptions, readRunChart } from "./metrics/runChart.ts";
import {
  type ListMetricsOptions,
  listMetrics,
  type MetricRow,
  type MetricRowsOptions,
  type MetricSeriesOptions,
  metricRows,
  metricSeries,
  type RunMetric,
} from "./metrics/runMetrics.ts";
import type {
  CreateRun,
  MetricSeries,
  Page,
  Run,
  RunDetails,
  RunEvent,
  RunTree,
  StartRunResult,
  StoryEntry,
  WholeRunDefinition,
  Why,
  WorkspaceAddress,
} from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { OperationOptions } from "./options.ts";
import { paged, type QueryOptions } from "./paging.ts";
import { RunArtifacts } from "./runArtifacts.ts";
import { newRunId as madeRunId } from "./runId.ts";
import { RunLogs } from "./runLogs.ts";
import { RunPoller, type RunPollerOptions } from "./runPoller.ts";
import { retryAfterInMs } from "./transport/retry.ts";
import type { Transport } from "./transport/transport.ts";
import { workspacePath } from "./workspacePath.ts";

export type GetRunOptions = OperationOptions;
export type GetRunDetailsOptions = OperationOptions;
export type UpdateRunOptions = OperationOptions;
export type DeleteTagsOptions = OperationOptions;
export type PostEventOptions = OperationOptions;
export type GetWhyOptions = OperationOptions;
export type GetStoryOptions = OperationOptions;
export type GetDefinitionOptions = OperationOptions;
export interface RerunOptions extends OperationOptions {
  /** The id of the new run. Default: one is made. */
  runId?: string;
}
export interface CancelRunOptions extends OperationOptions {
  /** Why, for the run's story. Sent only where the run's experiment is not known. */
  reason?: string;
}
export interface ListChildrenOptions extends QueryOptions {}
export interface GetTreeOptions extends OperationOptions {
  /** Of the runs right below, as for lists of runs. */
  filter?: string;
  /** Runs in a page. Default: 100. */
  top?: number;
  /** Where the page before ended. */
  continuationToken?: string;
}

export class RunClient {
  readonly #transport: Transport;
  readonly runId: string;
  /** The name of its experiment, where it is known. */
  readonly experimentName: string | undefined;
  readonly workspace: Readonly<WorkspaceAddress>;
  /** The files the run has kept. */
  readonly artifacts: RunArtifacts;
  /** Its logs, of any size: lines, searches, comparisons. `followLog` and `logLines` read one live. */
  readonly logs: RunLogs;

  /** @internal Made by WorkspaceClient and ExperimentClient. */
  constructor(transport: Transport, workspace: WorkspaceAddress, runId: string, experimentName?: string) {
    this.#transport = transport;
    this.workspace = { ...workspace };
    this.runId = runId;
    this.experimentName = experimentName;
    this.artifacts = new RunArtifacts(transport, this.#path, (options) => this.get(options));
    this.logs = new RunLogs(transport, this.#path);
  }

  /** The run's record. Throws RestError with statusCode 404 when there is no such run. */
  get(options: GetRunOptions = {}): Promise<Run> {
    return this.#transport.json(operations.getRun, { path: this.#path, retry: "always", options });
  }

  /** The record with its definition and its logs; slower than `get`, so not for polling. */
  getDetails(options: GetRunDetailsOptions = {}): Promise<RunDetails> {
    return this.#transport.json(operations.getRunDetails, { path: this.#path, retry: "always", options });
  }

  /** Asks for the run to end, and resolves when that is written down; a poller waits for the end itself. */
  async cancel(options: CancelRunOptions = {}): Promise<StartRunResult> {
    const call = { path: this.#path, retry: "always", options } as const;
    if (this.experimentName !== undefined) return this.#transport.json(operations.cancelRun, call);
    const query = { CancelationReason: options.reason };
    await this.#transport.json<Run>(operations.cancelRunByHistory, { ...call, query });
    return { runId: this.runId };
  }

  /**
   * Closes a run whose machine does not come back, without asking it: what it holds is free, and what still runs there runs on. A run that
   * was let go of before is answered as it is. For operators; Malachite only.
   */
  async letGo(options: CancelRunOptions = {}): Promise<Run> {
    const query = { reason: options.reason };
    return this.#transport.json<Run>(operations.letGoRun, {
      path: this.#path,
      query,
      retry: "always",
      options,
    });
  }

  /**
   * Starts the same run once more: its definition, its project, and exactly the packages that its environment had. The new id is
   * made here, so a retry never starts it twice. Malachite only.
   */
  async rerun(options: RerunOptions = {}): Promise<RunClient> {
    const newRunId =
      options.runId ?? madeRunId(this.experimentName ?? this.runId.replace(/_\d{10,}_[0-9a-f]{8}$/, ""));
    const call = { path: this.#path, query: { newRunId }, retry: "always", options } as const;
    const { runId } = await this.#transport.json<StartRunResult>(operations.rerun, call);
    return new RunClient(this.#transport, this.workspace, runId, this.experimentName);
  }

  /** Changes what is given: tags and properties are merged, the rest is replaced. */
  update(change: CreateRun, options: UpdateRunOptions = {}): Promise<Run> {
    return this.#transport.json(operations.patchRun, {
      path: this.#path,
      json: change,
      retry: "always",
      options,
    });
  }

  /** Sets tags and leaves the others as they are. */
  setTags(tags: Record<string, string>, options: UpdateRunOptions = {}): Promise<Run> {
    return this.update({ tags }, options);
  }

  /** Removes tags. */
  deleteTags(names: readonly string[], options: DeleteTagsOptions = {}): Promise<Run> {
    return this.#transport.json(operations.deleteRunTags, {
      path: this.#path,
      json: names,
      retry: "always",
      options,
    });
  }

  /** Posts an event of the run, for instance `{ name: "Microsoft.MachineLearning.Run.Heartbeat", data: {} }`. */
  async postEvent(event: RunEvent, options: PostEventOptions = {}): Promise<void> {
    const call = { path: this.#path, json: event, retry: "unprocessed", options } as const;
    await this.#transport.send(operations.postRunEvent, call);
  }

  /** The runs whose parent this one is. */
  listChildren(options: ListChildrenOptions = {}): PagedAsyncIterableIterator<Run, Page<Run>> {
    return paged(options, ({ continuationToken, maxPageSize }) =>
      this.#transport.json(operations.listChildren, {
        path: this.#path,
        query: {
          $filter: options.filter,
          $orderby: options.orderBy,
          $top: maxPageSize,
          $continuationtoken: continuationToken,
        },
        retry: "always",
        options,
      }),
    );
  }

  /**
   * A page of the runs right below, the oldest first, each with how many are below it; the first page also tells how many there are
   * in all, level by level. Malachite only.
   */
  getTree(options: GetTreeOptions = {}): Promise<RunTree> {
    const { filter, top, continuationToken } = options;
    const query = { filter, top, continuationToken };
    const path = { ...workspacePath(this.workspace), runId: this.runId };
    return this.#transport.json(operations.runTree, { path, query, retry: "always", options });
  }

  /** The metrics of the run, by name: what users log, or of another namespace. */
  listMetrics(options: ListMetricsOptions = {}): PagedAsyncIterableIterator<RunMetric, Page<RunMetric>> {
    return listMetrics(this.#transport, this.#path, options);
  }

  /** The rows of a metric in order of time, whole: tables, vectors, and what else was logged under the name. */
  metricRows(
    name: string,
    options: MetricRowsOptions = {},
  ): PagedAsyncIterableIterator<MetricRow, Page<MetricRow>> {
    return metricRows(this.#transport, this.#path, name, options);
  }

  /**
   * The chart of a metric whose kind is in CHART_KINDS: a confusion matrix, an accuracy table, predictions or residuals, as it was
   * logged last. Throws ChartError for a file that holds no such chart.
   */
  readChart(metric: Pick<RunMetric, "name" | "kind">, options: ReadChartOptions = {}): Promise<Chart> {
    return readRunChart(metric, this.metricRows(metric.name, options), (path, count) =>
      this.artifacts.download(path, { ...options, count }),
    );
  }

  /** Metrics of the run as plots need them, see `WorkspaceClient.metricSeries`. Malachite only. */
  metricSeries(names: readonly string[], options: MetricSeriesOptions = {}): Promise<MetricSeries[]> {
    const ask = { runIds: [this.runId], names: [...names] };
    return metricSeries(this.#transport, workspacePath(this.workspace), ask, options);
  }

  /** What the run waits for, or why it ended. Malachite only. */
  getWhy(options: GetWhyOptions = {}): Promise<Why> {
    return this.#transport.json(operations.why, { path: this.#path, retry: "always", options });
  }

  /** Everything that happened to the run, in order. Malachite only. */
  async getStory(options: GetStoryOptions = {}): Promise<StoryEntry[]> {
    const call = { path: this.#path, retry: "always", options } as const;
    return (await this.#transport.json<{ value: StoryEntry[] }>(operations.story, call)).value;
  }

  /** What the run was asked to do, as sent and as understood, its environment and its command. Malachite only. */
  getDefinition(options: GetDefinitionOptions = {}): Promise<WholeRunDefinition> {
    return this.#transport.json(operations.getDefinition, { path: this.#path, retry: "always", options });
  }

  /** Waits for the end of the run. Sends nothing until it is asked to poll. */
  poller(options: RunPollerOptions = {}): RunPoller {
    const about = { workspace: this.workspace, experimentName: this.experimentName, runId: this.runId };
    return new RunPoller(
      about,
      async (each) => {
        let waitInMs: number | undefined;
        const run = await this.get({
          ...each,
          onResponse: (response) => {
            waitInMs = retryAfterInMs(response);
          },
        });
        return { run, waitInMs };
      },
      options,
    );
  }

  /**
   * The bytes of a log, live, until the run has ended. Comes back at the exact byte after a cut connection or a restarted
   * server, and ends only when the server says that this is the end. Leaving the loop closes the connection.
   */
  followLog(options: FollowLogOptions = {}): AsyncGenerator<LogChunk, LogEnd, undefined> {
    return followLog(this.#transport, this.#path, (each) => this.getDetails(each), options);
  }

  /** The lines of a log, live, without their line ends. */
  logLines(options: LogLinesOptions = {}): AsyncGenerator<string, LogEnd, undefined> {
    return logLines(this.followLog(options), options);
  }

  get #path() {
    const { experimentName, runId } = this;
    return { ...workspacePath(this.workspace), experimentName, runId };
  }
}
