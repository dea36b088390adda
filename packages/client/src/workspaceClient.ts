// A workspace: its experiments, runs and compute targets.
import type { PagedAsyncIterableIterator } from "@azure/core-paging";
import { isNotThere } from "./errors.ts";
import { ExecutionApi } from "./executionApi.ts";
import { ExperimentClient } from "./experimentClient.ts";
import type { LiveEvent } from "./live/liveEvent.ts";
import { type EventsOptions, liveEvents } from "./live/liveEvents.ts";
import { type MetricSeriesOptions, metricSeries } from "./metrics/runMetrics.ts";
import type {
  ComputeTarget,
  ComputeTargetDetail,
  Experiment,
  MetricSeries,
  Page,
  ProjectFile,
  QuotaPage,
  Run,
  RunPoint,
  SnapshotOffer,
  TargetQueue,
  Workspace,
  WorkspaceAddress,
} from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { OperationOptions } from "./options.ts";
import { type ListRunsOptions, paged, type QueryOptions, queryBody } from "./paging.ts";
import { ArtifactDownload } from "./runArtifacts.ts";
import { RunClient } from "./runClient.ts";
import { RunTables } from "./runTables.ts";
import type { ByteStream } from "./transport/byteStream.ts";
import type { FileBody } from "./transport/fileBody.ts";
import { rangeHeaders } from "./transport/ranges.ts";
import type { Transport } from "./transport/transport.ts";
import { workspacePath } from "./workspacePath.ts";

export interface ListExperimentsOptions extends QueryOptions {
  /** Which experiments. Default: those that are not archived. */
  viewType?: "Default" | "All" | "ActiveOnly" | "ArchivedOnly";
}
export type GetWorkspaceOptions = OperationOptions;
export type CreateWorkspaceOptions = OperationOptions;
export type ListTargetsOptions = OperationOptions;
export type GetTargetOptions = OperationOptions;
export interface ListRunPointsOptions extends QueryOptions {
  /** Only the runs right below this one. */
  parentRunId?: string;
  experimentName?: string;
  /** Only metrics of these names. Default: all. */
  metrics?: string[];
  /** Of the metrics. Default: none, where users log. */
  namespace?: string;
}
export interface GetQueueOptions extends OperationOptions {
  /** Waiting runs in a page. Default: 100. */
  top?: number;
  /** Where the page before ended. */
  continuationToken?: string;
}
export interface GetQuotasOptions extends OperationOptions {
  /** Users in a page. Default: 100. */
  limit?: number;
  /** The `next` of the page before. */
  after?: string;
}
export type FindSnapshotOptions = OperationOptions;
export type OfferSnapshotOptions = OperationOptions;
export interface SendContentsOptions extends OperationOptions {
  /** Is called with the bytes sent so far. A repeated attempt begins at 0 again. */
  onUploadProgress?: (bytesSent: number) => void;
}
export type DownloadSnapshotOptions = OperationOptions;
export interface ListSnapshotFilesOptions extends OperationOptions {
  /** Only those whose path begins with this, for instance `src/`. */
  prefix?: string;
}
export interface DownloadSnapshotFileOptions extends OperationOptions {
  /** The first byte to send. Default: 0. */
  offset?: number;
  /** How many bytes to send. Default: all that follow. */
  count?: number;
}

export class WorkspaceClient {
  readonly #transport: Transport;
  readonly address: Readonly<WorkspaceAddress>;
  /** The four operations of the Execution Service, as they are. */
  readonly execution: ExecutionApi;
  /** Tables over very many runs and experiments: search, jumps, counts, and changes of many runs. Malachite only. */
  readonly tables: RunTables;

  /** @internal Made by MalachiteClient. */
  constructor(transport: Transport, address: WorkspaceAddress) {
    this.#transport = transport;
    this.address = { ...address };
    this.execution = new ExecutionApi(transport);
    this.tables = new RunTables(transport, this.#path);
  }

  /** The base URL of the service. */
  get endpoint(): string {
    return this.#transport.endpoint;
  }

  /** The workspace itself. Throws RestError, 404, for one that nothing was written to and nobody made. */
  get(options: GetWorkspaceOptions = {}): Promise<Workspace> {
    return this.#transport.json(operations.getWorkspace, { path: this.#path, retry: "always", options });
  }

  /** Makes the workspace; one that is there is left as it is. */
  create(options: CreateWorkspaceOptions = {}): Promise<Workspace> {
    const call = { path: this.#path, json: {}, retry: "always", options } as const;
    return this.#transport.json(operations.putWorkspace, call);
  }

  /** One experiment. Sends nothing; the experiment is made by its first run. */
  experiment(name: string): ExperimentClient {
    return new ExperimentClient(this.#transport, this.address, name);
  }

  /**
   * One run. Sends nothing. With the experiment's name the addresses of the 2019 contract are used, which every server has;
   * without it those of the newer one.
   */
  run(runId: string, options: { experimentName?: string } = {}): RunClient {
    return new RunClient(this.#transport, this.address, runId, options.experimentName);
  }

  /** The runs of all experiments, for instance `{ filter: "status eq 'Running'", orderBy: "createdUtc desc" }`. */
  listRuns(options: ListRunsOptions = {}): PagedAsyncIterableIterator<Run, Page<Run>> {
    return paged(options, (settings) =>
      this.#transport.json(operations.queryRuns, {
        path: this.#path,
        json: queryBody(options, settings),
        retry: "always",
        options,
      }),
    );
  }

  listExperiments(
    options: ListExperimentsOptions = {},
  ): PagedAsyncIterableIterator<Experiment, Page<Experiment>> {
    return paged(options, (settings) =>
      this.#transport.json(operations.queryExperiments, {
        path: this.#path,
        json: { ...queryBody(options, settings), viewType: options.viewType },
        retry: "always",
        options,
      }),
    );
  }

  /**
   * Metrics of runs as plots need them: in buckets, so that a million values are a few hundred and no peak is lost. Ask for a
   * smaller range, `from` and `to`, and the same place is finer. At most 100 runs and 100 names; series that are not there are left
   * out. Malachite only.
   */
  metricSeries(
    runIds: readonly string[],
    names: readonly string[],
    options: MetricSeriesOptions = {},
  ): Promise<MetricSeries[]> {
    const ask = { runIds: [...runIds], names: [...names] };
    return metricSeries(this.#transport, this.#path, ask, options);
  }

  /**
   * All that happens in the workspace, live, in one connection, and the logs that are named. A lost connection is taken up again by
   * itself; `connection` events tell of it. Leaving the loop closes the connection. Malachite only.
   */
  events(options: EventsOptions = {}): AsyncGenerator<LiveEvent, void, undefined> {
    return liveEvents(this.#transport, this.#path, options);
  }

  /**
   * Runs for comparing them, each with parameters, tags, properties and the newest value of each metric: those right below a run, or
   * those of a filter. Malachite only.
   */
  listRunPoints(options: ListRunPointsOptions = {}): PagedAsyncIterableIterator<RunPoint, Page<RunPoint>> {
    const { parentRunId, experimentName, metrics, namespace } = options;
    return paged(options, (settings) =>
      this.#transport.json(operations.runPoints, {
        path: this.#path,
        json: { ...queryBody(options, settings), parentRunId, experimentName, metrics, namespace },
        retry: "always",
        options,
      }),
    );
  }

  /**
   * Who holds what of a compute target, and a page of the runs that wait for it, in the order in which they are served. Runs of
   * other workspaces are counted and not named. Malachite only.
   */
  getQueue(target: string, options: GetQueueOptions = {}): Promise<TargetQueue> {
    const { top, continuationToken } = options;
    const path = { ...this.#path, targetName: target };
    const query = { top, continuationToken };
    return this.#transport.json(operations.targetQueue, { path, query, retry: "always", options });
  }

  /** What the workspace has of its quotas, and a page of its users; others than operators see themselves. Malachite only. */
  getQuotas(options: GetQuotasOptions = {}): Promise<QuotaPage> {
    const { limit, after } = options;
    return this.#transport.json(operations.quotas, {
      path: this.#path,
      query: { limit, after },
      retry: "always",
      options,
    });
  }

  /** The compute targets and whether they are usable. Malachite only. */
  async listTargets(options: ListTargetsOptions = {}): Promise<ComputeTarget[]> {
    const call = { path: this.#path, retry: "always", options } as const;
    return (await this.#transport.json<{ value: ComputeTarget[] }>(operations.listTargets, call)).value;
  }

  /** One compute target, whether it is usable, and its options. Throws a RestError of code ComputeNotFound. Malachite only. */
  getTarget(target: string, options: GetTargetOptions = {}): Promise<ComputeTargetDetail> {
    const path = { ...this.#path, targetName: target };
    return this.#transport.json(operations.getTarget, { path, retry: "always", options });
  }

  /** The snapshot of a tree by its hash; undefined when the workspace has none, or the server has no such operation. */
  async findSnapshot(treeHash: string, options: FindSnapshotOptions = {}): Promise<string | undefined> {
    try {
      const call = { path: { ...this.#path, treeHash }, retry: "always", options } as const;
      return (await this.#transport.json<SnapshotOffer>(operations.findSnapshot, call)).snapshotId;
    } catch (error) {
      if (isNotThere(error)) return undefined;
      throw error;
    }
  }

  /** Offers files by their hashes: the answer is the snapshot, or the hashes of the contents to send first. Malachite only. */
  offerSnapshot(files: readonly ProjectFile[], options: OfferSnapshotOptions = {}): Promise<SnapshotOffer> {
    return this.#transport.json(operations.offerSnapshot, {
      path: this.#path,
      json: { files },
      retry: "always",
      options,
    });
  }

  /** Sends contents as a zip whose entries are named by their SHA-256; resolves to how many are now kept. Malachite only. */
  async sendContents(zip: FileBody, options: SendContentsOptions = {}): Promise<number> {
    const answer = await this.#transport.json<{ kept: number }>(operations.sendContents, {
      path: this.#path,
      body: { content: zip, contentType: "application/zip" },
      retry: "always",
      onUploadProgress: options.onUploadProgress,
      options,
    });
    return answer.kept;
  }

  /** A snapshot as a zip. Malachite only. */
  async downloadSnapshot(snapshotId: string, options: DownloadSnapshotOptions = {}): Promise<ByteStream> {
    const path = { ...this.#path, snapshotId };
    return (await this.#transport.stream(operations.downloadSnapshot, { path, retry: "always", options }))
      .body;
  }

  /** The files of a snapshot, in order of path: size, SHA-256, and whether it can be executed. Malachite only. */
  listSnapshotFiles(
    snapshotId: string,
    options: ListSnapshotFilesOptions = {},
  ): PagedAsyncIterableIterator<ProjectFile, Page<ProjectFile>> {
    const { prefix } = options;
    const path = { ...this.#path, snapshotId };
    return paged(options, ({ continuationToken }) =>
      this.#transport.json(operations.listSnapshotFiles, {
        path,
        query: { prefix, continuationToken },
        retry: "always",
        options,
      }),
    );
  }

  /** One file of a snapshot, or a part of it. Throws RestError as `artifacts.download` does. Malachite only. */
  async downloadSnapshotFile(
    snapshotId: string,
    path: string,
    options: DownloadSnapshotFileOptions = {},
  ): Promise<ArtifactDownload> {
    const { response, body } = await this.#transport.stream(operations.readSnapshotFile, {
      path: { ...this.#path, snapshotId },
      query: { path },
      headers: rangeHeaders(options),
      retry: "always",
      options,
    });
    return new ArtifactDownload(response, body);
  }

  get #path() {
    return workspacePath(this.address);
  }
}
