// A datastore: a named storage of a workspace. Which of its words are secrets, what each kind needs, and the two that every
// workspace has. Pure.
import { datastore as contract } from "@malachite/contract";
import { type Detail, MalachiteError } from "../failure/malachiteError.ts";
import { type Instant, isObject, type JsonObject, type Scope } from "../scope.ts";

export type DatastoreType = (typeof contract.DATA_STORE_TYPES)[number];

/** What a user registered. `section` has the kind's own words without the secret ones. */
export type Datastore = {
  readonly scope: Scope;
  /** In lower case. */
  readonly name: string;
  readonly type: DatastoreType;
  readonly tags: Readonly<Record<string, string>>;
  readonly section: JsonObject;
  /** The secret words of the section, not to be read by who has the records. */
  readonly sealed?: string;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
};

/** Those that every workspace has: containers of the data folder. */
export const BUILT_IN = {
  workspaceblobstore: "azureml-blobstore",
  workspacefilestore: "azureml-filestore",
} as const;
export type BuiltIn = keyof typeof BUILT_IN;
export const FIRST_DEFAULT: BuiltIn = "workspaceblobstore";
export const isBuiltIn = (name: string): name is BuiltIn => Object.hasOwn(BUILT_IN, name);

/** Names are the same in any case, and shown in lower case. */
export const datastoreName = (name: string): string => name.toLowerCase();

/** Where the wire keeps each kind's words, and which of them it cannot do without. */
const SECTIONS = {
  AzureBlob: { section: "azureStorageSection", needs: ["accountName", "containerName"] },
  AzureFile: { section: "azureStorageSection", needs: ["accountName", "containerName"] },
  AzureDataLakeGen2: { section: "azureStorageSection", needs: ["accountName", "containerName"] },
  AzureDataLake: { section: "azureDataLakeSection", needs: ["storeName"] },
  AzureSqlDatabase: { section: "azureSqlDatabaseSection", needs: ["serverName", "databaseName"] },
  AzurePostgreSql: { section: "azurePostgreSqlSection", needs: ["serverName", "databaseName"] },
  AzureMySql: { section: "azureMySqlSection", needs: ["serverName", "databaseName"] },
  Hdfs: { section: "hdfsSection", needs: ["nameNodeAddress"] },
  GlusterFs: { section: "glusterFsSection", needs: ["serverAddress", "volumeName"] },
  DBFS: { section: undefined, needs: [] },
  Custom: { section: undefined, needs: [] },
} as const satisfies Record<
  DatastoreType,
  { section: keyof contract.DataStore | undefined; needs: string[] }
>;

export const sectionName = (type: DatastoreType): keyof contract.DataStore | undefined =>
  SECTIONS[type].section;

const SECRETS = new Set([
  "credential",
  "accountkey",
  "sastoken",
  "clientsecret",
  "certificate",
  "userpassword",
  "credentialvalue",
]);

/** What is registered, without the secret words; those apart. Throws InvalidRequest naming every fault. */
export function readDatastore(sent: contract.DataStore): {
  readonly name: string;
  readonly type: DatastoreType;
  readonly tags: Readonly<Record<string, string>>;
  readonly section: JsonObject;
  readonly secrets: JsonObject;
} {
  const { name = "", dataStoreType: type } = sent;
  const faults: Detail[] = [];
  if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name))
    faults.push({
      target: "name",
      message: "The name of a datastore is 1 to 255 letters, digits, underscores or dashes.",
    });
  if (type === undefined) {
    const known = contract.DATA_STORE_TYPES.join(", ");
    faults.push({ target: "dataStoreType", message: `'dataStoreType' is required: one of ${known}.` });
    throw refuse(faults);
  }
  const { section: at, needs } = SECTIONS[type];
  const section = (at === undefined ? {} : (sent[at] ?? {})) as JsonObject;
  for (const word of needs)
    if (!section[word])
      faults.push({ target: `${at}.${word}`, message: `A datastore of the type ${type} needs '${word}'.` });
  if (faults.length > 0) throw refuse(faults);
  return { name: datastoreName(name), type, tags: sent.tags ?? {}, ...apart(section) };
}

function refuse(faults: readonly Detail[]): MalachiteError {
  const [first] = faults;
  return new MalachiteError("InvalidRequest", `${first?.target}: ${first?.message}`, {
    target: first?.target,
    details: faults,
  });
}

/** The open words and the secret ones, each in the same nesting. */
function apart(section: JsonObject): { readonly section: JsonObject; readonly secrets: JsonObject } {
  const open: [string, unknown][] = [];
  const secret: [string, unknown][] = [];
  for (const [key, value] of Object.entries(section)) {
    if (isObject(value)) {
      const inner = apart(value);
      open.push([key, inner.section]);
      if (Object.keys(inner.secrets).length > 0) secret.push([key, inner.secrets]);
    } else (SECRETS.has(key.toLowerCase()) ? secret : open).push([key, value]);
  }
  return { section: Object.fromEntries(open), secrets: Object.fromEntries(secret) };
}

/** The section with its secret words in their places again. */
export function together(section: JsonObject, secrets: JsonObject): JsonObject {
  const nested = Object.entries(secrets).map(([key, value]) => {
    const inner = section[key];
    return [key, isObject(value) && isObject(inner) ? together(inner, value) : value] as const;
  });
  return { ...section, ...Object.fromEntries(nested) };
}
