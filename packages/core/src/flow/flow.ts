// What the outside may ask of the service. The HTTP edge calls these and nothing else; index.ts lists the files that do them.

import type { history, malachite } from "@malachite/contract";
import type { LogPlace } from "../domain/launch/logPlace.ts";
import type { Page, PageAsk } from "../domain/query/filter.ts";
import type { Run, StoryEntry } from "../domain/run/run.ts";
import type { Instant, JsonObject, Principal, Scope, Tags } from "../domain/scope.ts";
import type { BlobStore } from "../ports/blobStore.ts";
import type { QuotaPage } from "../ports/keptFiles.ts";
import type { LinkHeaders } from "../ports/openFile.ts";
import type { Experiment, ExperimentChange } from "../ports/runStore.ts";
import type { Upload } from "../ports/snapshotStore.ts";
import type { AssetFlow } from "./assets.ts";
import type { GcAsk, GcPage } from "./collectGarbage.ts";
import type { CourierFlow } from "./courier.ts";
import type { DatastoreFlow } from "./datastores.ts";
import type { EnvironmentFlow } from "./environments.ts";
import type { MetricFlow } from "./metrics.ts";
import type { ModelFlow } from "./models.ts";
import type { QueueOfTarget } from "./queue.ts";
import type { LogFlow } from "./runLogs.ts";
import type { RunPoint, RunPointsAsk, RunTreePage } from "./runPoints.ts";
import type { SnapshotFlow } from "./snapshots.ts";
import type { TableFlow } from "./tables.ts";
import type { TrackingFlow } from "./tracking/trackingFlow.ts";

/** A run as a URL names it: the experiment by name, by id, or not at all. Another experiment than the run's is RunNotFound. */
export type RunAddress = {
  readonly scope: Scope;
  readonly runId: string;
  readonly experimentName?: string;
  readonly experimentId?: string;
};

export type SubmitRun = {
  readonly scope: Scope;
  readonly experimentName: string;
  readonly runId?: string;
  /** The definition as it was sent, any spelling; read and checked here. */
  readonly definition: unknown;
  /** The project, when it comes with the request. */
  readonly project?: Upload;
  /** Only make the environment, or look whether the machine has it; the script is not run. */
  readonly only?: "prepare";
  /** The run that this one repeats, and the lock of its environment if it had one. */
  readonly rerunOf?: {
    readonly runId: string;
    readonly lock?: string;
    readonly sealedPassword?: string;
  };
  readonly by: Principal;
};

export type RerunRun = RunAddress & {
  /** The id of the new run. */
  readonly newRunId?: string;
  readonly by: Principal;
};

export type PackLocalRun = SubmitRun & {
  readonly serviceUrl: string;
  /** The client has laid the project beside the bundle, as the v1 SDK does. */
  readonly besideProject?: boolean;
};

export type CancelRun = RunAddress & {
  readonly by: Principal;
  readonly finalStatus?: "Completed" | "Canceled" | "Failed";
  readonly text?: string;
};

export type LetGoRun = RunAddress & {
  readonly by: Principal;
  readonly text?: string;
};

/** A run with what is computed when it is shown. */
export type ShownRun = {
  readonly run: Run;
  /** The run's status, or NotResponding when its owner has not been heard of in time. */
  readonly status: history.RunStatusName;
  /** What a waiting run waits for, in one sentence. */
  readonly waitsFor?: string;
};

/** A file of a run: kept, or still growing in the run's folder. */
export type RunFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
  readonly etag: string;
  readonly live: boolean;
};

/** One version of a file, held open: whatever takes its path meanwhile is not read. */
export type OpenRunFile = AsyncDisposable & {
  readonly info: RunFile;
  /** Bytes `from` up to but not including `to`. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
  /** An address outside the service from which anybody reads it until then; undefined where there is none. */
  link?(until: number, headers: LinkHeaders): Promise<string | undefined>;
};

/** Where files are: a container of a workspace. A run's is `dcid.<run id>`. */
export type Container = { readonly scope: Scope; readonly container: string };

/** Why a log begins anew: another file has its name, it has become shorter, or its bytes are others. */
export type RestartReason = "replaced" | "shrunk" | "rewritten";

export type LogEvent =
  | {
      readonly kind: "log";
      readonly from: number;
      readonly to: number;
      readonly bytes: Uint8Array;
      /** Bytes right before `from`, and which file they are of: what a place in the log is made of. */
      readonly before: Uint8Array;
      readonly identity: string;
    }
  /** What comes next is from byte 0 on, and of a file whose bytes are none of those that were told. */
  | { readonly kind: "restart"; readonly reason: RestartReason }
  | { readonly kind: "status"; readonly status: history.RunStatusName }
  | { readonly kind: "end"; readonly status: history.RunStatusName; readonly to: number };

/** What a live stream may tell of. */
export type EventKind = malachite.EventKind;

export type LiveAsk = {
  readonly scope: Scope;
  readonly kinds: ReadonlySet<EventKind>;
  /** Only these runs; lines are told of all the same. */
  readonly experimentId?: string;
  readonly runIds?: ReadonlySet<string>;
  /** Runs whose files are looked at while they write them. */
  readonly watch?: readonly string[];
  /** The place of an earlier event. */
  readonly after?: string;
  readonly signal: AbortSignal;
};

export type LiveEvent =
  | { readonly kind: "hello"; readonly place: string; readonly resumed: boolean }
  | { readonly kind: "run"; readonly shown: ShownRun; readonly place: string }
  | { readonly kind: "metrics"; readonly runId: string; readonly names?: readonly string[] }
  | { readonly kind: "files"; readonly runId: string }
  | { readonly kind: "queue"; readonly targets?: readonly string[] }
  | {
      readonly kind: "reset";
      readonly reason: "unknownPlace" | "tooFarBehind";
      readonly place: string;
    };

export type ShownTarget = {
  readonly name: string;
  readonly kind: string;
  readonly usable: boolean;
  readonly reason?: string;
  /** What is amiss although it is usable. */
  readonly warning?: string;
  readonly runsAtOnce?: number;
  readonly running?: number;
  readonly waiting?: number;
  /** Absent where nobody counts them. */
  readonly nodes?: number;
  readonly nodesFree?: number;
  readonly gpus?: number;
  readonly gpusFree?: number;
  readonly gpusPerRun?: number;
  readonly gpusReason?: string;
};

/** What its settings say besides; secrets are not in it. */
export type ShownTargetDetail = ShownTarget & { readonly options: JsonObject };

/** A workspace as it is shown, in the spelling of its first use. */
export type Workspace = {
  readonly scope: Scope;
  /** The same in one data folder, another one in another: clients keep what they know of a workspace by it. */
  readonly id: string;
  readonly createdAt: Instant;
};

export interface Flow {
  // The way of a run.

  /** Checks, keeps and queues. The same id with the same content answers the run that is there. */
  submitRun(ask: SubmitRun): Promise<Run>;
  /**
   * The same once more: definition, arguments, project, and exactly the packages that the environment had. Throws RunNotFound,
   * UnsupportedOperation for a run that the service did not run, and what submitRun throws.
   */
  rerunRun(ask: RerunRun): Promise<Run>;
  /** Whether the environment of the definition is there. Throws what submitRun throws for the definition. */
  isPrepared(ask: SubmitRun): Promise<boolean>;
  /** Makes a run that is executed elsewhere, and the zip to take there. */
  packLocalRun(ask: PackLocalRun): Promise<{ readonly run: Run; readonly zip: AsyncIterable<Uint8Array> }>;
  /** Records the wish and returns; the watcher stops the job. An ended run is answered as it is. */
  cancelRun(ask: CancelRun): Promise<ShownRun>;
  /**
   * Closes the record of a run whose machine does not come back, and frees what it holds. For operators. Throws RunNotStarted,
   * RunExecutedElsewhere, NothingToLetGo.
   */
  letGoRun(ask: LetGoRun): Promise<ShownRun>;

  // Runs as records: read, and changed by whoever may.

  /** Whether the principal may change the run: every user may; a run's own token its run and those below it. */
  reaches(by: Principal, scope: Scope, runId: string): Promise<boolean>;
  /** Throws RunNotFound, as all that names a run does. */
  getRun(address: RunAddress): Promise<ShownRun>;
  /** Those of the runs that are there, in the order of the ids, each once. */
  getRuns(
    at: Pick<RunAddress, "scope" | "experimentName" | "experimentId">,
    runIds: readonly string[],
  ): Promise<readonly ShownRun[]>;
  /** A page of runs, the newest first unless an order is given. Throws BadContinuationToken. */
  listRuns(
    ask: PageAsk & {
      readonly scope: Scope;
      readonly experimentName?: string;
      readonly experimentId?: string;
    },
  ): Promise<Page<ShownRun>>;
  /** The same of the runs right below one. */
  listChildren(address: RunAddress, ask: PageAsk): Promise<Page<ShownRun>>;
  /** Runs with what they were given and what came of it: see `RunPointsAsk`. Throws RunNotFound, BadContinuationToken. */
  runPoints(ask: RunPointsAsk): Promise<Page<RunPoint>>;
  /** The runs right below one, and how many are below these. */
  runTree(address: RunAddress, ask: PageAsk): Promise<RunTreePage>;
  /** The definition a details request shows: made whole, with unknown properties as they were sent. */
  shownDefinition(run: Run): JsonObject | undefined;
  /** Creates a run that others execute, or changes what may be changed. */
  patchRun(address: RunAddress, body: history.CreateRun, by: Principal): Promise<ShownRun>;
  /** Creates a run that others execute. Throws RunIdTaken. */
  addRun(address: RunAddress, body: history.CreateRun, by: Principal): Promise<ShownRun>;
  /** Tags that are not there are off already. */
  deleteTags(address: RunAddress, tags: readonly string[], by: Principal): Promise<ShownRun>;
  /** Removes tags and sets tags, together. */
  modifyTags(
    address: RunAddress,
    change: { readonly set: Tags; readonly remove: readonly string[] },
    by: Principal,
  ): Promise<ShownRun>;
  /** An event by its full or short name. Throws RunEnded for a second, different end. */
  postEvent(address: RunAddress, event: history.BaseEvent, by: Principal): Promise<void>;

  // What a run is doing, and where it may.

  /** The log (the run's own unless a path is given) from `from` on, live, with status changes, until one `end`. Ends early with the signal. */
  followLog(
    address: RunAddress,
    ask: { readonly path?: string; readonly from: LogPlace; readonly signal: AbortSignal },
  ): AsyncIterable<LogEvent>;
  /**
   * What happens in the workspace, live, until the signal: first `hello`, then every run that changed since the place, if one is
   * given, and all that changes from then on, each change at least once. A reader that does not read loses nothing but detail: `reset`
   * tells it to ask for everything again.
   */
  liveEvents(ask: LiveAsk): AsyncIterable<LiveEvent>;
  /** Log paths of a run, kept and live: what `details.logFiles` names. */
  logFiles(run: Run): Promise<readonly string[]>;
  /** Logs of any size, as people read them. */
  readonly logs: LogFlow;
  /** What the run was asked to do and what was made of it. */
  definitionOf(address: RunAddress): Promise<malachite.WholeRunDefinition>;
  /** What the run waits for, complete: every unmet constraint. */
  why(address: RunAddress): Promise<malachite.Why>;
  /** All that happened to the run, in order. */
  story(address: RunAddress): Promise<readonly StoryEntry[]>;
  /** Every target, with how many runs are on it and wait for it. */
  targets(): Promise<readonly ShownTarget[]>;
  /** Who holds what of a target, and a page of those who wait. Throws ComputeNotFound, BadContinuationToken. */
  queue(
    name: string,
    ask: { readonly scope: Scope; readonly after?: string; readonly limit: number },
  ): Promise<QueueOfTarget>;
  /** The target of that name, also one that a `*` stands for. Throws ComputeNotFound. */
  target(name: string): Promise<ShownTargetDetail>;

  // Where runs belong.

  /** Archived ones too. Throws ExperimentNotFound. */
  getExperiment(scope: Scope, by: { readonly name: string } | { readonly id: string }): Promise<Experiment>;
  /** The experiment of that name, made if it is new. */
  createExperiment(scope: Scope, name: string): Promise<Experiment>;
  /** Tags are taken off, then merged. Throws ExperimentNotFound, ExperimentNameTaken. */
  modifyExperiment(scope: Scope, id: string, change: ExperimentChange): Promise<Experiment>;
  /** Throws ExperimentNotFound, ExperimentNotEmpty for one that has runs. */
  deleteExperiment(scope: Scope, id: string): Promise<void>;
  /** A page of experiments, the newest first unless an order is given. */
  listExperiments(
    scope: Scope,
    ask: PageAsk & { readonly view?: "All" | "ActiveOnly" | "ArchivedOnly" },
  ): Promise<Page<Experiment>>;
  /** Every workspace that was made or written to, the oldest first. */
  listWorkspaces(): Promise<readonly Workspace[]>;
  /** Throws WorkspaceNotFound, saying how one is made. */
  getWorkspace(scope: Scope): Promise<Workspace>;
  /** Makes it; one that is there is answered as it is. */
  createWorkspace(scope: Scope): Promise<Workspace>;
  /** Throws WorkspaceNotFound where a first write may not make the workspace. */
  allowWorkspace(scope: Scope): Promise<void>;

  // Files of runs.

  /** Files in order of path, kept and live together. `after` is the last path of the page before. */
  listFiles(
    at: Container,
    ask: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): Promise<{ readonly values: readonly RunFile[]; readonly next?: string }>;
  /** Throws ArtifactNotFound. */
  fileInfo(at: Container, path: string): Promise<RunFile>;
  /** All files whose path begins with the prefix, kept and live, as a zip that is made while it is read. */
  zipFiles(at: Container, ask: { readonly prefix?: string }): AsyncIterable<Uint8Array>;
  /** Throws ArtifactNotFound. */
  openFile(at: Container, path: string): Promise<OpenRunFile>;
  /** A whole file is seen once all of it has come; `append` adds to the end. Throws ArtifactExists, BadPath. */
  putFile(
    at: Container,
    path: string,
    stream: AsyncIterable<Uint8Array>,
    options: { readonly append: boolean; readonly overwrite: boolean },
  ): Promise<RunFile>;
  /** Removes a kept file; one that is not there is gone already. */
  removeFile(at: Container, path: string): Promise<void>;
  /** Blobs of artifacts and of storage containers; growing files of a run among them. */
  readonly blobs: BlobStore;

  // The house.

  /** A page of what the policies of the settings let go: gone, or with `dryRun` only told. Throws BadContinuationToken. */
  collectGarbage(ask: GcAsk): Promise<GcPage>;
  /** Frees what lies on this machine of launches that no record names. Answers how many there were. */
  sweepLaunches(signal: AbortSignal): Promise<number>;
  /** Frees what machines that came back still have of runs that were let go of: how many. */
  freeLetGo(signal: AbortSignal): Promise<number>;
  /** Counts the files of containers that were changed since they were last counted. */
  countKept(signal: AbortSignal): Promise<void>;
  /** What a workspace has of its quotas, and its users: all of them, or only the one who asks. Throws WorkspaceNotFound. */
  quotas(
    scope: Scope,
    whose: { readonly user?: string },
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<QuotaPage>;

  // Each of these has a file of its own.

  /** Tables over very many runs and experiments. */
  readonly tables: TableFlow;
  /** What is measured in runs. */
  readonly metrics: MetricFlow;
  /** Projects by content, and as the v1 SDK describes them. */
  readonly snapshots: SnapshotFlow;
  /** Registered models and their versions, as the SDK and MLflow see them. */
  readonly models: ModelFlow;
  /** Named sets of files, which models are registered from. */
  readonly assets: AssetFlow;
  /** Named storages, the workspace's own among them. */
  readonly datastores: DatastoreFlow;
  /** Registered environments and their versions. */
  readonly environments: EnvironmentFlow;
  /** What runs on machines of their own ask for themselves. */
  readonly courier: CourierFlow;
  /** What MLflow's clients ask. */
  readonly tracking: TrackingFlow;
}
