// What MLflow's clients may ask of the service: `flow.tracking`. The same runs, experiments and files as everywhere, in their words.
import type { mlflow } from "@malachite/contract";
import type { LatestMetric } from "../../domain/metric/metric.ts";
import type { ModelVersion, RegisteredModel } from "../../domain/model/model.ts";
import type { Page } from "../../domain/query/filter.ts";
import type { Principal, Scope } from "../../domain/scope.ts";
import type {
  DatasetUse,
  LoggedModel,
  LoggedModelState,
  ModelOutput,
  RunLog,
  View,
} from "../../domain/tracking/tracked.ts";
import type { Experiment } from "../../ports/runStore.ts";
import type { ShownRun } from "../flow.ts";
import type { FlowPorts } from "../ports.ts";
import * as experiments from "./experiments.ts";
import * as histories from "./histories.ts";
import * as logs from "./log.ts";
import * as models from "./loggedModels.ts";
import { modelSearch, versionSearch } from "./modelSearch.ts";
import * as runs from "./runs.ts";

type Texts = Readonly<Record<string, string>>;

/** A search as it was asked for: filter and order as text. */
export type SearchText = {
  readonly filter?: string;
  readonly orderBy?: readonly string[];
  readonly after?: string;
  readonly limit: number;
};

/** A run with all that was logged to it. */
export type TrackedRun = ShownRun & { readonly log: RunLog; readonly metrics: readonly LatestMetric[] };

export type LoggedMetric = {
  readonly name: string;
  readonly value: number;
  readonly at?: number;
  readonly step?: number;
  readonly modelId?: string;
  readonly datasetName?: string;
  readonly datasetDigest?: string;
};
export type LogBatch = {
  readonly metrics?: readonly LoggedMetric[];
  /** In the order they came; a key may come twice with the same value. */
  readonly params?: readonly (readonly [string, string])[];
  readonly tags?: readonly (readonly [string, string])[];
};
/** One value of a metric. */
export type MetricPoint = { readonly value: number; readonly step: number; readonly at: number };

export interface TrackingFlow {
  /** The id 0 and the name Default mean the experiment Default, made if need be. Throws ExperimentNotFound. */
  experiment(scope: Scope, by: { readonly id: string } | { readonly name: string }): Promise<Experiment>;
  /** Throws ExperimentNameTaken. */
  createExperiment(scope: Scope, name: string, tags: Texts): Promise<Experiment>;
  /** To archive, or to bring back; either may be done twice. Throws ExperimentNotFound, InvalidRequest for Default. */
  archiveExperiment(scope: Scope, id: string, archive: boolean): Promise<void>;
  /** Throws Deleted for an archived one, ExperimentNameTaken, TagNotFound for a tag to remove that is not there. */
  changeExperiment(
    scope: Scope,
    id: string,
    change: { readonly name?: string; readonly tags?: Texts; readonly removeTag?: string },
  ): Promise<void>;
  /** The newest first when no order is given. Throws BadFilter, as every search does. */
  searchExperiments(scope: Scope, ask: SearchText & { readonly view: View }): Promise<Page<Experiment>>;

  /** Creates a run that others execute, as a child where a tag or the caller names a parent. */
  createRun(
    scope: Scope,
    ask: {
      readonly experimentId: string;
      readonly name?: string;
      readonly startedAt?: number;
      readonly tags: Texts;
    },
    by: Principal,
  ): Promise<TrackedRun>;
  /** Hidden ones too. Throws RunNotFound. */
  run(scope: Scope, runId: string): Promise<TrackedRun>;
  /** The state of a run that the service executes, and of one that has ended, is heard and changes nothing. */
  updateRun(
    scope: Scope,
    runId: string,
    change: { readonly state?: mlflow.RunState; readonly endedAt?: number; readonly name?: string },
    by: Principal,
  ): Promise<TrackedRun>;
  /** What MLflow calls to delete and to restore. */
  hideRun(scope: Scope, runId: string, hidden: boolean, by: Principal): Promise<void>;
  /** At most 1,000 runs; `next` goes on. */
  searchRuns(
    scope: Scope,
    ask: SearchText & { readonly experimentIds: readonly string[]; readonly view: View },
  ): Promise<Page<TrackedRun>>;

  /** Throws ParamImmutable, Deleted, InvalidRequest. Parameters are kept first, then tags, then metrics. */
  log(scope: Scope, runId: string, batch: LogBatch, by: Principal): Promise<void>;
  /** Throws TagNotFound. */
  removeTag(scope: Scope, runId: string, key: string, by: Principal): Promise<void>;
  /** Datasets and models that the run has used or made; the same again is taken once. */
  logUses(
    scope: Scope,
    runId: string,
    uses: {
      readonly datasets?: readonly DatasetUse[];
      readonly modelInputs?: readonly string[];
      readonly modelOutputs?: readonly ModelOutput[];
    },
    by: Principal,
  ): Promise<void>;
  /** Adds the model's description, JSON, to the run's tag that lists its models. */
  noteModel(scope: Scope, runId: string, description: string, by: Principal): Promise<void>;

  /** Values of a metric in order of time; none for a metric that is not there. */
  history(
    scope: Scope,
    runId: string,
    name: string,
    ask: { readonly after?: string; readonly limit: number },
  ): Promise<Page<MetricPoint>>;
  /** About `count` values of each run, evenly over their steps. */
  sampleHistories(
    scope: Scope,
    runIds: readonly string[],
    name: string,
    ask: { readonly from?: number; readonly to?: number; readonly count: number },
  ): Promise<readonly { readonly runId: string; readonly points: readonly MetricPoint[] }[]>;

  /** Makes a logged model, pending until a change says otherwise. */
  createModel(
    scope: Scope,
    ask: {
      readonly experimentId: string;
      readonly name?: string;
      readonly type?: string;
      readonly sourceRunId?: string;
      readonly params: Texts;
      readonly tags: Texts;
    },
    by: Principal,
  ): Promise<LoggedModel>;
  /** Throws LoggedModelNotFound, also for a deleted one unless it is asked for. */
  model(scope: Scope, id: string, deletedToo?: boolean): Promise<LoggedModel>;
  /** Tags and parameters are merged. Throws LoggedModelNotFound. */
  changeModel(
    scope: Scope,
    id: string,
    change: {
      readonly state?: LoggedModelState;
      readonly tags?: Texts;
      readonly removeTag?: string;
      readonly params?: Texts;
      readonly deleted?: true;
    },
    by: Principal,
  ): Promise<LoggedModel>;
  /** Those that are not deleted; the newest first behind the order. */
  searchModels(
    scope: Scope,
    ask: Omit<SearchText, "orderBy"> & {
      readonly experimentIds: readonly string[];
      readonly order: readonly { readonly name: string; readonly descending: boolean }[];
      readonly datasets: readonly { readonly name: string; readonly digest?: string }[];
    },
  ): Promise<Page<LoggedModel>>;
  /** Registered models, by name when no order is given. */
  searchRegisteredModels(scope: Scope, ask: SearchText): Promise<Page<RegisteredModel>>;
  /** Their versions, the last changed first when no order is given. */
  searchModelVersions(scope: Scope, ask: SearchText): Promise<Page<ModelVersion>>;
  /** Throws NotAllowed unless the caller may change the files of the run or model that has this container. */
  mayChangeFiles(scope: Scope, container: string, by: Principal): Promise<void>;
}

export const trackingFlow = (ports: FlowPorts): TrackingFlow => ({
  experiment: (scope, by) => experiments.experiment(scope, by, ports),
  createExperiment: (scope, name, tags) => experiments.createExperiment(scope, name, tags, ports),
  archiveExperiment: (scope, id, archive) => experiments.archiveExperiment(scope, id, archive, ports),
  changeExperiment: (scope, id, change) => experiments.changeExperiment(scope, id, change, ports),
  searchExperiments: (scope, ask) => experiments.searchExperiments(scope, ask, ports),

  createRun: (scope, ask, by) => runs.createRun(scope, ask, by, ports),
  run: (scope, runId) => runs.trackedRun(scope, runId, ports),
  updateRun: (scope, runId, change, by) => runs.updateRun(scope, runId, change, by, ports),
  hideRun: (scope, runId, hidden, by) => runs.hideRun(scope, runId, hidden, by, ports),
  searchRuns: (scope, ask) => runs.searchRuns(scope, ask, ports),

  log: (scope, runId, batch, by) => logs.log(scope, runId, batch, by, ports),
  removeTag: (scope, runId, key, by) => logs.removeTag(scope, runId, key, by, ports),
  logUses: (scope, runId, uses, by) => logs.logUses(scope, runId, uses, by, ports),
  noteModel: (scope, runId, description, by) => logs.noteModel(scope, runId, description, by, ports),

  history: (scope, runId, name, ask) => histories.history(scope, runId, name, ask, ports),
  sampleHistories: (scope, runIds, name, ask) => histories.sampleHistories(scope, runIds, name, ask, ports),

  createModel: (scope, ask, by) => models.createModel(scope, ask, by, ports),
  model: (scope, id, deletedToo) => models.model(scope, id, deletedToo ?? false, ports),
  changeModel: (scope, id, change, by) => models.changeModel(scope, id, change, by, ports),
  searchModels: (scope, ask) => models.searchModels(scope, ask, ports),
  searchRegisteredModels: (scope, ask) => ports.models.searchModels(scope, modelSearch(ask)),
  searchModelVersions: (scope, ask) => ports.models.searchVersions(scope, versionSearch(ask)),
  mayChangeFiles: (scope, container, by) => models.mayChangeFiles(scope, container, by, ports),
});
