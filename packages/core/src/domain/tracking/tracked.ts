// What MLflow's clients log to a run beside its tags and metrics, and models by themselves. Types only.
import type { Instant } from "../scope.ts";

type Texts = Readonly<Record<string, string>>;

export type DatasetUse = {
  readonly name: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema?: string;
  readonly profile?: string;
  /** How the run uses it: `mlflow.data.context` is its role. */
  readonly tags: Texts;
};
export type ModelOutput = { readonly modelId: string; readonly step: number };

/** What was logged to a run beside its tags and metrics. */
export type RunLog = {
  readonly params: Texts;
  readonly datasets: readonly DatasetUse[];
  readonly modelInputs: readonly string[];
  readonly modelOutputs: readonly ModelOutput[];
};
export type NewRunLog = Partial<RunLog>;

export type View = "active" | "deleted" | "all";

export type LoggedModelState = "PENDING" | "READY" | "FAILED";

/** One value of a metric that a model was measured by. */
export type ModelMetric = {
  readonly name: string;
  readonly value: number;
  readonly step: number;
  readonly at: Instant;
  readonly runId: string;
  readonly datasetName?: string;
  readonly datasetDigest?: string;
};

/** A model by itself, as MLflow 3 has it. */
export type LoggedModel = {
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly type?: string;
  readonly sourceRunId?: string;
  readonly state: LoggedModelState;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
  readonly deleted: boolean;
  readonly params: Texts;
  readonly tags: Texts;
  /** The newest value by name, run and dataset. */
  readonly metrics: readonly ModelMetric[];
};
export type NewLoggedModel = Pick<
  LoggedModel,
  "id" | "experimentId" | "name" | "type" | "sourceRunId" | "createdAt" | "params" | "tags"
>;
export type LoggedModelChange = {
  readonly state?: LoggedModelState;
  readonly tags?: Texts;
  readonly removeTags?: readonly string[];
  readonly params?: Texts;
  readonly deleted?: boolean;
};
