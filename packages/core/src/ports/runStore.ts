// Where runs, experiments and workspaces are kept. Every call that changes something is one durable transaction: when its
// promise resolves, the change survives kill -9 and a power cut. Calls at the same time share one commit.
import type { history } from "@malachite/contract";
import type { Page, PageAsk } from "../domain/query/filter.ts";
import type { Capacity } from "../domain/queue/line.ts";
import type { QueueHolder, QueueWaiter } from "../domain/queue/queueView.ts";
import type { Holder, Standing } from "../domain/queue/standing.ts";
import type { RunStatus } from "../domain/run/next.ts";
import type { About, NewRun, Run, StoryEntry } from "../domain/run/run.ts";
import type { Instant, JsonObject, Scope, Tags } from "../domain/scope.ts";

/** Who works on a run, and until when nobody else may. */
export type Lease = { readonly owner: string; readonly token: string; readonly until: Instant };
export type LeasedRun = {
  readonly run: Run;
  readonly lease: Lease;
  /** The GPUs that its claim gave it, by number; absent where nobody counts them. */
  readonly gpus?: readonly number[];
};

/** Who goes on with a run that has begun, and what has kept it from its next step. */
export type Hands = {
  /** False: its lease was given back or has run out. */
  readonly isHeld: boolean;
  /** The machine that it is bound to. */
  readonly machine?: string;
  /** Since when nobody holds it, where that is known. */
  readonly since?: Instant;
  /** Why the last try of the step that it is at was refused. */
  readonly refusal?: string;
};

/** A run in the hands of this server. */
export type HeldRun = LeasedRun & {
  /** Until when nobody else can have it, in the time of `SteadyClock.monotonic`; grows with each renewal. */
  readonly sureUntil: () => number;
};

export type Experiment = {
  readonly scope: Scope;
  readonly id: string;
  readonly name: string;
  readonly createdAt: Instant;
  readonly description?: string;
  readonly tags: Tags;
  readonly archivedAt?: Instant;
  /** When its name, description, tags or archive last changed. */
  readonly changedAt?: Instant;
  readonly latestRun?: { readonly id: string; readonly createdAt: Instant };
};

/**
 * What a user changes of a run. Tags, properties and what is kept are merged by their keys; a property that is set cannot change
 * (PropertyImmutable); all else replaces.
 */
export type AboutChange = Partial<Omit<About, "tags" | "properties" | "warnings">> & {
  readonly tags?: Tags;
  readonly properties?: Readonly<Record<string, string>>;
  readonly removeTags?: readonly string[];
  readonly addWarnings?: readonly { readonly source: string; readonly message: string }[];
  /** For runs that others execute: where, and by what definition. */
  readonly target?: string;
  readonly sent?: JsonObject;
};

/** Which runs a list is about; no experiment means the whole workspace. */
export type RunsAsk = PageAsk & {
  readonly scope: Scope;
  readonly experimentName?: string;
  readonly experimentId?: string;
  readonly parentRunId?: string;
  /** By when silence is measured: a run whose heartbeats have stopped has the status NotResponding. Absent: none has. */
  readonly at?: Instant;
};

export type QueueAsk = {
  readonly scope: Scope;
  readonly pool: string;
  readonly capacity: Capacity;
  readonly after?: string;
  readonly limit: number;
};

/** All read in the same instant. */
export type QueuePage = {
  /** Runs of the workspace that are at work, at most 1,000. */
  readonly holders: readonly QueueHolder[];
  /** How many runs of the workspace wait. */
  readonly waiting: number;
  /** What other workspaces hold, and how many of their runs wait. */
  readonly elsewhere: {
    readonly holders: number;
    readonly nodes: number;
    readonly gpus: readonly number[];
    readonly waiting: number;
  };
  readonly free: { readonly places: number; readonly nodes?: number; readonly gpus?: readonly number[] };
  /** The line, in order: runs of the workspace. A page may be short, also empty, where runs of others stand between. */
  readonly values: readonly QueueWaiter[];
  readonly next?: string;
};

/** How many runs of a pool and target have a status, and when the oldest of them was made. */
export type CensusRow = {
  readonly pool: string;
  readonly target: string;
  readonly status: RunStatus;
  readonly runs: number;
  readonly oldestAt: Instant;
};

export interface RunStore {
  /** The time by which leases run out: one clock for all servers, whatever theirs say. */
  now(): Promise<Instant>;
  /**
   * Records the run, its experiment and workspace if new, its first story entry, and (with a pool) its place in the queue.
   * An id that is taken: same fingerprint answers the existing run with `created: false`, else throws RunIdTaken.
   * Throws QuotaExceeded for a hosted run that is one too many; runs that come at the same time are counted one after the other.
   */
  create(run: NewRun, entry: StoryEntry): Promise<{ readonly run: Run; readonly created: boolean }>;
  get(scope: Scope, runId: string): Promise<Run | undefined>;
  /**
   * True when the run is there and is `ancestorId` or lies below it, by the chain of parents. Looks at the runs between the two
   * and no others: at most 100 of them, and at none for a root or for runs of different roots.
   */
  isWithin(scope: Scope, runId: string, ancestorId: string): Promise<boolean>;
  getMany(scope: Scope, runIds: readonly string[]): Promise<readonly Run[]>;
  /**
   * Writes `life` if no other life was written since `before.version` and, when a lease is given, the record still has that
   * lease's token. Returns the new record, whole, or undefined: no longer yours, drop what you did. Appends the entries in the
   * same transaction. What `describe` wrote meanwhile neither stops this nor is lost. A life without a plan keeps the plan that
   * is there, so that a record from a list, which has none, does no harm.
   */
  apply(
    before: Run,
    life: Run["life"],
    entries: readonly StoryEntry[],
    lease?: Lease,
  ): Promise<Run | undefined>;
  /** Changes what users may change; never touches `life`. Throws RunNotFound, PropertyImmutable. */
  describe(scope: Scope, runId: string, change: AboutChange, at: Instant): Promise<Run>;
  /**
   * Takes those waiting runs of the pool (status NotStarted) that start now by the rule of the line (`serve`), each under a lease
   * and with GPUs of its own where the pool counts them. Looks at no more runs than the pool has places. Where the capacity is
   * that of a machine, the run is bound to that machine from then on. Runs for other targets than `targets` are passed over: another
   * server may have theirs. Absent: there are no others.
   */
  claimQueued(ask: {
    readonly pool: string;
    readonly targets?: readonly string[];
    readonly capacity: Capacity;
    readonly owner: string;
    readonly at: Instant;
    readonly until: Instant;
  }): Promise<readonly LeasedRun[]>;
  /**
   * Takes unfinished hosted runs (claimed before, or with a release owed) whose lease has run out, or with `force` all but its own.
   * None that is bound to another machine than `machine`, where that is given; and none without an environment yet whose target is
   * not one of `targets`, where those are given: it needs a server whose settings have it.
   */
  claimAbandoned(ask: {
    readonly owner: string;
    readonly machine?: string;
    readonly targets?: readonly string[];
    readonly at: Instant;
    readonly until: Instant;
    readonly force: boolean;
    readonly limit: number;
  }): Promise<readonly LeasedRun[]>;
  /** Prolongs leases; answers those tokens that are still held, each with the version of the run's life. */
  renew(tokens: readonly string[], until: Instant): Promise<ReadonlyMap<string, number>>;
  /** Gives a lease back. A run that is still NotStarted waits again, at its old place in the line. */
  letGo(lease: Lease): Promise<void>;
  /** Unfinished runs of a pool that were claimed, by id: they hold its slots, even without a lease, for their jobs may run. */
  holding(pool: string): Promise<readonly Holder[]>;
  /** The pools that have such runs, also those that the settings name no more. */
  poolsAtWork(): Promise<readonly string[]>;
  /** Where the run stands in the line of its pool; undefined when it does not wait. */
  standing(run: Pick<Run, "scope" | "id">, capacity: Capacity): Promise<Standing | undefined>;
  /** The queue of a pool, as one workspace may see it. Throws BadContinuationToken. */
  queue(ask: QueueAsk): Promise<QueuePage>;
  /**
   * Runs that were let go of (`release` is `letGo`) and that nobody holds: the newest first. None that is bound to another machine than
   * `machine`, where that is given.
   */
  letGoOf(ask: {
    readonly machine?: string;
    readonly at: Instant;
    readonly limit: number;
  }): Promise<readonly Run[]>;
  /** Keeps why the step that a run is at was refused. It is of account until the life of the run is written next. */
  noteRefusal(lease: Lease, reason: string): Promise<void>;
  /** Of a hosted run that was claimed and has not ended, or whose target is still to be freed: in whose hands it is. Undefined for all others. */
  hands(run: Pick<Run, "scope" | "id">, at: Instant): Promise<Hands | undefined>;
  /** Hosted runs that were claimed and have not ended, or whose target is still to be freed, of all workspaces. */
  inHand(): Promise<readonly { readonly scope: Scope; readonly id: string; readonly attempt: number }[]>;
  /** Hosted runs that somebody still has to work on, of all workspaces, counted. For people who watch the service. */
  census(): Promise<readonly CensusRow[]>;
  /** How many runs wait in the line of a pool. */
  waiting(pool: string): Promise<number>;
  /** How many runs are right below each, by status; only for those that have any. */
  childCounts(
    scope: Scope,
    runIds: readonly string[],
  ): Promise<ReadonlyMap<string, Partial<Record<RunStatus, number>>>>;
  /**
   * How many runs are below the run in all, by status, level by level; `more` where there are more than 100,000, the rest of which are not
   * counted.
   */
  countBelow(
    scope: Scope,
    runId: string,
  ): Promise<{ readonly levels: readonly Partial<Record<RunStatus, number>>[]; readonly more: boolean }>;
  /** The runs come without `definition`, `sent` and `life.plan`. Throws BadFilter, BadContinuationToken. */
  list(ask: RunsAsk): Promise<Page<Run>>;
  story(scope: Scope, runId: string): Promise<readonly StoryEntry[]>;
}

export type ExperimentChange = history.ModifyExperiment & { readonly removeTags?: readonly string[] };

export interface ExperimentStore {
  byName(scope: Scope, name: string): Promise<Experiment | undefined>;
  byId(scope: Scope, id: string): Promise<Experiment | undefined>;
  /** The experiment of that name, made if it is new. */
  ensure(scope: Scope, name: string, at: Instant): Promise<Experiment>;
  /** Tags are taken off, then merged. Throws ExperimentNotFound, ExperimentNameTaken. */
  modify(scope: Scope, id: string, change: ExperimentChange, at: Instant): Promise<Experiment>;
  /** Removes an experiment that has no runs. Throws ExperimentNotFound, ExperimentNotEmpty. */
  remove(scope: Scope, id: string): Promise<void>;
  list(
    scope: Scope,
    ask: PageAsk & { readonly view?: "All" | "ActiveOnly" | "ArchivedOnly" },
  ): Promise<Page<Experiment>>;
}

/** A workspace in the spelling of its first use. */
export type KnownWorkspace = Scope & { readonly createdAt: Instant };

export interface WorkspaceStore {
  /** Whether anything was ever written to it. */
  has(scope: Scope): Promise<boolean>;
  get(scope: Scope): Promise<KnownWorkspace | undefined>;
  /** Makes it; one that is there stays as it is, in the spelling of its first use. */
  ensure(scope: Scope, at: Instant): Promise<void>;
  /** Every workspace, the oldest first. */
  list(): Promise<readonly KnownWorkspace[]>;
}
