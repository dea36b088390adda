// A registered model and its versions. One record for both worlds: the SDK's model `name:version` is a version here, MLflow's
// registered model is what the versions of a name share. Types and pure words, no rules of a wire.
import type { Instant, JsonObject, Principal, Scope } from "../scope.ts";

/** MLflow's stages; the SDK knows none. */
export const MODEL_STAGES = ["None", "Staging", "Production", "Archived"] as const;
export type ModelStage = (typeof MODEL_STAGES)[number];

type Texts = Readonly<Record<string, string>>;

/** What may be changed of a name and all its versions together. */
export type ModelContent = { readonly description?: string; readonly tags: Texts };

export type RegisteredModel = ModelContent & {
  readonly scope: Scope;
  readonly name: string;
  readonly createdAt: Instant;
  /** When it, one of its versions or an alias last changed. */
  readonly changedAt: Instant;
  /** Rises with every change of the content: what a write is guarded by. */
  readonly revision: number;
  /** Version by alias. */
  readonly aliases: Readonly<Record<string, number>>;
  /** The newest version of each stage that has one. */
  readonly latest: readonly ModelVersion[];
};

/** What may be changed of a version. */
export type ModelVersionContent = {
  readonly description?: string;
  readonly tags: Texts;
  /** The SDK's second map, which only grows. MLflow has no such map. */
  readonly properties: Texts;
  readonly stage: ModelStage;
  readonly framework?: string;
  readonly frameworkVersion?: string;
  /** What else the SDK says of a model, in the wire's spelling: `datasets`, `resourceRequirements`, `sampleInputData`, … */
  readonly more: JsonObject;
};

/** What is settled when a version is made. */
export type ModelVersionOrigin = {
  /** Where its files are, as MLflow writes it: `runs:/…`, `mlflow-artifacts:/…`, any URI. */
  readonly source?: string;
  /** The asset that names its files: what the SDK downloads. */
  readonly assetId?: string;
  readonly runId?: string;
  readonly experimentName?: string;
  /** MLflow's link to a run of another server. */
  readonly runLink?: string;
  readonly createdBy: Pick<Principal, "name" | "objectId" | "tenantId">;
};

export type ModelVersion = ModelVersionContent &
  ModelVersionOrigin & {
    readonly scope: Scope;
    readonly name: string;
    readonly version: number;
    readonly createdAt: Instant;
    readonly changedAt: Instant;
    readonly revision: number;
    readonly aliases: readonly string[];
  };

export type NewModelVersion = Partial<ModelVersionContent> & ModelVersionOrigin;

/** The content of a version, without what is not its own to change. */
export const contentOf = ({
  description,
  tags,
  properties,
  stage,
  framework,
  frameworkVersion,
  more,
}: ModelVersionContent): ModelVersionContent => ({
  ...(description === undefined ? {} : { description }),
  tags,
  properties,
  stage,
  ...(framework === undefined ? {} : { framework }),
  ...(frameworkVersion === undefined ? {} : { frameworkVersion }),
  more,
});
