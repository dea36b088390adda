// Registered models and versions as MLflow's clients read them.
import type { mlflow } from "@malachite/contract";
import { type ModelVersion, placeOfUri, type RegisteredModel } from "@malachite/core";
import type { Uris } from "./uris.ts";
import { keyValues } from "./words.ts";

/** The id of the logged model that a version was made from, kept among what else is known of a version. */
export const MODEL_ID = "mlflowModelId";
/** The experiment of the run that has its files: part of the plug-in's URIs. */
export const EXPERIMENT_ID = "mlflowExperimentId";

/** The experiment that URIs of the version name. */
export function experimentOf({ more, experimentName }: ModelVersion): string {
  const id = more[EXPERIMENT_ID];
  return typeof id === "string" ? id : (experimentName ?? "");
}

/** Files of a run are named as the asking client reads them, whoever registered the version. */
export function sourceOf(version: ModelVersion, uris: Uris): string | undefined {
  const place = version.source === undefined ? undefined : placeOfUri(version.source);
  return place === undefined ? version.source : uris(place, experimentOf(version));
}

export function modelVersionDto(version: ModelVersion, uris: Uris): mlflow.ModelVersion {
  const modelId = version.more[MODEL_ID];
  return {
    name: version.name,
    version: String(version.version),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.changedAt,
    user_id: version.createdBy.name,
    current_stage: version.stage,
    description: version.description ?? "",
    source: sourceOf(version, uris) ?? "",
    run_id: version.runId ?? "",
    run_link: version.runLink ?? "",
    status: "READY",
    tags: keyValues(version.tags),
    aliases: [...version.aliases],
    ...(typeof modelId === "string" ? { model_id: modelId } : {}),
  };
}

export const registeredModelDto = (model: RegisteredModel, uris: Uris): mlflow.RegisteredModel => ({
  name: model.name,
  creation_timestamp: model.createdAt,
  last_updated_timestamp: model.changedAt,
  description: model.description ?? "",
  latest_versions: model.latest.map((version) => modelVersionDto(version, uris)),
  tags: keyValues(model.tags),
  aliases: Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) })),
});
