// What MLflow's clients keep of experiments, runs and models beside what the SDK knows, and their searches. Every call that changes
// something is one durable transaction.
import type { Page } from "../domain/query/filter.ts";
import type { SearchClause, SearchOrder } from "../domain/query/mlflow/search.ts";
import type { Run } from "../domain/run/run.ts";
import type { Instant, Scope } from "../domain/scope.ts";
import type {
  LoggedModel,
  LoggedModelChange,
  ModelMetric,
  NewLoggedModel,
  NewRunLog,
  RunLog,
  View,
} from "../domain/tracking/tracked.ts";
import type { Experiment } from "./runStore.ts";

type Texts = Readonly<Record<string, string>>;

export type SearchAsk = {
  readonly clauses: readonly SearchClause[];
  readonly order: readonly SearchOrder[];
  /** The opaque position that the page before ended with. */
  readonly after?: string;
  readonly limit: number;
};

export interface TrackingStore {
  /** Throws ExperimentNameTaken. */
  createExperiment(scope: Scope, name: string, tags: Texts, at: Instant): Promise<Experiment>;
  /** Newest first when no order is given. Throws BadContinuationToken. */
  searchExperiments(scope: Scope, ask: SearchAsk & { readonly view: View }): Promise<Page<Experiment>>;

  /**
   * Adds what was logged. A parameter that is there with the same value is passed over; with another, nothing of the call is kept
   * and it throws ParamImmutable. A dataset is known by name and digest: its tags are merged. Throws RunNotFound.
   */
  log(scope: Scope, runId: string, log: NewRunLog): Promise<void>;
  /** For each run that has any. */
  logs(scope: Scope, runIds: readonly string[]): Promise<ReadonlyMap<string, RunLog>>;
  /**
   * Runs of these experiments, the last started first when no order is given; without `definition`, `sent` and `life.plan`. A page
   * is stable while runs arrive. Throws BadContinuationToken.
   */
  searchRuns(
    scope: Scope,
    ask: SearchAsk & { readonly experimentIds: readonly string[]; readonly view: View },
  ): Promise<Page<Run>>;

  createModel(scope: Scope, model: NewLoggedModel): Promise<LoggedModel>;
  /** Deleted ones too. */
  model(scope: Scope, id: string): Promise<LoggedModel | undefined>;
  /** Throws LoggedModelNotFound, ParamImmutable. */
  changeModel(scope: Scope, id: string, change: LoggedModelChange, at: Instant): Promise<LoggedModel>;
  /** Keeps the newest value of each; models that are not there are passed over. */
  measureModels(
    scope: Scope,
    metrics: readonly (ModelMetric & { readonly modelId: string })[],
  ): Promise<void>;
  /** Newest first when no order is given. A metric counts only with one of the datasets, when any are named. */
  searchModels(
    scope: Scope,
    ask: SearchAsk & {
      readonly experimentIds: readonly string[];
      readonly datasets?: readonly { readonly name: string; readonly digest?: string }[];
    },
  ): Promise<Page<LoggedModel>>;
}
