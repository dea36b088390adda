// Where registered models are kept, their versions, stages, aliases and tags: one registry for the SDK and for MLflow. Every call
// that changes something is one durable transaction.
import type {
  ModelContent,
  ModelVersion,
  ModelVersionContent,
  NewModelVersion,
  RegisteredModel,
} from "../domain/model/model.ts";
import type { ModelsAsk, ModelVersionsAsk } from "../domain/model/search.ts";
import type { Page } from "../domain/query/filter.ts";
import type { Instant, Scope } from "../domain/scope.ts";

export interface ModelRegistry {
  /** A name without versions. Throws ModelExists. */
  createModel(scope: Scope, name: string, content: ModelContent, at: Instant): Promise<RegisteredModel>;
  model(scope: Scope, name: string): Promise<RegisteredModel | undefined>;
  /** Writes the content if it is still that of `before`; undefined when another write came between. */
  writeModel(
    before: RegisteredModel,
    content: ModelContent,
    at: Instant,
  ): Promise<RegisteredModel | undefined>;
  /** Its versions move with it. Throws ModelNotFound, ModelExists. */
  renameModel(scope: Scope, name: string, newName: string, at: Instant): Promise<RegisteredModel>;
  /** Removes the name, its versions and aliases. False when it was not there. */
  removeModel(scope: Scope, name: string): Promise<boolean>;
  /** Throws BadFilter for a field that only versions have, BadContinuationToken. */
  searchModels(scope: Scope, ask: ModelsAsk): Promise<Page<RegisteredModel>>;

  /**
   * The next version of the name: numbers rise from 1 and are never given twice while the name exists. With `makeModel` a new name is
   * made, else it throws ModelNotFound.
   */
  createVersion(
    scope: Scope,
    name: string,
    version: NewModelVersion,
    at: Instant,
    options?: { readonly makeModel?: boolean },
  ): Promise<ModelVersion>;
  version(scope: Scope, name: string, version: number): Promise<ModelVersion | undefined>;
  versionByAlias(scope: Scope, name: string, alias: string): Promise<ModelVersion | undefined>;
  /**
   * Writes the content if it is still that of `before`; undefined when another write came between. With `archiveOthers` every other
   * version in the new stage becomes Archived in the same transaction.
   */
  writeVersion(
    before: ModelVersion,
    content: ModelVersionContent,
    at: Instant,
    options?: { readonly archiveOthers?: boolean },
  ): Promise<ModelVersion | undefined>;
  /** Removes the version and the aliases that point to it. False when it was not there. */
  removeVersion(scope: Scope, name: string, version: number, at: Instant): Promise<boolean>;
  /** Throws BadContinuationToken. */
  searchVersions(scope: Scope, ask: ModelVersionsAsk): Promise<Page<ModelVersion>>;

  /** Points the alias to that version, wherever it pointed before. Throws ModelNotFound. */
  setAlias(scope: Scope, name: string, alias: string, version: number, at: Instant): Promise<void>;
  /** Gone or not there is success. Throws ModelNotFound for an unknown name. */
  removeAlias(scope: Scope, name: string, alias: string, at: Instant): Promise<void>;
}
