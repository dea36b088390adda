// The models of the wire under their names in the contract. Types only: nothing here exists when a program runs.
import type { AnswerOf, arm, artifact, execution, history, malachite, metric } from "@malachite/contract";

export type { ErrorDetails, ErrorResponse, InnerErrorResponse, RootError } from "@malachite/contract";

export type RunDefinition = execution.RunDefinition;
export type RunConfiguration = execution.RunConfiguration;
export type StartRunResult = execution.StartRunResult;
export type EnvironmentDefinition = NonNullable<RunConfiguration["environment"]>;
export type PythonSection = NonNullable<EnvironmentDefinition["python"]>;
export type DockerSection = NonNullable<EnvironmentDefinition["docker"]>;
export type ContainerRegistry = NonNullable<DockerSection["baseImageRegistry"]>;
export type SparkSection = NonNullable<EnvironmentDefinition["spark"]>;
export type SparkMavenPackage = NonNullable<SparkSection["packages"]>[number];
export type HistoryConfiguration = NonNullable<RunConfiguration["history"]>;
export type DataReferenceConfiguration = NonNullable<RunConfiguration["dataReferences"]>[string];
export type SparkConfiguration = NonNullable<RunConfiguration["spark"]>;
export type TensorflowConfiguration = NonNullable<RunConfiguration["tensorflow"]>;
export type MpiConfiguration = NonNullable<RunConfiguration["mpi"]>;
export type HdiConfiguration = NonNullable<RunConfiguration["hdi"]>;
export type Framework = NonNullable<RunConfiguration["framework"]>;
export type Communicator = NonNullable<RunConfiguration["communicator"]>;
export type DataStoreMode = NonNullable<DataReferenceConfiguration["mode"]>;
export type YarnDeployMode = NonNullable<HdiConfiguration["yarnDeployMode"]>;

export type Run = history.Run;
export type RunDetails = history.RunDetails;
/** A run as tables and the live stream show it: with the name of its experiment. */
export type TableRun = malachite.TableRun;
export type RunStatus = history.RunStatusName;
export type CreateRun = history.CreateRun;
export type RunEvent = history.BaseEvent;
export type Experiment = history.Experiment;
export type ModifyExperiment = history.ModifyExperiment;
export type QueryParams = history.QueryParams;

export type Artifact = artifact.Artifact;
export type ArtifactContentInformation = artifact.ArtifactContentInformation;

export type Why = malachite.Why;
export type Constraint = NonNullable<Why["constraints"]>[number];
export type StoryEntry = malachite.StoryEntry;
export type MetricSeriesAsk = malachite.MetricSeriesAsk;
/** A metric of a run in buckets, as a plot needs it. */
export type MetricSeries = malachite.MetricSeries;
export type NonFiniteMark = malachite.NonFiniteMark;
/** Who holds what of a compute target, and a page of those who wait. */
export type QuotaPage = malachite.QuotaPage;
export type QuotaUse = malachite.QuotaUse;
export type TargetQueue = malachite.TargetQueue;
export type QueueHolder = malachite.QueueHolder;
export type QueueWaiter = malachite.QueueWaiter;
export type Machine = malachite.Machine;
export type RunPointsAsk = malachite.RunPointsAsk;
/** What a run was given and what came of it. */
export type RunPoint = malachite.RunPoint;
/** A page of the runs right below one. */
export type RunTree = malachite.RunTree;
export type RunTreeNode = malachite.RunTreeNode;
export type MetricDefinition = metric.MetricDefinition;
export type MetricPage = metric.MetricV2;
export type RunTablePage = malachite.RunTablePage;
export type RunCounts = malachite.RunCounts;
export type ExperimentSummary = malachite.ExperimentSummary;
export type ExperimentTablePage = malachite.ExperimentTablePage;
/** What became of each run: as it is now, or why it was refused. */
export type ChangeRunsResult = malachite.ChangeRunsResult;
export type ProjectFile = malachite.ProjectFile;
export type WholeRunDefinition = malachite.WholeRunDefinition;
export type RunEnvironment = malachite.RunEnvironment;
export type RunLaunch = malachite.RunLaunch;
export type FileLink = malachite.FileLink;

export type LogFile = malachite.LogFile;
export type LogIndex = malachite.LogIndex;
export type LogLine = malachite.LogLine;
export type LogLines = malachite.LogLines;
export type LogMatch = malachite.LogMatch;
export type LogMatches = malachite.LogMatches;
export type LogError = malachite.LogError;
export type LogErrorSearch = malachite.LogErrorSearch;
export type LogSide = malachite.LogSide;
export type LogDivergence = malachite.LogDivergence;

/** A workspace, as Azure Resource Manager shows it. */
export type Workspace = arm.Workspace;

/** Whether the service takes work. */
export type Health = AnswerOf<typeof malachite.health>;
export type ServiceStatus = AnswerOf<typeof malachite.getService>;
export type ServiceChange = malachite.ServiceChange;
export type TargetAsk = malachite.TargetAsk;
export type TargetKind = malachite.TargetKind;
export type AddedTarget = AnswerOf<typeof malachite.addTarget>;
export type AuditPage = AnswerOf<typeof malachite.audit>;
export type GarbagePage = AnswerOf<typeof malachite.collectGarbage>;
export type GarbageItem = malachite.GarbageItem;
export type AuditEntry = malachite.AuditEntry;
/** A named place to run. */
export type ComputeTarget = AnswerOf<typeof malachite.listTargets>["value"][number];
/** The same with what the settings say of it. */
export type ComputeTargetDetail = AnswerOf<typeof malachite.getTarget>;
/** Either the snapshot, or the hashes of the contents that the server lacks. */
export type SnapshotOffer = AnswerOf<typeof malachite.offerSnapshot>;

/** One page of a list. The token is absent on the last page. */
export interface Page<T> {
  value: T[];
  continuationToken?: string;
}

/** Where runs live. */
export interface WorkspaceAddress {
  subscriptionId: string;
  resourceGroup: string;
  workspace: string;
}
