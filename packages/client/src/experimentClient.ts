// An experiment: the runs that belong together, and the way to start another one.
import type { PagedAsyncIterableIterator } from "@azure/core-paging";
import { ExecutionApi, type FileResponse } from "./executionApi.ts";
import type { Experiment, ModifyExperiment, Page, Run, RunDefinition, WorkspaceAddress } from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { OperationOptions } from "./options.ts";
import { type ListRunsOptions, paged, queryBody } from "./paging.ts";
import { RunClient } from "./runClient.ts";
import { newRunId } from "./runId.ts";
import type { RunPoller, RunPollerOptions } from "./runPoller.ts";
import type { FileBody } from "./transport/fileBody.ts";
import type { Transport } from "./transport/transport.ts";
import { workspacePath } from "./workspacePath.ts";

export interface SubmitOptions extends OperationOptions {
  /** The project as a zip. Without it the definition names a snapshot. */
  projectZip?: FileBody;
  /** The id of the run. Default: `<experiment>_<unix ms>_<8 hex>`. */
  runId?: string;
  /** Is called with the bytes of the request sent so far. A repeated attempt begins at 0 again. */
  onUploadProgress?: (bytesSent: number) => void;
}
export interface BeginRunOptions extends SubmitOptions, RunPollerOptions {}
export interface StartLocalRunOptions extends OperationOptions {
  /** The id of the run. Default: `<experiment>_<unix ms>_<8 hex>`. */
  runId?: string;
}
export type GetExperimentOptions = OperationOptions;
export type CreateExperimentOptions = OperationOptions;
export type UpdateExperimentOptions = OperationOptions;

export class ExperimentClient {
  readonly #transport: Transport;
  readonly #address: WorkspaceAddress;
  readonly #execution: ExecutionApi;
  readonly name: string;

  /** @internal Made by WorkspaceClient. */
  constructor(transport: Transport, address: WorkspaceAddress, name: string) {
    this.#transport = transport;
    this.#address = address;
    this.#execution = new ExecutionApi(transport);
    this.name = name;
  }

  /** Starts a run and resolves as soon as the service has taken it. The run id is made here, so a retry never starts it twice. */
  async submit(definition: RunDefinition, options: SubmitOptions = {}): Promise<RunClient> {
    const { subscriptionId, resourceGroup, workspace } = this.#address;
    const where = [subscriptionId, resourceGroup, workspace, this.name] as const;
    const id = options.runId ?? newRunId(this.name);
    const { runId } =
      options.projectZip === undefined
        ? await this.#execution.runsStartSnapshotRun(...where, definition, id, options)
        : await this.#execution.runsStartRun(...where, definition, options.projectZip, id, options);
    return new RunClient(this.#transport, this.#address, runId, this.name);
  }

  /** Starts a run, as `submit` does, and gives the poller that waits for its end. */
  async beginRun(definition: RunDefinition, options: BeginRunOptions = {}): Promise<RunPoller> {
    const run = await this.submit(definition, options);
    return run.poller(options);
  }

  /** Makes a run to be started by hand on this or another machine; see `ExecutionApi.runsStartLocalRun`. */
  async startLocalRun(
    definition: RunDefinition,
    options: StartLocalRunOptions = {},
  ): Promise<{ run: RunClient; bundle: FileResponse }> {
    const { subscriptionId, resourceGroup, workspace } = this.#address;
    const runId = options.runId ?? newRunId(this.name);
    const bundle = await this.#execution.runsStartLocalRun(
      subscriptionId,
      resourceGroup,
      workspace,
      this.name,
      definition,
      runId,
      options,
    );
    return { run: new RunClient(this.#transport, this.#address, runId, this.name), bundle };
  }

  /** The experiment. Throws RestError with statusCode 404 when it has never been used. */
  get(options: GetExperimentOptions = {}): Promise<Experiment> {
    return this.#transport.json(operations.getExperiment, { path: this.#path, retry: "always", options });
  }

  /** Makes the experiment, or gives the one that is there. */
  create(options: CreateExperimentOptions = {}): Promise<Experiment> {
    return this.#transport.json(operations.createExperiment, { path: this.#path, retry: "always", options });
  }

  /** Changes what is given: tags are merged, the rest is replaced. */
  async update(change: ModifyExperiment, options: UpdateExperimentOptions = {}): Promise<Experiment> {
    const { experimentId } = await this.get(options);
    const path = { ...workspacePath(this.#address), experimentId };
    return this.#transport.json(operations.modifyExperiment, {
      path,
      json: change,
      retry: "always",
      options,
    });
  }

  /** The runs of this experiment. */
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

  get #path() {
    return { ...workspacePath(this.#address), experimentName: this.name };
  }
}
