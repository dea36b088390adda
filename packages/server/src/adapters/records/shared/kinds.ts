// Which operations write, look up and list. Apart from operations.ts, so that the service's own thread need not load the statements.
import type { LISTS, LOOKUPS, Name, SERIES, WRITES } from "./operations.ts";

export type Kind = "write" | "lookup" | "list" | "series";
type KindOf<N extends Name> = N extends keyof typeof WRITES
  ? "write"
  : N extends keyof typeof LOOKUPS
    ? "lookup"
    : N extends keyof typeof LISTS
      ? "list"
      : N extends keyof typeof SERIES
        ? "series"
        : never;

export const KINDS: { readonly [N in Name]: KindOf<N> } = {
  create: "write",
  apply: "write",
  describe: "write",
  claimQueued: "write",
  claimAbandoned: "write",
  renew: "write",
  letGo: "write",
  ensureExperiment: "write",
  modifyExperiment: "write",
  removeExperiment: "write",
  ensureWorkspace: "write",
  registerEnvironment: "write",
  setEnvironmentLabels: "write",
  createAsset: "write",
  writeAsset: "write",
  removeAsset: "write",
  createModel: "write",
  writeModel: "write",
  renameModel: "write",
  removeModel: "write",
  createModelVersion: "write",
  writeModelVersion: "write",
  removeModelVersion: "write",
  setModelAlias: "write",
  removeModelAlias: "write",
  addPoints: "write",
  dropMetrics: "write",
  sweepPoints: "write",
  get: "lookup",
  isWithin: "lookup",
  getMany: "lookup",
  holding: "lookup",
  ahead: "lookup",
  waiting: "lookup",
  experimentByName: "lookup",
  experimentById: "lookup",
  hasWorkspace: "lookup",
  getWorkspace: "lookup",
  listWorkspaces: "lookup",
  environment: "lookup",
  asset: "lookup",
  model: "lookup",
  modelVersion: "lookup",
  modelVersionByAlias: "lookup",
  list: "list",
  story: "list",
  listExperiments: "list",
  listEnvironments: "list",
  listAssets: "list",
  searchModels: "list",
  searchModelVersions: "list",
  listMetrics: "series",
  metricOf: "series",
  findPoint: "series",
  latestMetrics: "series",
  readPoints: "series",
  samplePoints: "series",
  stepRange: "series",
  stepPoints: "series",
};
