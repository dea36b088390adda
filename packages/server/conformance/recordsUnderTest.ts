// What the suites of the record stores work with: a store in a folder of its own, and runs to put into it.
import type {
  AssetStore,
  DatastoreRegistry,
  EnvironmentRegistry,
  ExperimentStore,
  KeptFiles,
  Life,
  MetricStore,
  ModelRegistry,
  NewRun,
  Quotas,
  Retention,
  Run,
  RunStore,
  RunTables,
  Scope,
  ServerList,
  StoryEntry,
  TrackingStore,
  WorkspaceStore,
} from "@malachite/core";

export type Records = {
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
  /** Finishes what is under way. */
  close(): Promise<void>;
};

/** Stores over fresh data. Disposing it closes all that is open and removes the data. */
export type RecordsUnderTest = AsyncDisposable & {
  readonly records: Records;
  /** The same stores, held to these quotas from now on: opening others takes long. */
  holdTo(quotas: Quotas): Records;
  /** A second set of stores over the same data, as another process would have it. */
  another(quotas?: Quotas): Promise<Records>;
  /** Closes the stores and opens the same data again. */
  reopen(): Promise<Records>;
};

/** Stores that `open` opens over the same data each time. */
export async function recordsOver(
  open: (quotas?: Quotas) => Promise<Records>,
  cleanUp: () => Promise<void> = async () => {},
): Promise<RecordsUnderTest> {
  const held: { -readonly [Of in keyof Quotas]: Quotas[Of] } = {};
  let records = await open(held);
  const others: Records[] = [];
  return {
    get records() {
      return records;
    },
    holdTo(quotas) {
      delete held.workspace;
      delete held.user;
      Object.assign(held, quotas);
      return records;
    },
    async another(quotas) {
      const other = await open(quotas);
      others.push(other);
      return other;
    },
    async reopen() {
      await records.close();
      records = await open(held);
      return records;
    },
    async [Symbol.asyncDispose]() {
      for (const one of [...others, records]) await one.close();
      await cleanUp();
    },
  };
}

let scopes = 0;

/** A workspace that no other test uses. */
export function freshScope(): Scope {
  scopes += 1;
  return {
    subscriptionId: "5f1b0c6e-0000-4000-8000-000000000000",
    resourceGroup: "group",
    workspace: `workspace-${scopes}`,
  };
}

/** A run as a submission makes it. */
export const newRun = (scope: Scope, id: string, more: Partial<NewRun> = {}): NewRun => ({
  scope,
  id,
  experimentName: "experiment",
  origin: "hosted",
  fingerprint: `fingerprint of ${id}`,
  createdAt: 1_700_000_000_000,
  createdBy: { name: "Ada", objectId: "object-1", tenantId: "tenant-1" },
  target: "local",
  pool: scope.workspace,
  definition: { configuration: { script: "train.py", arguments: ["--rate", "0.1"] } },
  sent: { Configuration: { Script: "train.py" }, odd: { __proto: 1 } },
  snapshotId: "snapshot-1",
  dataContainerId: `dcid.${id}`,
  life: { status: "NotStarted", attempt: 0 },
  about: { tags: {}, properties: {}, warnings: [] },
  ...more,
});

export const entryOf = (
  event: string,
  status: StoryEntry["status"] = "NotStarted",
  at = 1_700_000_000_000,
): StoryEntry => ({
  at,
  event,
  status,
  actor: "Ada",
});

/** Records a run of its own pool, named like its workspace. */
export const create = async (runs: RunStore, run: NewRun): Promise<Run> =>
  (await runs.create(run, entryOf("submitted"))).run;

/** Claims the only waiting run of the workspace's pool. */
export async function claimOne(runs: RunStore, scope: Scope, owner = "server-1", until = 1_000) {
  const [claimed] = await runs.claimQueued({
    pool: scope.workspace,
    capacity: { places: (await runs.holding(scope.workspace)).length + 1 },
    owner,
    at: 0,
    until,
  });
  if (!claimed) throw new Error("no run was waiting");
  return claimed;
}

/** The life with another status. */
export const withStatus = (run: Run, status: Life["status"], more: Partial<Life> = {}): Life => ({
  ...run.life,
  status,
  ...more,
});
