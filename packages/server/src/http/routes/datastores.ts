// Datastores: registered, listed, changed, unregistered, and the default.
import { datastore } from "@malachite/contract";
import { datastoreDto } from "../dto/datastore.ts";
import { given } from "../dto/run.ts";
import { LARGEST_PAGE } from "../paging.ts";
import { route } from "../route.ts";

/** The contract's own. */
const DEFAULT_COUNT = 30;

export const listDataStores = route(
  datastore.listDataStores,
  async ({ scope, query, base }, { flow, auth }) => {
    const { dataStoreNames, continuationToken, count = DEFAULT_COUNT, includeSecret: secrets = true } = query;
    const page = await flow.datastores.list(scope, {
      ...given({ names: dataStoreNames?.flatMap((names) => names.split(",")) }),
      ...given({ after: continuationToken || undefined }),
      limit: Math.min(count, LARGEST_PAGE),
      secrets,
    });
    return {
      value: page.values.map((one) => datastoreDto(one, { base, secrets, blobs: auth.blobs })),
      ...given({ continuationToken: page.next }),
    };
  },
);

export const getDataStore = route(
  datastore.getDataStore,
  async ({ scope, params, query, base }, { flow, auth }) => {
    const { includeSecret: secrets = true } = query;
    const found = await flow.datastores.get(scope, params.name, { secrets });
    return datastoreDto(found, { base, secrets, blobs: auth.blobs });
  },
);

export const getDefaultDataStore = route(
  datastore.getDefaultDataStore,
  async ({ scope, query, base }, { flow, auth }) => {
    const { includeSecret: secrets = true } = query;
    const found = await flow.datastores.default(scope, { secrets });
    return datastoreDto(found, { base, secrets, blobs: auth.blobs });
  },
);

export const createDataStore = route(datastore.createDataStore, async ({ scope, body }, { flow }) => {
  await flow.datastores.create(scope, await body());
  return undefined;
});

export const updateDataStore = route(
  datastore.updateDataStore,
  async ({ scope, params, query, body }, { flow }) => {
    const make = query.createIfNotExists === true;
    await flow.datastores.update(scope, params.name, await body(), { make });
    return undefined;
  },
);

export const deleteDataStore = route(
  datastore.deleteDataStore,
  async ({ scope, params, reply }, { flow }) => {
    reply.code((await flow.datastores.remove(scope, params.name)) ? 200 : 204);
    return undefined;
  },
);

export const deleteDataStores = route(datastore.deleteDataStores, async ({ scope }, { flow }) => {
  await flow.datastores.remove(scope, undefined);
  return undefined;
});

export const setDefaultDataStore = route(
  datastore.setDefaultDataStore,
  async ({ scope, params }, { flow }) => {
    await flow.datastores.setDefault(scope, params.name);
    return undefined;
  },
);
