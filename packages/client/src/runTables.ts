// Tables over very many runs and experiments. Malachite only.

import type { PagedAsyncIterableIterator } from "@azure/core-paging";
import type { malachite } from "@malachite/contract";
import type {
  ChangeRunsResult,
  ExperimentTablePage,
  Page,
  RunCounts,
  RunTablePage,
  TableRun,
} from "./models.ts";
import { operations } from "./operations.generated.ts";
import type { OperationOptions } from "./options.ts";
import { paged } from "./paging.ts";
import type { PathParameters } from "./transport/address.ts";
import type { Transport } from "./transport/transport.ts";

/** Which runs a table is about: all that is given must hold. */
export interface WhichRunsOptions extends OperationOptions {
  /**
   * OData: eq ne gt ge lt le, in (…), contains(…), startswith(…), endswith(…), and or not, brackets; over the properties of runs,
   * tags/KEY, properties/KEY, params/KEY and metrics/NAME, its newest value: `metrics/loss lt 0.1 and status in ('Running','Failed')`.
   */
  filter?: string;
  /** Words that a run has in its id, name, experiment, tags, script or user. */
  search?: string;
  experimentName?: string;
  experimentId?: string;
}

export interface QueryRunsOptions extends WhichRunsOptions {
  /** Also by tags/KEY, params/KEY and metrics/NAME; runs without such a value come last. Default: createdUtc desc. */
  orderBy?: string;
}

export interface QueryRunsPageOptions extends QueryRunsOptions {
  /** At most 1000. Default: 100. */
  top?: number;
  /** Where the page before ended. */
  continuationToken?: string;
  /** How many runs to pass over, instead of a continuationToken: any number in the default order, elsewhere at most 10000. */
  offset?: number;
}

export interface QueryExperimentsOptions extends OperationOptions {
  /** Words that its name or description has. */
  search?: string;
  /** Default: lastActivity. */
  orderBy?: "lastActivity" | "name" | "created" | "runs";
  /** Default: false for names, true for everything else. */
  descending?: boolean;
  /** Which experiments. Default: those that are not archived. */
  viewType?: "ActiveOnly" | "ArchivedOnly" | "All";
  /** At most 1000. Default: 100. */
  top?: number;
  offset?: number;
}

/** What to change of many runs. */
export interface ChangeRuns {
  /** Asks for their end. A run that has ended is left as it is. */
  cancel?: boolean;
  /** Why they are cancelled, for their stories. */
  reason?: string;
  setTags?: Record<string, string>;
  removeTags?: readonly string[];
}

/** The values of one run for the columns of a table. */
export interface RunValues {
  /** The newest value of each metric that is a number. */
  metrics: Record<string, { value: number; step: number; at: string }>;
  /** Parameters that were logged by MLflow's API. */
  params: Record<string, string>;
}

type LatestOptions = OperationOptions;

/** So many runs in one request; more are asked for in several. */
const MOST_MEASURED = 500;
const MOST_CHANGED = 1000;

export class RunTables {
  readonly #transport: Transport;
  readonly #path: PathParameters;

  /** @internal Made by WorkspaceClient. */
  constructor(transport: Transport, path: PathParameters) {
    this.#transport = transport;
    this.#path = path;
  }

  /** One page, from any place. */
  queryRunsPage(options: QueryRunsPageOptions = {}): Promise<RunTablePage> {
    const { filter, search, experimentName, experimentId, orderBy, top, continuationToken, offset } = options;
    const json = { filter, search, experimentName, experimentId, orderBy, top, continuationToken, offset };
    return this.#transport.json(operations.queryRunTable, {
      path: this.#path,
      json,
      retry: "always",
      options,
    });
  }

  /** All runs of the table, fetched while they are read. */
  queryRuns(options: QueryRunsOptions = {}): PagedAsyncIterableIterator<TableRun, Page<TableRun>> {
    return paged(options, ({ continuationToken, maxPageSize }) =>
      this.queryRunsPage({ ...options, continuationToken, top: maxPageSize }),
    );
  }

  /** How many runs there are, by status. */
  countRuns(options: WhichRunsOptions = {}): Promise<RunCounts> {
    const { filter, search, experimentName, experimentId } = options;
    const json = { filter, search, experimentName, experimentId };
    return this.#transport.json(operations.countRuns, { path: this.#path, json, retry: "always", options });
  }

  /** The newest value of each metric, and the parameters, of many runs. Runs without any are left out. */
  async latestMetrics(
    runIds: readonly string[],
    options: LatestOptions = {},
  ): Promise<Map<string, RunValues>> {
    const found = new Map<string, RunValues>();
    for (let at = 0; at < runIds.length; at += MOST_MEASURED) {
      const json = { runIds: runIds.slice(at, at + MOST_MEASURED) };
      const call = { path: this.#path, json, retry: "always", options } as const;
      const { runs } = await this.#transport.json<{ runs: Record<string, malachite.RunValues> }>(
        operations.latestMetrics,
        call,
      );
      for (const [id, { metrics, params }] of Object.entries(runs)) {
        const numbers = Object.entries(metrics).map(
          ([name, latest]) => [name, { ...latest, value: Number(latest.value) }] as const,
        );
        found.set(id, { metrics: Object.fromEntries(numbers), params });
      }
    }
    return found;
  }

  /** A page of the experiments, each with its runs by status and its last activity. */
  queryExperiments(options: QueryExperimentsOptions = {}): Promise<ExperimentTablePage> {
    const { search, orderBy, descending, viewType, top, offset } = options;
    const json = { search, orderBy, descending, viewType, top, offset };
    const call = { path: this.#path, json, retry: "always", options } as const;
    return this.#transport.json(operations.queryExperimentTable, call);
  }

  /** Cancels or tags many runs; what is refused of one stops no other. Doing it again changes nothing more. */
  async changeRuns(
    runIds: readonly string[],
    change: ChangeRuns,
    options: OperationOptions = {},
  ): Promise<ChangeRunsResult> {
    const all: ChangeRunsResult = { runs: {}, errors: {} };
    for (let at = 0; at < runIds.length; at += MOST_CHANGED) {
      const json = { ...change, runIds: runIds.slice(at, at + MOST_CHANGED) };
      const call = { path: this.#path, json, retry: "always", options } as const;
      const some = await this.#transport.json<ChangeRunsResult>(operations.changeRuns, call);
      Object.assign(all.runs, some.runs);
      Object.assign(all.errors, some.errors);
    }
    return all;
  }
}
