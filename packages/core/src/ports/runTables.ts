// What tables over very many runs and experiments ask, and the order in which runs changed. Only reads; what a resolved write has
// changed, every later read sees.
import type { Filter, Page } from "../domain/query/filter.ts";
import type { Run } from "../domain/run/run.ts";
import type { Instant, Scope } from "../domain/scope.ts";
import type { Experiment, RunsAsk } from "./runStore.ts";

export type RunTableAsk = RunsAsk & {
  /** Words that a run has in its texts or the name of its experiment, without regard to case. */
  readonly search?: string;
  /** How many runs to pass over. Not together with `after`. */
  readonly offset?: number;
};

export type RunCountsAsk = {
  readonly scope: Scope;
  readonly experimentId?: string;
  readonly filter?: Filter;
  readonly search?: string;
  readonly at?: Instant;
};

export type RunCounts = {
  readonly count: number;
  /** By status; those with none are absent. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** False when not all runs were looked at: there are at least so many. */
  readonly isExact: boolean;
};

export type ExperimentSummary = {
  readonly experiment: Experiment;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly runs: number;
  /** When a run of it was last made or changed its status. */
  readonly lastActivityAt?: Instant;
};

export type ExperimentTableAsk = {
  readonly search?: string;
  readonly order: "lastActivity" | "name" | "created" | "runs";
  readonly descending: boolean;
  readonly view: "All" | "ActiveOnly" | "ArchivedOnly";
  readonly limit: number;
  readonly offset: number;
};

export type RunChange = {
  /** Its place in the order of all changes of the workspace. */
  readonly no: number;
  /** As it is now, without `definition`, `sent` and `life.plan`. */
  readonly run: Run;
};

export interface RunTables {
  /**
   * A page as `RunStore.list` gives it, also searched, ordered by tags, parameters and metrics, and begun at any place. Not exact
   * when a search has looked only at the newest runs. Throws BadFilter, BadContinuationToken, InvalidRequest for an offset that is
   * too far for the order or the filter.
   */
  page(ask: RunTableAsk): Promise<Page<Run> & { readonly isExact: boolean }>;
  /** In bounded time, however many there are. A run whose heartbeats have stopped counts as what it was. Throws BadFilter. */
  count(ask: RunCountsAsk): Promise<RunCounts>;
  experiments(
    scope: Scope,
    ask: ExperimentTableAsk,
  ): Promise<{ readonly values: readonly ExperimentSummary[]; readonly count: number }>;
  /** The number of the newest change in the workspace; 0 when there is none. */
  newestChange(scope: Scope): Promise<number>;
  /**
   * The runs that changed since the change of that number, each once, in the order of their last change. `tooMany` when they are more
   * than `most`.
   */
  changesAfter(
    scope: Scope,
    no: number,
    limit: number,
    most: number,
  ): Promise<{ readonly changes: readonly RunChange[]; readonly more: boolean; readonly tooMany: boolean }>;
}
