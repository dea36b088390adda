// The model registry as the outside uses it: what is not there is an error, and a change is worked out on what is there now.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { prefixOfSource, sourceOfFiles } from "../domain/model/asset.ts";
import type { PatchOperation } from "../domain/model/jsonPatch.ts";
import {
  contentOf,
  type ModelContent,
  type ModelStage,
  type ModelVersion,
  type ModelVersionContent,
  type NewModelVersion,
  type RegisteredModel,
} from "../domain/model/model.ts";
import { patchModel } from "../domain/model/patchModel.ts";
import type { ModelsAsk, ModelVersionsAsk } from "../domain/model/search.ts";
import type { Page } from "../domain/query/filter.ts";
import type { Scope } from "../domain/scope.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import { type AssetPorts, createAsset, getAsset } from "./assets.ts";
import type { FlowPorts } from "./ports.ts";

/** `flow.models`. */
export interface ModelFlow {
  /** Throws ModelExists. */
  create(scope: Scope, name: string, content: ModelContent): Promise<RegisteredModel>;
  /** Throws ModelNotFound, as all below do. */
  get(scope: Scope, name: string): Promise<RegisteredModel>;
  /** `change` may be called more than once. */
  change(
    scope: Scope,
    name: string,
    change: (before: RegisteredModel) => ModelContent,
  ): Promise<RegisteredModel>;
  rename(scope: Scope, name: string, newName: string): Promise<RegisteredModel>;
  remove(scope: Scope, name: string): Promise<void>;
  search(scope: Scope, ask: ModelsAsk): Promise<Page<RegisteredModel>>;

  /**
   * The SDK names an asset and MLflow a source; where one follows from the other, the version gets both, so that each downloads what the
   * other registered. Throws AssetNotFound.
   */
  createVersion(
    scope: Scope,
    name: string,
    version: NewModelVersion,
    options?: { readonly makeModel?: boolean },
  ): Promise<ModelVersion>;
  version(scope: Scope, name: string, version: number): Promise<ModelVersion>;
  versionByAlias(scope: Scope, name: string, alias: string): Promise<ModelVersion>;
  /** `change` may be called more than once. */
  changeVersion(
    scope: Scope,
    name: string,
    version: number,
    change: (before: ModelVersion) => ModelVersionContent,
  ): Promise<ModelVersion>;
  /** By a JSON Patch over the wire's names. Throws BadPatch, PropertyImmutable. */
  patchVersion(
    scope: Scope,
    name: string,
    version: number,
    operations: readonly PatchOperation[],
  ): Promise<ModelVersion>;
  setStage(
    scope: Scope,
    name: string,
    version: number,
    stage: ModelStage,
    options: { readonly archiveOthers: boolean },
  ): Promise<ModelVersion>;
  /** False when it was not there. */
  removeVersion(scope: Scope, name: string, version: number): Promise<boolean>;
  searchVersions(scope: Scope, ask: ModelVersionsAsk): Promise<Page<ModelVersion>>;

  setAlias(scope: Scope, name: string, alias: string, version: number): Promise<void>;
  removeAlias(scope: Scope, name: string, alias: string): Promise<void>;
}

type ModelPorts = AssetPorts & Pick<FlowPorts, "models">;

export function modelFlow(ports: ModelPorts): ModelFlow {
  const { models, clock } = ports;
  const get = async (scope: Scope, name: string) => (await models.model(scope, name)) ?? noModel(scope, name);
  const version = async (scope: Scope, name: string, number: number) =>
    (await models.version(scope, name, number)) ?? noModel(scope, name, number);
  const changeVersion: ChangeVersion = async (scope, name, number, change, options) => {
    for (;;) {
      const before = await version(scope, name, number);
      const after = await models.writeVersion(before, change(before), clock.now(), options);
      if (after) return after;
    }
  };
  return {
    async create(scope, name, content) {
      await allowWorkspace(scope, ports);
      return models.createModel(scope, name, content, clock.now());
    },
    get,
    async change(scope, name, change) {
      for (;;) {
        const before = await get(scope, name);
        const after = await models.writeModel(before, change(before), clock.now());
        if (after) return after;
      }
    },
    rename: (scope, name, newName) => models.renameModel(scope, name, newName, clock.now()),
    async remove(scope, name) {
      if (!(await models.removeModel(scope, name))) noModel(scope, name);
    },
    search: (scope, ask) => models.searchModels(scope, ask),

    async createVersion(scope, name, made, options) {
      await allowWorkspace(scope, ports);
      const whole = await withFiles(scope, name, made, options?.makeModel === true, ports);
      return models.createVersion(scope, name, whole, clock.now(), options);
    },
    version,
    async versionByAlias(scope, name, alias) {
      const found = await models.versionByAlias(scope, name, alias);
      if (found) return found;
      const told = `The model '${name}' of the workspace '${scope.workspace}' has no alias '${alias}'.`;
      throw new MalachiteError("ModelNotFound", told, { target: "alias" });
    },
    changeVersion: (scope, name, number, change) => changeVersion(scope, name, number, change),
    patchVersion: (scope, name, number, operations) =>
      changeVersion(scope, name, number, (before) => patchModel(before, operations)),
    setStage: (scope, name, number, stage, options) =>
      changeVersion(scope, name, number, (before) => ({ ...contentOf(before), stage }), options),
    removeVersion: (scope, name, number) => models.removeVersion(scope, name, number, clock.now()),
    searchVersions: (scope, ask) => models.searchVersions(scope, ask),

    setAlias: (scope, name, alias, number) => models.setAlias(scope, name, alias, number, clock.now()),
    removeAlias: (scope, name, alias) => models.removeAlias(scope, name, alias, clock.now()),
  };
}

type ChangeVersion = (
  scope: Scope,
  name: string,
  version: number,
  change: (before: ModelVersion) => ModelVersionContent,
  options?: { readonly archiveOthers?: boolean },
) => Promise<ModelVersion>;

/** The asset is made first: one that a crash leaves behind without its model harms nobody. */
async function withFiles(
  scope: Scope,
  name: string,
  made: NewModelVersion,
  makeModel: boolean,
  ports: ModelPorts,
): Promise<NewModelVersion> {
  if (made.assetId !== undefined) {
    const { files } = await getAsset(scope, made.assetId, ports);
    const source = made.source ?? sourceOfFiles(files);
    return { ...made, ...(source === undefined ? {} : { source }) };
  }
  const prefix = made.source === undefined ? undefined : prefixOfSource(made.source);
  if (prefix === undefined) return made;
  if (!makeModel && !(await ports.models.model(scope, name))) noModel(scope, name);
  const { runId } = made;
  const asset = await createAsset(
    scope,
    { name, ...(runId ? { runId } : {}), files: [{ prefix }], tags: {}, properties: {}, meta: {} },
    ports,
  );
  return { ...made, assetId: asset.id };
}

function noModel(scope: Scope, name: string, version?: number): never {
  const what = version === undefined ? `model '${name}'` : `version ${version} of the model '${name}'`;
  throw new MalachiteError("ModelNotFound", `The workspace '${scope.workspace}' has no ${what}.`);
}
