// Everything the steps ask for, and the few numbers they work by. compose fills it in; each step takes what it uses.
import type { RetentionPolicy } from "../domain/retention/policy.ts";
import type {
  ArtifactStore,
  AssetStore,
  BlobStore,
  Courier,
  DataCarrier,
  DatastoreRegistry,
  EnvironmentBuilder,
  EnvironmentRegistry,
  ExperimentStore,
  FileZipper,
  Ids,
  KeptFiles,
  LocalBundler,
  Log,
  LogScanner,
  Machine,
  MetricStore,
  ModelRegistry,
  Retention,
  RunStore,
  RunTables,
  RunTokens,
  SecretBox,
  SnapshotStore,
  SteadyClock,
  StepWatch,
  Targets,
  TrackingStore,
  WorkspaceStore,
} from "../ports/index.ts";
import type { RunNews } from "./runNews.ts";

export type FlowSettings = {
  /** Who this server is in leases: new at every start. */
  readonly owner: string;
  /** Set where other servers may share the records: what this one calls the machine it is on. */
  readonly machine?: string;
  readonly leaseMs: number;
  /** Whether this server is to start no further run; none drains where it is absent. */
  readonly draining?: () => boolean;
  /** How often engines are asked when no hint comes. */
  readonly watchIntervalMs: number;
  /** How often a run is started anew whose process is gone without a word. */
  readonly retries: number;
  /** How long runs and their files are kept, as the settings say now. */
  readonly retention: () => readonly RetentionPolicy[];
  /** Projects that no run names are kept for so many days; undefined for ever. */
  readonly keepProjectsDays?: number;
  /** How often it is measured what runs use of their machine; 0 for never. */
  readonly systemMetricsMs: number;
  /** How long a process may take to end after SIGTERM. */
  readonly graceMs: number;
  /** Whether a write to an unknown workspace makes it. */
  readonly workspacesByFirstWrite: boolean;
  /** Base URL of the service as code inside a run reaches it. */
  readonly serviceUrl: () => string;
  /** The same over TLS: what clients insist on for uploads, and for all that Azure Resource Manager answers. */
  readonly secureUrl: () => string;
  /** Path of a file, on this machine, of the authorities by which code inside a run trusts this service and all public ones. */
  readonly caBundle: string;
  /** Datastores that the settings give to every workspace, in lower case, each with its kind. */
  readonly namedDatastores: Readonly<Record<string, string>>;
  /** Folders of this machine below which a run may ask for its data by an absolute path. */
  readonly dataRoots: readonly string[];
  /** A GUID of the workspace in this data folder. */
  readonly workspaceId: (workspaceKey: string) => string;
};

export type FlowPorts = {
  readonly runs: RunStore;
  readonly tables: RunTables;
  readonly experiments: ExperimentStore;
  readonly workspaces: WorkspaceStore;
  readonly metrics: MetricStore;
  readonly snapshots: SnapshotStore;
  readonly artifacts: ArtifactStore;
  /** The artifacts once more, with all that Azure's blobs can do, and the storage containers. */
  readonly blobs: BlobStore;
  readonly environments: EnvironmentBuilder;
  readonly environmentRegistry: EnvironmentRegistry;
  readonly models: ModelRegistry;
  readonly assets: AssetStore;
  readonly tracking: TrackingStore;
  readonly retention: Retention;
  readonly kept: KeptFiles;
  readonly datastores: DatastoreRegistry;
  readonly secretBox: SecretBox;
  /** Brings data to runs and takes it from them. */
  readonly data: DataCarrier;
  /** What goes between here and machines that see nothing of this one. */
  readonly courier: Courier;
  readonly bundler: LocalBundler;
  readonly logs: LogScanner;
  readonly zipper: FileZipper;
  readonly tokens: RunTokens;
  readonly targets: Targets;
  readonly clock: SteadyClock;
  readonly ids: Ids;
  readonly log: Log;
  readonly machine: Machine;
  readonly news: RunNews;
  /** Absent where nobody watches. */
  readonly stepWatch?: StepWatch;
  readonly settings: FlowSettings;
};
