// Datastores as the outside uses them: those that every workspace has, and those that users register.
import type { datastore as contract } from "@malachite/contract";
import {
  BUILT_IN,
  type Datastore,
  datastoreName,
  FIRST_DEFAULT,
  isBuiltIn,
  readDatastore,
  together,
} from "../domain/datastore/datastore.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { type JsonObject, type Scope, workspaceKey } from "../domain/scope.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import type { FlowPorts } from "./ports.ts";

/** One with its secrets where they were asked for, or a container of the service's own blobs. */
export type ShownDatastore =
  | { readonly kind: "registered"; readonly datastore: Datastore; readonly section: JsonObject }
  | { readonly kind: "own"; readonly name: string; readonly container: string }
  /** One that the settings give to every workspace. Clients are not told how it is reached. */
  | { readonly kind: "named"; readonly name: string; readonly of: string };

export type SecretsAsk = { readonly secrets: boolean };

/** `flow.datastores`. */
export interface DatastoreFlow {
  /** In order of name. `after` is the last name of the page before. */
  list(
    scope: Scope,
    ask: SecretsAsk & {
      readonly names?: readonly string[];
      readonly after?: string;
      readonly limit: number;
    },
  ): Promise<{ readonly values: readonly ShownDatastore[]; readonly next?: string }>;
  /** Throws DatastoreNotFound. */
  get(scope: Scope, name: string, ask: SecretsAsk): Promise<ShownDatastore>;
  /** Throws DatastoreExists, InvalidRequest. */
  create(scope: Scope, sent: contract.DataStore): Promise<void>;
  /** Throws DatastoreNotFound, DatastoreFixed, InvalidRequest. */
  update(
    scope: Scope,
    name: string,
    sent: contract.DataStore,
    options: { readonly make: boolean },
  ): Promise<void>;
  /** One, or all that users registered. False when there was none. Throws DatastoreFixed. */
  remove(scope: Scope, name: string | undefined): Promise<boolean>;
  default(scope: Scope, ask: SecretsAsk): Promise<ShownDatastore>;
  /** Throws DatastoreNotFound. */
  setDefault(scope: Scope, name: string): Promise<void>;
}

type DatastorePorts = Pick<FlowPorts, "datastores" | "secretBox" | "workspaces" | "clock" | "settings">;

export function datastoreFlow(ports: DatastorePorts): DatastoreFlow {
  const { datastores, secretBox, clock } = ports;
  const { namedDatastores } = ports.settings;
  const named = (name: string): ShownDatastore | undefined => {
    const of = Object.hasOwn(namedDatastores, name) ? namedDatastores[name] : undefined;
    return of === undefined ? undefined : { kind: "named", name, of };
  };
  const isFixed = (name: string): boolean => isBuiltIn(name) || named(name) !== undefined;
  const own = (scope: Scope, name: keyof typeof BUILT_IN): ShownDatastore => ({
    kind: "own",
    name,
    container: `${BUILT_IN[name]}-${ports.settings.workspaceId(workspaceKey(scope))}`,
  });
  const shown = (datastore: Datastore, { secrets }: SecretsAsk): ShownDatastore => {
    const { sealed, section } = datastore;
    const hidden = secrets && sealed ? (JSON.parse(secretBox.open(sealed)) as JsonObject) : {};
    return { kind: "registered", datastore, section: together(section, hidden) };
  };
  const get = async (scope: Scope, asked: string, ask: SecretsAsk): Promise<ShownDatastore> => {
    const name = datastoreName(asked);
    if (isBuiltIn(name)) return own(scope, name);
    const fixed = named(name);
    if (fixed) return fixed;
    const found = await datastores.get(scope, name);
    if (found) return shown(found, ask);
    throw missing(scope, asked);
  };
  const read = (scope: Scope, sent: contract.DataStore) => {
    const { secrets, ...datastore } = readDatastore(sent);
    const sealed = Object.keys(secrets).length === 0 ? undefined : secretBox.seal(JSON.stringify(secrets));
    return { scope, ...datastore, ...(sealed === undefined ? {} : { sealed }) };
  };
  return {
    get,
    async list(scope, { names, after, limit, ...ask }) {
      const wanted = names?.map(datastoreName);
      const registered = await datastores.list(scope, {
        ...(wanted ? { names: wanted } : {}),
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      });
      const fixed = [...Object.keys(BUILT_IN), ...Object.keys(namedDatastores)].filter(
        (name) => (after === undefined || name > after) && (wanted?.includes(name) ?? true),
      );
      const all = [
        ...registered.flatMap((one) => (isFixed(one.name) ? [] : [[one.name, shown(one, ask)] as const])),
        ...(await Promise.all(fixed.map(async (name) => [name, await get(scope, name, ask)] as const))),
      ].sort(([a], [b]) => (a < b ? -1 : 1));
      const page = all.slice(0, limit);
      const last = all.length > limit ? page.at(-1)?.[0] : undefined;
      return { values: page.map(([, one]) => one), ...(last === undefined ? {} : { next: last }) };
    },
    async create(scope, sent) {
      await allowWorkspace(scope, ports);
      const datastore = read(scope, sent);
      if (isFixed(datastore.name) || !(await datastores.create(datastore, clock.now()))) {
        // Clients look for these very words, and go on by changing the one that is there.
        const words = `Another datastore with the same name already exists: '${datastore.name}'.`;
        throw new MalachiteError("DatastoreExists", words, { target: "name" });
      }
    },
    async update(scope, asked, sent, { make }) {
      const name = datastoreName(asked);
      if (isFixed(name)) throw fixed(name, "changed");
      await allowWorkspace(scope, ports);
      const datastore = { ...read(scope, { ...sent, name: sent.name ?? name }), name };
      if (await datastores.replace(datastore, clock.now())) return;
      if (!make) throw missing(scope, asked);
      if (!(await datastores.create(datastore, clock.now())))
        await datastores.replace(datastore, clock.now());
    },
    async remove(scope, asked) {
      const name = asked === undefined ? undefined : datastoreName(asked);
      if (name !== undefined && isFixed(name)) throw fixed(name, "removed");
      return datastores.remove(scope, name);
    },
    default: async (scope, ask) => get(scope, (await datastores.defaultName(scope)) ?? FIRST_DEFAULT, ask),
    async setDefault(scope, asked) {
      await get(scope, asked, { secrets: false });
      await allowWorkspace(scope, ports);
      await datastores.setDefault(scope, datastoreName(asked), clock.now());
    },
  };
}

const missing = (scope: Scope, name: string) =>
  new MalachiteError(
    "DatastoreNotFound",
    `The workspace '${scope.workspace}' has no datastore '${name}'. Every workspace has: ${Object.keys(BUILT_IN).join(", ")}.`,
    { target: "name" },
  );

const fixed = (name: string, what: string) =>
  new MalachiteError(
    "DatastoreFixed",
    `The datastore '${name}' belongs to every workspace and cannot be ${what}.`,
    { target: "name" },
  );
