// The ports over a way to call operations. The same for every database.
import type {
  AssetStore,
  Clock,
  DatastoreRegistry,
  EnvironmentRegistry,
  ExperimentStore,
  KeptFiles,
  MetricStore,
  ModelRegistry,
  Quotas,
  Retention,
  RunStore,
  RunTables,
  ServerList,
  TrackingStore,
  WorkspaceStore,
} from "@malachite/core";
import { createMetricStore } from "./metrics/metricStore.ts";
import type { Call } from "./operations.ts";
import { createTrackingStore } from "./tracking/trackingStore.ts";

export type RecordStores = {
  readonly servers: ServerList;
  readonly runs: RunStore;
  readonly tables: RunTables;
  readonly experiments: ExperimentStore;
  readonly workspaces: WorkspaceStore;
  readonly models: ModelRegistry;
  readonly assets: AssetStore;
  readonly datastores: DatastoreRegistry;
  readonly environmentRegistry: EnvironmentRegistry;
  readonly metrics: MetricStore;
  readonly tracking: TrackingStore;
  readonly retention: Retention;
  readonly kept: KeptFiles;
};

/** The clock only dates changes that come without a time of their own; `now` is the time by which leases run out. */
export function createStores(
  call: Call,
  clock: Pick<Clock, "now">,
  quotas: Quotas = {},
  now: RunStore["now"] = async () => clock.now(),
): RecordStores {
  const runs: RunStore = {
    now,
    create: (run, entry) => call("create", run, entry, quotas),
    get: (scope, runId) => call("get", scope, runId),
    isWithin: (scope, runId, ancestorId) => call("isWithin", scope, runId, ancestorId),
    getMany: (scope, runIds) => call("getMany", scope, runIds),
    apply: (before, life, entries, lease) =>
      call("apply", {
        scope: before.scope,
        runId: before.id,
        version: before.version,
        life,
        entries,
        ...(lease ? { lease: { token: lease.token } } : {}),
        at: entries.at(-1)?.at ?? clock.now(),
      }),
    describe: (scope, runId, change, at) => call("describe", scope, runId, change, at),
    claimQueued: ({ at: _, ...ask }) => call("claimQueued", ask, quotas),
    claimAbandoned: (ask) => call("claimAbandoned", ask),
    renew: async (tokens, until) => new Map(tokens.length === 0 ? [] : await call("renew", tokens, until)),
    letGo: (lease) => call("letGo", lease.token),
    holding: (pool) => call("holding", pool),
    poolsAtWork: () => call("poolsAtWork"),
    standing: (run, capacity) => call("standing", { scope: run.scope, id: run.id }, capacity, quotas),
    childCounts: async (scope, runIds) => new Map(await call("childCounts", scope, runIds)),
    countBelow: (scope, runId) => call("countBelow", scope, runId),
    queue: (ask) => call("queue", ask, quotas),
    census: () => call("census"),
    letGoOf: (ask) => call("letGoOf", ask),
    noteRefusal: (lease, reason) => call("noteRefusal", lease.token, reason),
    hands: async ({ scope, id }, at) => (await call("hands", { scope, id }, at)) ?? undefined,
    inHand: () => call("inHand"),
    waiting: (pool) => call("waiting", pool),
    list: (ask) => call("list", ask),
    story: (scope, runId) => call("story", scope, runId),
  };
  const tables: RunTables = {
    page: (ask) => call("runTable", ask),
    count: (ask) => call("countRuns", ask),
    experiments: (scope, ask) => call("experimentTable", scope, ask),
    newestChange: (scope) => call("newestChange", scope),
    changesAfter: (scope, no, limit, most) => call("changesAfter", scope, no, limit, most),
  };
  const experiments: ExperimentStore = {
    byName: (scope, name) => call("experimentByName", scope, name),
    byId: (scope, id) => call("experimentById", scope, id),
    ensure: (scope, name, at) => call("ensureExperiment", scope, name, at),
    modify: async (scope, id, change, at) => call("modifyExperiment", scope, id, change, at),
    remove: (scope, id) => call("removeExperiment", scope, id),
    list: (scope, ask) => call("listExperiments", scope, ask),
  };
  const workspaces: WorkspaceStore = {
    has: (scope) => call("hasWorkspace", scope),
    get: (scope) => call("getWorkspace", scope),
    ensure: (scope, at) => call("ensureWorkspace", scope, at),
    list: () => call("listWorkspaces"),
  };
  const models: ModelRegistry = {
    createModel: (scope, name, content, at) => call("createModel", scope, name, content, at),
    model: (scope, name) => call("model", scope, name),
    writeModel: ({ scope, name, revision }, content, at) =>
      call("writeModel", { scope, name, revision }, content, at),
    renameModel: (scope, name, newName, at) => call("renameModel", scope, name, newName, at),
    removeModel: (scope, name) => call("removeModel", scope, name),
    searchModels: (scope, ask) => call("searchModels", scope, ask),
    createVersion: (scope, name, version, at, options) =>
      call("createModelVersion", scope, name, version, at, options ?? {}),
    version: (scope, name, version) => call("modelVersion", scope, name, version),
    versionByAlias: (scope, name, alias) => call("modelVersionByAlias", scope, name, alias),
    writeVersion: ({ scope, name, version, revision }, content, at, options) =>
      call("writeModelVersion", { scope, name, version, revision }, content, at, options ?? {}),
    removeVersion: (scope, name, version, at) => call("removeModelVersion", scope, name, version, at),
    searchVersions: (scope, ask) => call("searchModelVersions", scope, ask),
    setAlias: (scope, name, alias, version, at) => call("setModelAlias", scope, name, alias, version, at),
    removeAlias: (scope, name, alias, at) => call("removeModelAlias", scope, name, alias, at),
  };
  const assets: AssetStore = {
    create: (scope, asset, at) => call("createAsset", scope, asset, at),
    get: (scope, id) => call("asset", scope, id),
    write: ({ scope, id, revision }, content, at) => call("writeAsset", { scope, id, revision }, content, at),
    remove: (scope, id) => call("removeAsset", scope, id),
    list: (scope, ask) => call("listAssets", scope, ask),
  };
  const datastores: DatastoreRegistry = {
    create: (datastore, at) => call("createDatastore", datastore, at),
    replace: (datastore, at) => call("replaceDatastore", datastore, at),
    get: (scope, name) => call("datastore", scope, name),
    list: (scope, ask) => call("listDatastores", scope, ask),
    remove: (scope, name) => call("removeDatastores", scope, name ?? null),
    defaultName: (scope) => call("defaultDatastore", scope),
    setDefault: (scope, name, at) => call("setDefaultDatastore", scope, name, at),
  };
  const environmentRegistry: EnvironmentRegistry = {
    register: (scope, ask) => call("registerEnvironment", scope, ask),
    get: (scope, name, which) => call("environment", scope, name, which),
    list: (scope, ask) => call("listEnvironments", scope, ask),
    setLabels: (scope, name, version, labels) => call("setEnvironmentLabels", scope, name, version, labels),
  };
  const retention: Retention = {
    ended: (scope, ask) => call("endedRuns", scope, ask),
    keeper: async (...ask) => (await call("keeper", ...ask)) ?? undefined,
    remove: async (scope, runId, what, at) => (await call("removeRun", scope, runId, what, at)) ?? undefined,
    referred: async (scope, ids) => new Set(await call("referredSnapshots", scope, ids)),
    owed: (limit) => call("owedRemovals", limit),
    paid: (removal) => call("removalPaid", removal),
    takeTurn: async (name, ask) => call("takeTurn", name, { ...ask, at: await now() }),
    keepTurn: async (name, ask) => call("keepTurn", name, { ...ask, at: await now() }),
  };
  const kept: KeptFiles = {
    begins: async (scope, container, { id, owner }) =>
      (await call("keptBegins", scope, container, { id, owner }, quotas)) ?? undefined,
    ends: async (scope, container, { id, bytes, staged }) =>
      call("keptEnds", scope, container, { id, bytes, staged, at: await now() }),
    uncounted: async (limit) => call("keptUncounted", await now(), limit),
    counted: (container, bytes) => call("keptCounted", container, bytes),
    endLost: async (owner, open) => {
      const ask = { owner, open, at: await now() };
      // Asked again and again; mostly there are none, and nobody has to wait for a transaction.
      if ((await call("lostWrites", ask)).length > 0) await call("endLostWrites", ask);
    },
    used: async (scope, ask) => ({ limits: quotas, ...(await call("quotaUse", scope, ask, await now())) }),
  };
  const servers: ServerList = {
    seen: (server, at) => call("serverSeen", server, at),
    gone: (owner) => call("serverGone", owner),
  };
  return {
    servers,
    runs,
    tables,
    experiments,
    workspaces,
    models,
    assets,
    datastores,
    environmentRegistry,
    metrics: createMetricStore(call),
    tracking: createTrackingStore(call),
    retention,
    kept,
  };
}
