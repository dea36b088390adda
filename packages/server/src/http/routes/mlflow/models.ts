// The model registry, as MLflow's clients ask: the same models as the SDK's.
import { mlflow } from "@malachite/contract";
import {
  contentOf,
  type Flow,
  MalachiteError,
  MODEL_STAGES,
  type ModelStage,
  type ModelVersion,
  modelPlace,
  ownerOf,
  placeOfPath,
  placeOfUri,
  proxiedUri,
  runPlace,
  type Scope,
} from "@malachite/core";
import {
  EXPERIMENT_ID,
  experimentOf,
  MODEL_ID,
  modelVersionDto,
  registeredModelDto,
  sourceOf,
} from "../../dto/mlflow/model.ts";
import { type Uris, urisFor } from "../../dto/mlflow/uris.ts";
import { howMany, textsOf, tokenOf } from "../../dto/mlflow/words.ts";
import { given } from "../../dto/run.ts";
import { type Ask, route } from "../../route.ts";

const USUAL_MODELS = 100;
const USUAL_VERSIONS = 10_000;
const MOST_MODELS = 1_000;
const MOST_VERSIONS = 200_000;
const PORTION = 1_000;

const bad = (message: string, target: string) => new MalachiteError("InvalidRequest", message, { target });

/** Throws InvalidRequest for what is no version. */
function versionOf(sent: string | number): number {
  const version = Number(sent);
  if (Number.isSafeInteger(version) && version >= 1) return version;
  throw bad(
    `Parameter 'version' must be a positive whole number, got '${String(sent).slice(0, 60)}'.`,
    "version",
  );
}

function checkModelName(name: string): string {
  if (name.trim() !== "" && name.length <= 255 && !/[/:]/.test(name)) return name;
  throw bad(
    name.trim() === ""
      ? "Registered model name cannot be empty."
      : `Invalid model name '${name.slice(0, 100)}': at most 255 characters, without '/' and ':'.`,
    "name",
  );
}

export const createRegisteredModel = route(mlflow.createRegisteredModel, async (ask, { flow }) => {
  const { name, description, ...sent } = await ask.body();
  const tags = textsOf(sent.tags, "tags");
  refusePrompt(tags);
  const content = { ...given({ description: description || undefined }), tags };
  const made = await flow.models.create(ask.scope, checkModelName(name), content);
  return { registered_model: registeredModelDto(made, urisFor(ask)) };
});

export const renameRegisteredModel = route(mlflow.renameRegisteredModel, async (ask, { flow }) => {
  const { name, new_name: newName } = await ask.body();
  const model = await flow.models.rename(ask.scope, name, checkModelName(newName));
  return { registered_model: registeredModelDto(model, urisFor(ask)) };
});

export const updateRegisteredModel = route(mlflow.updateRegisteredModel, async (ask, { flow }) => {
  const { name, description = "" } = await ask.body();
  const model = await flow.models.change(ask.scope, name, ({ tags }) => ({ tags, description }));
  return { registered_model: registeredModelDto(model, urisFor(ask)) };
});

export const deleteRegisteredModel = route(mlflow.deleteRegisteredModel, async (ask, { flow }) => {
  await flow.models.remove(ask.scope, (await ask.body()).name);
  return {};
});

export const getRegisteredModel = route(mlflow.getRegisteredModel, async (ask, { flow }) => ({
  registered_model: registeredModelDto(await flow.models.get(ask.scope, ask.query.name), urisFor(ask)),
}));

export const searchRegisteredModels = route(mlflow.searchRegisteredModels, async (ask, { flow }) => {
  const { filter, order_by: orderBy, max_results: asked, page_token: token } = ask.query;
  const page = await flow.tracking.searchRegisteredModels(ask.scope, {
    ...given({ filter, orderBy }),
    ...tokenOf(token),
    limit: howMany(asked, USUAL_MODELS, MOST_MODELS),
  });
  const uris = urisFor(ask);
  return {
    registered_models: page.values.map((model) => registeredModelDto(model, uris)),
    ...given({ next_page_token: page.next }),
  };
});

export const listRegisteredModels = route(mlflow.listRegisteredModels, async (ask, { flow }) => {
  const page = await flow.tracking.searchRegisteredModels(ask.scope, {
    ...tokenOf(ask.query.page_token),
    limit: howMany(ask.query.max_results, USUAL_MODELS, MOST_MODELS),
  });
  const uris = urisFor(ask);
  return {
    registered_models: page.values.map((model) => registeredModelDto(model, uris)),
    ...given({ next_page_token: page.next }),
  };
});

function stageOf(text: string): ModelStage {
  const stage = MODEL_STAGES.find((known) => known.toLowerCase() === text.toLowerCase());
  if (stage) return stage;
  throw bad(
    `Invalid Model Version stage: ${text.slice(0, 60)}. Value must be one of ${MODEL_STAGES.join(", ")}.`,
    "stage",
  );
}

async function latest(
  ask: Pick<Ask<typeof mlflow.getLatestVersions>, "scope" | "request" | "base">,
  flow: Flow,
  { name, stages = [] }: { readonly name: string; readonly stages?: readonly string[] },
) {
  const wanted = new Set(stages.map(stageOf));
  const model = await flow.models.get(ask.scope, name);
  const uris = urisFor(ask);
  return {
    model_versions: model.latest
      .filter(({ stage }) => wanted.size === 0 || wanted.has(stage))
      .map((version) => modelVersionDto(version, uris)),
  };
}

export const getLatestVersions = route(mlflow.getLatestVersions, async (ask, { flow }) =>
  latest(ask, flow, await ask.body()),
);
export const getLatestVersionsByQuery = route(mlflow.getLatestVersionsByQuery, (ask, { flow }) =>
  latest(ask, flow, ask.query),
);

export const setRegisteredModelTag = route(mlflow.setRegisteredModelTag, async (ask, { flow }) => {
  const { name, key, value = "" } = await ask.body();
  await flow.models.change(ask.scope, name, (before) => ({
    ...given({ description: before.description }),
    tags: { ...before.tags, [key]: value },
  }));
  return {};
});

const without = (texts: Readonly<Record<string, string>>, gone: string): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([key]) => key !== gone));

export const deleteRegisteredModelTag = route(mlflow.deleteRegisteredModelTag, async (ask, { flow }) => {
  const { name, key } = await ask.body();
  await flow.models.change(ask.scope, name, (before) => ({
    ...given({ description: before.description }),
    tags: without(before.tags, key),
  }));
  return {};
});

function checkAlias(alias: string): string {
  if (!/^[\w-]{1,255}$/.test(alias))
    throw bad(`Invalid alias name: '${alias.slice(0, 60)}'. It has letters, digits, _ and -.`, "alias");
  if (alias.toLowerCase() === "latest" || /^v\d+$/i.test(alias))
    throw bad(`Alias name '${alias.slice(0, 60)}' is reserved. Choose another one.`, "alias");
  return alias;
}

export const setModelAlias = route(mlflow.setModelAlias, async (ask, { flow }) => {
  const { name, alias, version } = await ask.body();
  await flow.models.setAlias(ask.scope, name, checkAlias(alias), versionOf(version));
  return {};
});

export const deleteModelAlias = route(mlflow.deleteModelAlias, async (ask, { flow }) => {
  const { name, alias } = await ask.body();
  await flow.models.removeAlias(ask.scope, name, alias);
  return {};
});

export const getModelVersionByAlias = route(mlflow.getModelVersionByAlias, async (ask, { flow }) => {
  const { name, alias } = ask.query;
  return {
    model_version: modelVersionDto(await flow.models.versionByAlias(ask.scope, name, alias), urisFor(ask)),
  };
});

export const createModelVersion = route(mlflow.createModelVersion, async (ask, { flow }) => {
  const sent = await ask.body();
  const tags = textsOf(sent.tags, "tags");
  refusePrompt(tags);
  const { source, experimentId } = await whereItIs(ask.scope, sent.source, flow);
  const modelId = sent.model_id || loggedIn(source);
  const runId = sent.run_id || (await madeBy(ask.scope, modelId, flow));
  const made = await flow.models.createVersion(ask.scope, sent.name, {
    source,
    createdBy: { name: ask.by.name, objectId: ask.by.objectId, tenantId: ask.by.tenantId },
    ...given({
      runId: runId || undefined,
      runLink: sent.run_link || undefined,
      description: sent.description || undefined,
    }),
    tags,
    more: given({ [MODEL_ID]: modelId, [EXPERIMENT_ID]: experimentId }),
  });
  return { model_version: modelVersionDto(made, urisFor(ask)) };
});

/** Prompts would be models by this tag. Throws NotOffered. */
function refusePrompt(tags: Readonly<Record<string, string>>): void {
  if (tags["mlflow.prompt.is_prompt"] === "true")
    throw new MalachiteError("NotOffered", "This service registers models; it has no prompts of MLflow.");
}

/** The logged model that a source names, if it names one. */
const loggedIn = (source: string): string | undefined => /^models:\/(m-[0-9a-f]+)$/.exec(source)?.[1];

const madeBy = async (scope: Scope, modelId: string | undefined, flow: Flow) =>
  modelId ? (await flow.tracking.model(scope, modelId)).sourceRunId : undefined;

/**
 * The place of the files in the one spelling that every client's is made from; a source elsewhere as it is. A local path of the
 * client is refused, since nobody else would find it.
 */
async function whereItIs(
  scope: Scope,
  source: string,
  flow: Flow,
): Promise<{ readonly source: string; readonly experimentId?: string }> {
  if (
    source === "" ||
    source.startsWith("/") ||
    source.startsWith("file:") ||
    !/^[a-z][\w+.-]*:/i.test(source)
  )
    throw bad(
      `Invalid model version source: '${source.slice(0, 200)}'. Log the model to a run first; a path of the client's own machine cannot be registered.`,
      "source",
    );
  const logged = loggedIn(source);
  if (logged !== undefined) {
    await flow.tracking.model(scope, logged);
    return { source };
  }
  const byRun = /^runs:\/+([^/]+)(?:\/(.*))?$/s.exec(source);
  const place = byRun ? runPlace(byRun[1] ?? "", byRun[2] ?? "") : placeOfUri(source);
  const owner = place && ownerOf(place.container);
  if (place === undefined || owner === undefined) return { source };
  if (!("run" in owner)) return { source: proxiedUri(place) };
  const { run } = await flow.tracking.run(scope, owner.run);
  return { source: proxiedUri(place), experimentId: run.experimentId };
}

export const getModelVersion = route(mlflow.getModelVersion, async (ask, { flow }) => {
  const version = await flow.models.version(ask.scope, ask.query.name, versionOf(ask.query.version));
  return { model_version: modelVersionDto(version, urisFor(ask)) };
});

export const updateModelVersion = route(mlflow.updateModelVersion, async (ask, { flow }) => {
  const { name, version, description = "" } = await ask.body();
  const changed = await flow.models.changeVersion(ask.scope, name, versionOf(version), (before) => ({
    ...contentOf(before),
    description,
  }));
  return { model_version: modelVersionDto(changed, urisFor(ask)) };
});

export const deleteModelVersion = route(mlflow.deleteModelVersion, async (ask, { flow }) => {
  const { name, version } = await ask.body();
  const number = versionOf(version);
  if (!(await flow.models.removeVersion(ask.scope, name, number)))
    throw new MalachiteError("ModelNotFound", `Model Version (name=${name}, version=${number}) not found`, {
      target: "version",
    });
  return {};
});

export const searchModelVersions = route(mlflow.searchModelVersions, async (ask, { flow }) => {
  const { filter, order_by: orderBy, max_results: asked, page_token: token } = ask.query;
  const page = await flow.tracking.searchModelVersions(ask.scope, {
    ...given({ filter, orderBy }),
    ...tokenOf(token),
    limit: Math.min(PORTION, howMany(asked, USUAL_VERSIONS, MOST_VERSIONS)),
  });
  const uris = urisFor(ask);
  return {
    model_versions: page.values.map((version) => modelVersionDto(version, uris)),
    ...given({ next_page_token: page.next }),
  };
});

export const getModelVersionDownloadUri = route(mlflow.getModelVersionDownloadUri, async (ask, { flow }) => {
  const version = await flow.models.version(ask.scope, ask.query.name, versionOf(ask.query.version));
  const uris = urisFor(ask);
  const logged = loggedIn(version.source ?? "");
  if (logged !== undefined) {
    const model = await flow.tracking.model(ask.scope, logged, true);
    return { artifact_uri: uris(modelPlace(model), model.experimentId) };
  }
  const named = sourceOf(version, uris) ?? (await placeOfAsset(ask.scope, version, flow, uris));
  if (named !== undefined) return { artifact_uri: named };
  throw bad(
    "The version has no files of a run: only the SDK, which registered it, can download it.",
    "version",
  );
});

/** Where the files are of a version that the SDK registered: what its asset names, when that is a run's. */
async function placeOfAsset(
  scope: Scope,
  version: ModelVersion,
  flow: Flow,
  uris: Uris,
): Promise<string | undefined> {
  if (version.assetId === undefined) return undefined;
  const asset = await flow.assets.get(scope, version.assetId);
  const files = asset.files[0]?.prefix ?? asset.files[0]?.id ?? "";
  const path = /^(?:aml:\/\/artifactId\/)?ExperimentRun\/(dcid\..+)$/i.exec(files)?.[1];
  return path === undefined ? undefined : uris(placeOfPath(path), experimentOf(version));
}

export const transitionModelVersionStage = route(
  mlflow.transitionModelVersionStage,
  async (ask, { flow }) => {
    const { name, version, stage, archive_existing_versions: archiveOthers = false } = await ask.body();
    const to = stageOf(stage);
    if (archiveOthers && to !== "Staging" && to !== "Production")
      throw bad(
        "Model version transition cannot archive existing model versions because their stage is not active. Valid stages are Staging, Production.",
        "archive_existing_versions",
      );
    const changed = await flow.models.setStage(ask.scope, name, versionOf(version), to, { archiveOthers });
    return { model_version: modelVersionDto(changed, urisFor(ask)) };
  },
);

export const setModelVersionTag = route(mlflow.setModelVersionTag, async (ask, { flow }) => {
  const { name, version, key, value = "" } = await ask.body();
  await flow.models.changeVersion(ask.scope, name, versionOf(version), (before) => ({
    ...contentOf(before),
    tags: { ...before.tags, [key]: value },
  }));
  return {};
});

export const deleteModelVersionTag = route(mlflow.deleteModelVersionTag, async (ask, { flow }) => {
  const { name, version, key } = await ask.body();
  await flow.models.changeVersion(ask.scope, name, versionOf(version), (before) => ({
    ...contentOf(before),
    tags: without(before.tags, key),
  }));
  return {};
});
