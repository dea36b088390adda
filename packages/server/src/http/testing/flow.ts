// The Flow port with just enough behind it to test the edge: runs and files in maps, and a record of what was asked.
import {
  type Asset,
  type Container,
  type Flow,
  type LogEvent,
  MalachiteError,
  type MetricFlow,
  type ModelVersion,
  type RegisteredEnvironment,
  type RegisteredModel,
  type Run,
  type RunFile,
  type ShownRun,
  type TableFlow,
} from "@malachite/core";
import { NOON } from "./clock.ts";
import { testTracking } from "./trackingFlow.ts";

export const SUBSCRIPTION = "11111111-1111-1111-1111-111111111111";
export const WORKSPACE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1`;
export const SCOPE = { subscriptionId: SUBSCRIPTION, resourceGroup: "rg", workspace: "ws1" };
const WORKSPACE_ONE = { scope: SCOPE, id: "44444444-4444-4444-4444-444444444444", createdAt: NOON };
export const SNAPSHOT = "22222222-2222-2222-2222-222222222222";

const PROJECT_FILE = { path: "train.py", sizeBytes: 8, sha256: "a".repeat(64) };
const OWN = { kind: "own", name: "workspaceblobstore", container: "azureml-blobstore-id" } as const;

/** A run record; `change` replaces what a test is about. */
export const testRun = (id: string, change: Partial<Run> = {}): Run => ({
  scope: SCOPE,
  id,
  experimentName: "exp",
  experimentId: "exp-id",
  rootRunId: id,
  number: 1,
  version: 3,
  changedAt: NOON,
  origin: "hosted",
  createdAt: NOON,
  createdBy: { name: "developer", objectId: "o", tenantId: "t" },
  target: "local",
  definition: { configuration: { script: "train.py" } },
  snapshotId: SNAPSHOT,
  dataContainerId: `dcid.${id}`,
  life: { status: "Running", attempt: 1, startedAt: NOON },
  about: { tags: {}, properties: {}, warnings: [] },
  ...change,
});

export type TestFlow = Flow & {
  readonly runs: Map<string, ShownRun>;
  readonly files: Map<string, Buffer>;
  /** Every call: its name and what was asked. */
  readonly calls: { readonly name: string; readonly args: readonly unknown[] }[];
  /** Replaces one operation for a test. */
  on<K extends keyof Flow>(name: K, does: Flow[K]): void;
};

/** Nothing runs on a machine of its own. */
const noLaunch = async (): Promise<never> => {
  throw new MalachiteError("LaunchEnded", "No launch is at work.");
};

export function testFlow(): TestFlow {
  const runs = new Map<string, ShownRun>();
  const files = new Map<string, Buffer>();
  const calls: { name: string; args: readonly unknown[] }[] = [];
  const key = (at: Container, path: string) => `${at.container}/${path}`;
  const infoOf = (path: string, bytes: Buffer): RunFile => ({
    path,
    sizeBytes: bytes.length,
    createdAt: NOON,
    changedAt: NOON,
    etag: `e${bytes.length}`,
    live: false,
  });
  const find = (runId: string): ShownRun => {
    const shown = runs.get(runId);
    if (shown) return shown;
    throw new MalachiteError("RunNotFound", `There is no run '${runId}'.`);
  };
  const file = (at: Container, path: string): Buffer => {
    const bytes = files.get(key(at, path));
    if (bytes) return bytes;
    throw new MalachiteError("ArtifactNotFound", `There is no file '${path}'.`);
  };
  const base: Partial<Flow> = {
    submitRun: async (ask) => testRun(ask.runId ?? "made"),
    isPrepared: async () => true,
    rerunRun: async (ask) => testRun(ask.newRunId ?? "made"),
    packLocalRun: async (ask) => ({ run: testRun(ask.runId ?? "made"), zip: chunks("PK zip") }),
    cancelRun: async (ask) => find(ask.runId),
    letGoRun: async (ask) => find(ask.runId),
    reaches: async (by, _scope, runId) => {
      if (by.run === undefined || by.run.runId === runId) return true;
      for (let at = runs.get(runId)?.run; at; at = runs.get(at.parentRunId ?? "")?.run)
        if (at.id === by.run.runId) return true;
      return false;
    },
    getRun: async (ask) => find(ask.runId),
    listRuns: async () => ({ values: [...runs.values()] }),
    listChildren: async () => ({ values: [...runs.values()] }),
    runPoints: async () => ({
      values: [...runs.values()].map((shown) => ({ ...shown, params: {}, metrics: [] })),
    }),
    runTree: async () => ({ values: [...runs.values()].map((shown) => ({ ...shown, children: {} })) }),
    patchRun: async (ask) => runs.get(ask.runId) ?? { run: testRun(ask.runId), status: "NotStarted" },
    getRuns: async (_at, ids) => ids.flatMap((id) => runs.get(id) ?? []),
    addRun: async (ask) => ({ run: testRun(ask.runId), status: "NotStarted" }),
    modifyTags: async (ask) => find(ask.runId),
    deleteTags: async (ask) => find(ask.runId),
    postEvent: async (ask) => void find(ask.runId),
    getExperiment: async (scope) => ({ scope, id: "exp-id", name: "exp", createdAt: NOON, tags: {} }),
    createExperiment: async (scope, name) => ({ scope, id: "exp-id", name, createdAt: NOON, tags: {} }),
    modifyExperiment: async (scope, id) => ({ scope, id, name: "exp", createdAt: NOON, tags: {} }),
    deleteExperiment: async () => {},
    liveEvents: async function* () {
      yield { kind: "hello", place: "w.1", resumed: false };
    },
    listExperiments: async () => ({ values: [] }),
    listFiles: async (at) => {
      const own = [...files].filter(([name]) => name.startsWith(`${at.container}/`));
      return { values: own.map(([name, bytes]) => infoOf(name.slice(at.container.length + 1), bytes)) };
    },
    fileInfo: async (at, path) => infoOf(path, file(at, path)),
    openFile: async (at, path) => ({
      info: infoOf(path, file(at, path)),
      async *read(from, to) {
        yield file(at, path).subarray(from, to);
      },
      [Symbol.asyncDispose]: async () => {},
    }),
    putFile: async (at, path, stream, { append }) => {
      const parts: Uint8Array[] = append && files.has(key(at, path)) ? [file(at, path)] : [];
      for await (const chunk of stream) parts.push(chunk);
      const bytes = Buffer.concat(parts);
      files.set(key(at, path), bytes);
      return infoOf(path, bytes);
    },
    blobs: {
      open: async ({ bucket, path }) => {
        const bytes = bucket.kind === "artifacts" ? files.get(key(bucket, path)) : undefined;
        if (!bytes) return undefined;
        return {
          info: { ...infoOf(path, bytes), kind: "block", changedAt: NOON, headers: {}, metadata: {} },
          read: (from, to) => chunks(bytes.subarray(from, to)),
          [Symbol.asyncDispose]: async () => {},
        };
      },
    } as Partial<Flow["blobs"]> as Flow["blobs"],
    allowWorkspace: async () => {},
    removeFile: async (at, path) => void files.delete(key(at, path)),
    logFiles: async () => ["user_logs/std_log.txt"],
    followLog: async function* (): AsyncGenerator<LogEvent> {
      yield { kind: "end", status: "Completed", to: 0 };
    },
    logs: testLogs(),
    definitionOf: async ({ runId }) => ({ runId, sent: {}, resolved: {} }),
    zipFiles: () => chunks("PK zip"),
    why: async ({ runId }) => ({
      runId,
      status: "Running",
      waiting: false,
      summary: "It runs.",
      constraints: [],
    }),
    story: async () => [{ at: NOON, event: "submitted", status: "NotStarted", actor: "developer" }],
    targets: async () => [{ name: "local", kind: "process", usable: true }],
    queue: async (target) => ({
      target,
      sharedWith: [],
      capacity: { places: 1 },
      free: { places: 1 },
      holders: [],
      waiting: 0,
      elsewhere: { holders: 0, nodes: 0, gpus: [], waiting: 0 },
      values: [],
    }),
    target: async (name) => ({
      name,
      kind: "process",
      usable: true,
      runsAtOnce: 2,
      running: 1,
      waiting: 0,
      options: {},
    }),
    countKept: async () => {},
    quotas: async () => {
      const none = {
        ...{ unfinishedRuns: 0, runsPerMinute: 0, runningRuns: 0, nodes: 0, gpus: 0, keptBytes: 0 },
      };
      return { limits: {}, workspace: none, users: [] };
    },
    sweepLaunches: async () => 0,
    freeLetGo: async () => 0,
    collectGarbage: async () => ({ policies: 0, looked: 0, values: [], finishedBytes: 0 }),
    listWorkspaces: async () => [WORKSPACE_ONE],
    getWorkspace: async (scope) => ({ ...WORKSPACE_ONE, scope }),
    createWorkspace: async (scope) => ({ ...WORKSPACE_ONE, scope }),
    snapshots: {
      offer: async () => ({ missing: [] }),
      byTree: async (_scope, tree) => ({ id: SNAPSHOT, tree, files: 1, sizeBytes: 1 }),
      keepContents: async () => 1,
      zip: async () => chunks("PK zip"),
      readBody: async () => ({ about: {}, sent: [] }),
      keep: async (_scope, { id }) => ({ id, tree: "", files: 1, sizeBytes: 1 }),
      uploadName: () => "folder/name",
      keepSent: async (_scope, { id }) => ({ id, tree: "", files: 1, sizeBytes: 1 }),
      sweepUploads: async () => {},
      get: async (_scope, id) => ({ id, tree: "", files: 1, sizeBytes: 1 }),
      metadata: async (_scope, id) => chunks(`{"id":"${id}","root":{}}`),
      latestMetadata: async () => undefined,
      files: async () => ({ values: [PROJECT_FILE] }),
      file: async () => PROJECT_FILE,
      read: (_file, from, to) => chunks("print(1)".slice(from, to)),
    },
    shownDefinition: (run) => ({ configuration: run.definition?.configuration }),
  };
  const model = { scope: SCOPE, createdAt: NOON, changedAt: NOON, revision: 1, tags: {} };
  const registered = (name: string): RegisteredModel => ({ ...model, name, aliases: {}, latest: [] });
  const versionOf = (name: string, version: number): ModelVersion => ({
    ...model,
    name,
    version,
    properties: {},
    stage: "None",
    more: {},
    createdBy: { name: "developer", objectId: "o", tenantId: "t" },
    aliases: [],
  });
  const assetOf = (id: string): Asset => ({ ...model, id, name: id, files: [], properties: {}, meta: {} });
  const environmentOf = (name: string, version = "1"): RegisteredEnvironment => ({
    scope: SCOPE,
    name,
    version,
    createdAt: NOON,
    labels: [],
    definition: {},
  });
  const parts: { readonly [K in "models" | "assets" | "courier" | "datastores" | "environments"]: Flow[K] } =
    {
      models: {
        create: async (_scope, name) => registered(name),
        get: async (_scope, name) => registered(name),
        change: async (_scope, name) => registered(name),
        rename: async (_scope, _name, newName) => registered(newName),
        remove: async () => {},
        search: async () => ({ values: [registered("model")] }),
        createVersion: async (_scope, name) => versionOf(name, 1),
        version: async (_scope, name, version) => versionOf(name, version),
        versionByAlias: async (_scope, name) => versionOf(name, 1),
        patchVersion: async (_scope, name, version) => versionOf(name, version),
        changeVersion: async (_scope, name, version) => versionOf(name, version),
        setStage: async (_scope, name, version, stage) => ({ ...versionOf(name, version), stage }),
        removeVersion: async () => true,
        searchVersions: async () => ({ values: [versionOf("model", 1)] }),
        setAlias: async () => {},
        removeAlias: async () => {},
      },
      assets: {
        create: async () => assetOf("asset"),
        get: async (_scope, id) => assetOf(id),
        patch: async (_scope, id) => assetOf(id),
        remove: async () => true,
        list: async () => ({ values: [assetOf("asset")] }),
      },
      courier: { listing: noLaunch, content: noLaunch, home: noLaunch, take: noLaunch, meeting: noLaunch },
      datastores: {
        list: async () => ({ values: [OWN] }),
        get: async () => OWN,
        create: async () => {},
        update: async () => {},
        remove: async () => true,
        default: async () => OWN,
        setDefault: async () => {},
      },
      environments: {
        register: async (_scope, name, _sent, version) => environmentOf(name, version),
        get: async (_scope, name, which) => environmentOf(name, which?.version),
        list: async () => ({ values: [environmentOf("environment")] }),
        setLabels: async () => {},
      },
    };
  const on: TestFlow["on"] = (name, does) => {
    base[name] = does;
  };
  const recorded = <T extends object>(of: string, part: T): T =>
    Object.fromEntries(
      Object.entries(part).map(([name, does]) => [
        name,
        (...args: readonly unknown[]) => {
          calls.push({ name: `${of}.${name}`, args });
          return does(...args);
        },
      ]),
    ) as T;
  const tracking = testTracking();
  const own: Record<string, unknown> = {
    runs,
    files,
    calls,
    on,
    tracking,
    ...parts,
    metrics: testMetrics,
    tables: testTables,
  };
  return new Proxy({} as TestFlow, {
    get(_target, name) {
      if (typeof name !== "string") return undefined;
      if (name in own) return own[name];
      // A port of its own, which a test puts in.
      if (name === "blobs") return base.blobs;
      if (name === "logs") return base.logs && recorded(name, base.logs);
      if (name === "snapshots") return base.snapshots && recorded(name, base.snapshots);
      return (...args: readonly unknown[]) => {
        calls.push({ name, args });
        const does = base[name as keyof Flow] as (...args: readonly unknown[]) => unknown;
        return does(...args);
      };
    },
  });
}

/** Metrics of runs that have a metric of every name, without rows. */
const testMetrics: MetricFlow = {
  post: async () => [],
  list: async () => ({ values: [] }),
  get: async (_run, { name }) => ({ name, columns: {}, rows: 0 }),
  rows: async () => ({ values: [] }),
  sample: async () => [],
  sampleSteps: async () => new Map(),
  series: async function* () {},
  latest: async () => new Map(),
  find: async (_scope, metricId) => {
    throw new MalachiteError("MetricNotFound", `There is no metric '${metricId}'.`);
  },
  query: async () => ({ values: [] }),
  remove: async () => {},
};

export async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? Buffer.from(part) : part;
}

/** One log of two lines. */
function testLogs(): Flow["logs"] {
  const about = { path: "user_logs/std_log.txt", sizeBytes: 4, place: "4~i~0000000000000000" };
  const line = { offset: 2, sizeBytes: 1, text: "b" };
  const side = (runId: string) => ({ ...about, runId, offset: 2, values: [line] });
  return {
    list: async () => [{ ...about, createdAt: NOON, changedAt: NOON, etag: "e", live: false, main: true }],
    index: async () => ({
      ...about,
      live: false,
      lines: 2,
      ended: true,
      marks: { lines: [1], offsets: [0] },
      gapBytes: 16384,
    }),
    lines: async () => ({ ...about, lines: 2, first: 2, values: [line] }),
    search: async () => ({
      ...about,
      matches: [{ line: 2, lineOffset: 2, offset: 2, text: "b", at: 0, length: 1 }],
      count: 1,
      searched: { from: 0, to: 4 },
    }),
    findError: async () => ({ ...about, searchedFrom: 0 }),
    compare: async (left, right) => ({
      same: false,
      line: 2,
      before: [{ offset: 0, sizeBytes: 1, text: "a" }],
      left: side(left.runId),
      right: side(right.runId),
    }),
  };
}

const testTables: TableFlow = {
  runs: async () => ({ values: [], isExact: true }),
  count: async () => ({ count: 0, byStatus: {}, isExact: true }),
  params: async () => new Map(),
  experiments: async () => ({ values: [], count: 0 }),
};
