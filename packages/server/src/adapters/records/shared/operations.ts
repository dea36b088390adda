// Every operation of the record stores by name, as data in and data out: what a worker or another process can be asked to do.
import type {
  AboutChange,
  Capacity,
  ExperimentStore,
  ExperimentTableAsk,
  KnownServer,
  NewRun,
  Quotas,
  RunCountsAsk,
  RunStore,
  RunsAsk,
  RunTableAsk,
  Scope,
  StoryEntry,
} from "@malachite/core";
import { census } from "./census.ts";
import { applyLife, describeRun, type LifeChange } from "./changeRuns.ts";
import {
  type Claim,
  claimAbandoned,
  claimQueued,
  letGo,
  letGoOf,
  renewLeases,
  waiting,
} from "./claimRuns.ts";
import { childCounts, countBelow } from "./countBelow.ts";
import { countRuns } from "./countRuns.ts";
import { createRun } from "./createRun.ts";
import {
  createDatastore,
  defaultDatastore,
  getDatastore,
  listDatastores,
  removeDatastores,
  replaceDatastore,
  setDefaultDatastore,
} from "./datastores.ts";
import {
  getEnvironment,
  listEnvironments,
  registerEnvironment,
  setEnvironmentLabels,
} from "./environments/environments.ts";
import type { Executor } from "./executor.ts";
import {
  experimentById,
  experimentByName,
  makeExperiment,
  modifyExperiment,
  removeExperiment,
} from "./experiments.ts";
import { experimentTable } from "./experimentTable.ts";
import { hands, noteRefusal } from "./hands.ts";
import { inHand } from "./inHand.ts";
import { isWithin } from "./isWithin.ts";
import { holding, poolsAtWork, standing } from "./line.ts";
import { listExperiments } from "./listExperiments.ts";
import { listRuns } from "./listRuns.ts";
import { addPoints, type PackedPost } from "./metrics/addPoints.ts";
import { bucketPoints, seriesHeads } from "./metrics/bucketPoints.ts";
import { findPoint, latestMetrics, listMetrics } from "./metrics/readMetrics.ts";
import { metricOf, readPoints, samplePoints, stepPoints, stepRange } from "./metrics/readPoints.ts";
import { dropMetrics, sweepPoints } from "./metrics/removeMetrics.ts";
import { createAsset, getAsset, removeAsset, writeAsset } from "./models/assets.ts";
import {
  createVersion,
  getVersion,
  removeVersion,
  versionByAlias,
  writeVersion,
} from "./models/modelVersions.ts";
import {
  createModel,
  getModel,
  removeAlias,
  removeModel,
  renameModel,
  setAlias,
  writeModel,
} from "./models/registeredModels.ts";
import { listAssets, searchModels, searchVersions } from "./models/searchModels.ts";
import { readQueue } from "./queue.ts";
import { quotaUse } from "./quotaUse.ts";
import { getRun, getRuns } from "./readRuns.ts";
import { recordsId } from "./recordsId.ts";
import { keepTurn, owedRemovals, referredSnapshots, removalPaid, takeTurn } from "./retention/debts.ts";
import { endedRuns } from "./retention/endedRuns.ts";
import {
  endLostWrites,
  keptBegins,
  keptCounted,
  keptEnds,
  keptUncounted,
  lostWrites,
} from "./retention/keptFiles.ts";
import { keeper, removeRun } from "./retention/removeRun.ts";
import { changesAfter, newestChange } from "./runChanges.ts";
import { runTable } from "./runTable.ts";
import { databaseTime, serverGone, serverSeen } from "./servers.ts";
import { readStory } from "./story.ts";
import {
  changeLoggedModel,
  createLoggedModel,
  getLoggedModel,
  measureLoggedModels,
  searchLoggedModels,
} from "./tracking/loggedModels.ts";
import { logsOfRuns, logToRun } from "./tracking/runLogs.ts";
import { searchTrackedRuns } from "./tracking/searchRuns.ts";
import { createTrackedExperiment, searchTrackedExperiments } from "./tracking/trackedExperiments.ts";
import { ensureWorkspace, findWorkspace, listWorkspaces } from "./workspaces.ts";

type Abandoned = Parameters<RunStore["claimAbandoned"]>[0];

/** Operations that change something. One transaction each, or a share of one. */
export const WRITES = {
  create: (db: Executor, run: NewRun, entry: StoryEntry, quotas?: Quotas) =>
    createRun(db, run, entry, quotas),
  apply: (db: Executor, change: LifeChange) => applyLife(db, change),
  describe: (db: Executor, scope: Scope, runId: string, change: AboutChange, at: number) =>
    describeRun(db, scope, runId, change, at),
  claimQueued: (db: Executor, ask: Claim, quotas?: Quotas) => claimQueued(db, ask, quotas),
  claimAbandoned: (db: Executor, ask: Abandoned) => claimAbandoned(db, ask),
  renew: (db: Executor, tokens: readonly string[], until: number) => renewLeases(db, tokens, until),
  letGo: (db: Executor, token: string) => letGo(db, token),
  noteRefusal: (...args: Parameters<typeof noteRefusal>) => noteRefusal(...args),
  removeRun: (...args: Parameters<typeof removeRun>) => removeRun(...args),
  removalPaid: (...args: Parameters<typeof removalPaid>) => removalPaid(...args),
  keptBegins: (...args: Parameters<typeof keptBegins>) => keptBegins(...args),
  keptEnds: (...args: Parameters<typeof keptEnds>) => keptEnds(...args),
  keptCounted: (...args: Parameters<typeof keptCounted>) => keptCounted(...args),
  endLostWrites: (...args: Parameters<typeof endLostWrites>) => endLostWrites(...args),
  takeTurn: (...args: Parameters<typeof takeTurn>) => takeTurn(...args),
  keepTurn: (...args: Parameters<typeof keepTurn>) => keepTurn(...args),
  serverSeen: (db: Executor, server: KnownServer, at: number) => serverSeen(db, server, at),
  serverGone: (db: Executor, owner: string) => serverGone(db, owner),
  // No write, but asked once, at a start: the writer is open by then, and nobody waits for a reader.
  recordsId: (db: Executor) => recordsId(db),
  ensureExperiment: (db: Executor, scope: Scope, name: string, at: number) =>
    makeExperiment(db, scope, name, at),
  modifyExperiment: (...args: Parameters<typeof modifyExperiment>) => modifyExperiment(...args),
  removeExperiment: (db: Executor, scope: Scope, id: string) => removeExperiment(db, scope, id),
  ensureWorkspace: async (db: Executor, scope: Scope, at: number) => {
    await ensureWorkspace(db, scope, at);
  },
  createDatastore: (...args: Parameters<typeof createDatastore>) => createDatastore(...args),
  replaceDatastore: (...args: Parameters<typeof replaceDatastore>) => replaceDatastore(...args),
  removeDatastores: (...args: Parameters<typeof removeDatastores>) => removeDatastores(...args),
  setDefaultDatastore: (...args: Parameters<typeof setDefaultDatastore>) => setDefaultDatastore(...args),
  createAsset: (...args: Parameters<typeof createAsset>) => createAsset(...args),
  writeAsset: (...args: Parameters<typeof writeAsset>) => writeAsset(...args),
  removeAsset: (...args: Parameters<typeof removeAsset>) => removeAsset(...args),
  createModel: (...args: Parameters<typeof createModel>) => createModel(...args),
  writeModel: (...args: Parameters<typeof writeModel>) => writeModel(...args),
  renameModel: (...args: Parameters<typeof renameModel>) => renameModel(...args),
  removeModel: (...args: Parameters<typeof removeModel>) => removeModel(...args),
  createModelVersion: (...args: Parameters<typeof createVersion>) => createVersion(...args),
  writeModelVersion: (...args: Parameters<typeof writeVersion>) => writeVersion(...args),
  removeModelVersion: (...args: Parameters<typeof removeVersion>) => removeVersion(...args),
  setModelAlias: (...args: Parameters<typeof setAlias>) => setAlias(...args),
  registerEnvironment: (...args: Parameters<typeof registerEnvironment>) => registerEnvironment(...args),
  setEnvironmentLabels: (...args: Parameters<typeof setEnvironmentLabels>) => setEnvironmentLabels(...args),
  removeModelAlias: (...args: Parameters<typeof removeAlias>) => removeAlias(...args),
  addPoints: (db: Executor, scope: Scope, runId: string, posts: readonly PackedPost[]) =>
    addPoints(db, scope, runId, posts),
  dropMetrics: (...args: Parameters<typeof dropMetrics>) => dropMetrics(...args),
  sweepPoints: (db: Executor) => sweepPoints(db),
  createTrackedExperiment: (...args: Parameters<typeof createTrackedExperiment>) =>
    createTrackedExperiment(...args),
  logToRun: (...args: Parameters<typeof logToRun>) => logToRun(...args),
  createLoggedModel: (...args: Parameters<typeof createLoggedModel>) => createLoggedModel(...args),
  changeLoggedModel: (...args: Parameters<typeof changeLoggedModel>) => changeLoggedModel(...args),
  measureLoggedModels: (...args: Parameters<typeof measureLoggedModels>) => measureLoggedModels(...args),
} as const;

/** Operations that only read and take next to no time. */
export const LOOKUPS = {
  databaseTime,
  get: (db: Executor, scope: Scope, runId: string) => getRun(db, scope, runId),
  isWithin: (db: Executor, scope: Scope, runId: string, ancestorId: string) =>
    isWithin(db, scope, runId, ancestorId),
  getMany: (db: Executor, scope: Scope, runIds: readonly string[]) => getRuns(db, scope, runIds),
  holding: (db: Executor, pool: string) => holding(db, pool),
  poolsAtWork: (db: Executor) => poolsAtWork(db),
  waiting: (db: Executor, pool: string) => waiting(db, pool),
  experimentByName: (db: Executor, scope: Scope, name: string) => experimentByName(db, scope, name),
  experimentById: (db: Executor, scope: Scope, id: string) => experimentById(db, scope, id),
  hasWorkspace: async (db: Executor, scope: Scope) => (await findWorkspace(db, scope)) !== undefined,
  getWorkspace: async (db: Executor, scope: Scope) => {
    const found = await findWorkspace(db, scope);
    return found && { ...found.scope, createdAt: found.createdAt };
  },
  listWorkspaces: (db: Executor) => listWorkspaces(db),
  environment: (...args: Parameters<typeof getEnvironment>) => getEnvironment(...args),
  datastore: (...args: Parameters<typeof getDatastore>) => getDatastore(...args),
  defaultDatastore: (...args: Parameters<typeof defaultDatastore>) => defaultDatastore(...args),
  asset: (...args: Parameters<typeof getAsset>) => getAsset(...args),
  model: (...args: Parameters<typeof getModel>) => getModel(...args),
  modelVersion: (...args: Parameters<typeof getVersion>) => getVersion(...args),
  modelVersionByAlias: (...args: Parameters<typeof versionByAlias>) => versionByAlias(...args),
  logsOfRuns: (...args: Parameters<typeof logsOfRuns>) => logsOfRuns(...args),
  loggedModel: (...args: Parameters<typeof getLoggedModel>) => getLoggedModel(...args),
  newestChange: (db: Executor, scope: Scope) => newestChange(db, scope),
  changesAfter: (...args: Parameters<typeof changesAfter>) => changesAfter(...args),
} as const;

/** Operations that only read and may take long: they must not stand in the way of lookups. */
export const LISTS = {
  standing: (db: Executor, run: { scope: Scope; id: string }, capacity: Capacity, quotas?: Quotas) =>
    standing(db, run, capacity, quotas),
  endedRuns: (...args: Parameters<typeof endedRuns>) => endedRuns(...args),
  keeper: (...args: Parameters<typeof keeper>) => keeper(...args),
  referredSnapshots: (...args: Parameters<typeof referredSnapshots>) => referredSnapshots(...args),
  owedRemovals: (...args: Parameters<typeof owedRemovals>) => owedRemovals(...args),
  keptUncounted: (...args: Parameters<typeof keptUncounted>) => keptUncounted(...args),
  lostWrites: (...args: Parameters<typeof lostWrites>) => lostWrites(...args),
  quotaUse: (...args: Parameters<typeof quotaUse>) => quotaUse(...args),
  childCounts: (...args: Parameters<typeof childCounts>) => childCounts(...args),
  countBelow: (...args: Parameters<typeof countBelow>) => countBelow(...args),
  census: (db: Executor) => census(db),
  letGoOf: (db: Executor, ask: Parameters<typeof letGoOf>[1]) => letGoOf(db, ask),
  hands: (...args: Parameters<typeof hands>) => hands(...args),
  inHand: (db: Executor) => inHand(db),
  queue: (...args: Parameters<typeof readQueue>) => readQueue(...args),
  list: (db: Executor, ask: RunsAsk) => listRuns(db, ask),
  story: (db: Executor, scope: Scope, runId: string) => readStory(db, scope, runId),
  listExperiments: (db: Executor, scope: Scope, ask: Parameters<ExperimentStore["list"]>[1]) =>
    listExperiments(db, scope, ask),
  listEnvironments: (...args: Parameters<typeof listEnvironments>) => listEnvironments(...args),
  listDatastores: (...args: Parameters<typeof listDatastores>) => listDatastores(...args),
  listAssets: (...args: Parameters<typeof listAssets>) => listAssets(...args),
  searchModels: (...args: Parameters<typeof searchModels>) => searchModels(...args),
  searchModelVersions: (...args: Parameters<typeof searchVersions>) => searchVersions(...args),
  searchTrackedRuns: (...args: Parameters<typeof searchTrackedRuns>) => searchTrackedRuns(...args),
  searchTrackedExperiments: (...args: Parameters<typeof searchTrackedExperiments>) =>
    searchTrackedExperiments(...args),
  searchLoggedModels: (...args: Parameters<typeof searchLoggedModels>) => searchLoggedModels(...args),
} as const;

/** Operations that read metrics: many points at a time, so they stand in the way of nothing but each other. */
export const SERIES = {
  listMetrics: (...args: Parameters<typeof listMetrics>) => listMetrics(...args),
  metricOf: (...args: Parameters<typeof metricOf>) => metricOf(...args),
  findPoint: (...args: Parameters<typeof findPoint>) => findPoint(...args),
  latestMetrics: (...args: Parameters<typeof latestMetrics>) => latestMetrics(...args),
  readPoints: (...args: Parameters<typeof readPoints>) => readPoints(...args),
  samplePoints: (...args: Parameters<typeof samplePoints>) => samplePoints(...args),
  stepRange: (...args: Parameters<typeof stepRange>) => stepRange(...args),
  stepPoints: (...args: Parameters<typeof stepPoints>) => stepPoints(...args),
  seriesHeads: (...args: Parameters<typeof seriesHeads>) => seriesHeads(...args),
  bucketPoints: (...args: Parameters<typeof bucketPoints>) => bucketPoints(...args),
} as const;

/** Operations of tables, which may look at very many runs: they stand in the way of nothing but each other. */
export const TABLES = {
  runTable: (db: Executor, ask: RunTableAsk) => runTable(db, ask),
  countRuns: (db: Executor, ask: RunCountsAsk) => countRuns(db, ask),
  experimentTable: (db: Executor, scope: Scope, ask: ExperimentTableAsk) => experimentTable(db, scope, ask),
} as const;

type Operation = (db: Executor, ...args: never[]) => Promise<unknown>;
type Rest<F> = F extends (db: Executor, ...rest: infer A) => unknown ? A : never;
export type Operations = typeof WRITES & typeof LOOKUPS & typeof LISTS & typeof SERIES & typeof TABLES;
export type Name = keyof Operations;
export type Arguments<N extends Name> = Rest<Operations[N]>;
export type Answer<N extends Name> = Awaited<ReturnType<Operations[N]>>;

/** The operation of that name. */
export const operation = (name: Name): Operation => ALL[name] as Operation;
const ALL = { ...WRITES, ...LOOKUPS, ...LISTS, ...SERIES, ...TABLES };

/** Runs an operation somewhere and answers what it answers. */
export type Call = <N extends Name>(name: N, ...args: Arguments<N>) => Promise<Answer<N>>;
