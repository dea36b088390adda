// Model management: registered models by name:version, and the assets that name their files.
import { modelmanagement } from "@malachite/contract";
import {
  ASSET_URL,
  type AssetField,
  type Condition,
  isMalachiteError,
  MalachiteError,
  MORE_OF_MODEL,
  type ModelCondition,
  type ModelVersionsAsk,
  type NewModelVersion,
  type Principal,
  textsOf,
} from "@malachite/core";
import { assetDto, modelDto } from "../dto/model.ts";
import { given } from "../dto/run.ts";
import { DEFAULT_PAGE, LARGEST_PAGE } from "../paging.ts";
import { route } from "../route.ts";

type Filters = {
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  readonly tags?: string | undefined;
  readonly properties?: string | undefined;
  readonly runId?: string | undefined;
};
type ModelFilters = Filters & {
  readonly version?: string | undefined;
  readonly framework?: string | undefined;
  readonly modelFramework?: string | undefined;
  readonly description?: string | undefined;
  readonly datasetId?: string | undefined;
  readonly count?: number | undefined;
  readonly orderBy?: Order | undefined;
  readonly latestVersionOnly?: boolean | undefined;
};
type Order = "CreatedAtDesc" | "CreatedAtAsc" | "UpdatedAtDesc" | "UpdatedAtAsc";

const orderOf = (order: Order = "CreatedAtDesc") => [
  {
    by: order.startsWith("Created") ? ("createdAt" as const) : ("changedAt" as const),
    descending: order.endsWith("Desc"),
  },
];

const is = <F extends string>(name: F, value: string | number | undefined): readonly Condition<F>[] =>
  value === undefined || value === "" ? [] : [{ on: { of: "field", name }, is: "eq", value }];

/** `k,k2=v`: keys that must be there, or have that value. */
const labels = (of: "tags" | "properties", text: string | undefined): readonly Condition<never>[] =>
  (text ?? "").split(",").flatMap((part): readonly Condition<never>[] => {
    const [key = "", ...value] = part.split("=");
    if (key === "") return [];
    const on = { of, key } as const;
    return [value.length === 0 ? { on, is: "set" } : { on, is: "eq", value: value.join("=") }];
  });

const commonConditions = (query: Filters): readonly Condition<"name" | "runId">[] => [
  ...is("name", query.name),
  ...is("runId", query.runId),
  ...labels("tags", query.tags),
  ...labels("tags", query.tag),
  ...labels("properties", query.properties),
];

function modelsAsk(query: ModelFilters, after: string | undefined): ModelVersionsAsk {
  if (query.datasetId)
    throw new MalachiteError(
      "UnsupportedOperation",
      "Datasets are not kept by this service, so models cannot be listed by one. Use a tag or property.",
      { target: "datasetId" },
    );
  const conditions: readonly ModelCondition[] = [
    ...commonConditions(query),
    ...is("framework", query.framework ?? query.modelFramework),
    ...is("description", query.description),
    ...is("version", query.version === undefined ? undefined : (versionOf(query.version) ?? 0)),
  ];
  return {
    conditions,
    order: orderOf(query.orderBy),
    latest: query.latestVersionOnly === true,
    limit: Math.min(query.count ?? DEFAULT_PAGE, LARGEST_PAGE),
    ...(after ? { after } : {}),
  };
}

const versionOf = (text: string): number | undefined =>
  /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;

/** A model as its id names it; a name may hold colons, a version none. */
function idOf(id: string): { readonly name: string; readonly version: number } | undefined {
  const [, name, version] = /^(.+):([^:]+)$/s.exec(id) ?? [];
  const number = version === undefined ? undefined : versionOf(version);
  return name === undefined || number === undefined ? undefined : { name, version: number };
}

function knownId(id: string): { readonly name: string; readonly version: number } {
  const known = idOf(id);
  if (known) return known;
  throw new MalachiteError("ModelNotFound", `There is no model '${id}'. The id of a model is name:version.`, {
    target: "id",
  });
}

/** The last page has none: older clients go on as long as there is one. */
function next(base: string, url: string, token: string | undefined): { readonly nextLink?: string } {
  if (token === undefined) return {};
  const link = new URL(url, "http://unused");
  for (const name of [...link.searchParams.keys()])
    if (name.toLowerCase() === "$skiptoken") link.searchParams.delete(name);
  link.searchParams.set("$skipToken", token);
  return { nextLink: `${base}${link.pathname}${link.search}` };
}

export const listModels = route(
  modelmanagement.listModels,
  async ({ scope, query, base, request }, { flow }) => {
    const page = await flow.models.searchVersions(scope, modelsAsk(query, query.$skipToken));
    return { value: page.values.map(modelDto), ...next(base, request.url, page.next) };
  },
);

export const listModelsByBody = route(modelmanagement.listModelsByBody, async ({ scope, body }, { flow }) => {
  const query = await body();
  const page = await flow.models.searchVersions(scope, modelsAsk(query, query.skipToken));
  return { value: page.values.map(modelDto), ...given({ continuationToken: page.next }) };
});

export const registerModel = route(modelmanagement.registerModel, async ({ scope, body, by }, { flow }) => {
  const sent = await body();
  const made = newVersion(sent, by);
  try {
    return modelDto(await flow.models.createVersion(scope, sent.name, made, { makeModel: true }));
  } catch (error) {
    // Not found would tell the client that the model is missing; it is its url that is wrong.
    if (!isMalachiteError(error) || error.code !== "AssetNotFound") throw error;
    throw new MalachiteError("InvalidRequest", `The model's url names no asset: ${error.message}`, {
      target: "url",
    });
  }
});

function newVersion(sent: modelmanagement.RegisterModel, by: Principal): NewModelVersion {
  const { url, description, framework, frameworkVersion, runId, experimentName, kvTags, properties } = sent;
  const assetId = url.startsWith(ASSET_URL) ? url.slice(ASSET_URL.length) : undefined;
  return {
    ...given({ description, framework, frameworkVersion, runId, experimentName }),
    ...(assetId === undefined ? { source: url } : { assetId }),
    tags: textsOf(kvTags, "kvTags"),
    properties: textsOf(properties, "properties"),
    more: given(Object.fromEntries(MORE_OF_MODEL.map((name) => [name, sent[name]]))),
    createdBy: { name: by.name, objectId: by.objectId, tenantId: by.tenantId },
  };
}

export const getModel = route(modelmanagement.getModel, async ({ scope, params }, { flow }) => {
  const { name, version } = knownId(params.id);
  return modelDto(await flow.models.version(scope, name, version));
});

export const patchModel = route(modelmanagement.patchModel, async ({ scope, params, body }, { flow }) => {
  const { name, version } = knownId(params.id);
  return modelDto(await flow.models.patchVersion(scope, name, version, await body()));
});

export const deleteModel = route(modelmanagement.deleteModel, async ({ scope, params, reply }, { flow }) => {
  const known = idOf(params.id);
  const there = known !== undefined && (await flow.models.removeVersion(scope, known.name, known.version));
  reply.code(there ? 200 : 204);
  return undefined;
});

export const listAssets = route(
  modelmanagement.listAssets,
  async ({ scope, query, base, request }, { flow }) => {
    const conditions: readonly Condition<AssetField>[] = [
      ...commonConditions(query),
      ...is("type", query.type),
    ];
    const page = await flow.assets.list(scope, {
      conditions,
      order: orderOf(query.orderby),
      limit: Math.min(query.count ?? DEFAULT_PAGE, LARGEST_PAGE),
      ...given({ after: query.$skipToken || undefined }),
    });
    return { value: page.values.map(assetDto), ...next(base, request.url, page.next) };
  },
);

export const createAsset = route(modelmanagement.createAsset, async ({ scope, body }, { flow }) => {
  const { name, type, description, runid, artifacts = [], ...texts } = await body();
  const asset = await flow.assets.create(scope, {
    name,
    ...given({ type, description, runId: runid }),
    files: artifacts,
    tags: textsOf(texts.kvTags, "kvTags"),
    properties: textsOf(texts.properties, "properties"),
    meta: textsOf(texts.meta, "meta"),
  });
  return assetDto(asset);
});

export const getAsset = route(modelmanagement.getAsset, async ({ scope, params }, { flow }) =>
  assetDto(await flow.assets.get(scope, params.id)),
);

export const patchAsset = route(modelmanagement.patchAsset, async ({ scope, params, body }, { flow }) =>
  assetDto(await flow.assets.patch(scope, params.id, await body())),
);

export const deleteAsset = route(modelmanagement.deleteAsset, async ({ scope, params, reply }, { flow }) => {
  reply.code((await flow.assets.remove(scope, params.id)) ? 200 : 204);
  return undefined;
});
