// Models and assets as model management shows them. What has no value is null: older clients read it without asking.
import type { modelmanagement } from "@malachite/contract";
import { ASSET_URL, type Asset, type ModelVersion } from "@malachite/core";
import { dateText } from "./dates.ts";

type Model = modelmanagement.Model;

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

export const modelId = ({ name, version }: Pick<ModelVersion, "name" | "version">): string =>
  `${name}:${version}`;

export const modelDto = (model: ModelVersion): Model => ({
  id: modelId(model),
  name: model.name,
  version: model.version,
  framework: model.framework ?? null,
  frameworkVersion: model.frameworkVersion ?? null,
  datasets: (model.more.datasets as Model["datasets"] | null | undefined) ?? [],
  url: model.assetId === undefined ? (model.source ?? "") : `${ASSET_URL}${model.assetId}`,
  mimeType: text(model.more.mimeType) ?? "application/json",
  description: model.description ?? null,
  createdTime: dateText(model.createdAt),
  modifiedTime: dateText(model.changedAt),
  createdBy: {
    userObjectId: model.createdBy.objectId,
    userTenantId: model.createdBy.tenantId,
    userName: model.createdBy.name,
  },
  unpack: model.more.unpack === true,
  parentModelId: text(model.more.parentModelId),
  derivedModelIds: [],
  runId: model.runId ?? null,
  experimentName: model.experimentName ?? null,
  kvTags: model.tags,
  properties: model.properties,
  sampleInputData: text(model.more.sampleInputData),
  sampleOutputData: text(model.more.sampleOutputData),
  resourceRequirements:
    (model.more.resourceRequirements as Model["resourceRequirements"] | undefined) ?? null,
});

export const assetDto = (asset: Asset): modelmanagement.Asset => ({
  id: asset.id,
  name: asset.name,
  type: asset.type ?? null,
  description: asset.description ?? null,
  artifacts: [...asset.files],
  kvTags: asset.tags,
  properties: asset.properties,
  runid: asset.runId ?? null,
  meta: asset.meta,
  createdTime: dateText(asset.createdAt),
});
