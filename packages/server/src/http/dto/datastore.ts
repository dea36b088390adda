// Datastores as the wire shows them. The service's own are storage containers of this very address.
import type { datastore } from "@malachite/contract";
import { type JsonObject, type ShownDatastore, sectionName } from "@malachite/core";
import { accountBase, type BlobLinks } from "../auth/sas.ts";

/** All that a client does with a container: read, append, create, write, delete, list. */
const ALL = "racwdl";

type Show = { readonly base: string; readonly secrets: boolean; readonly blobs: BlobLinks };

export function datastoreDto(shown: ShownDatastore, show: Show): datastore.DataStore {
  if (shown.kind === "own") return ownDto(shown, show);
  // What it is and how it is reached is the operator's; to a client it is a name.
  if (shown.kind === "named")
    return { name: shown.name, dataStoreType: "Custom", hasBeenValidated: true, tags: { kind: shown.of } };
  const { name, type, tags } = shown.datastore;
  const section = sectionName(type);
  const words = section === "azureStorageSection" ? storageSection(shown.section) : shown.section;
  return {
    name,
    dataStoreType: type,
    hasBeenValidated: false,
    tags,
    ...(section === undefined ? {} : { [section]: words }),
  };
}

/** Clients put the URL together as `https://{accountName}.blob.{endpoint}/{containerName}/…`; see accountBase. */
function ownDto(
  { name, container }: ShownDatastore & { readonly kind: "own" },
  { base, secrets, blobs }: Show,
): datastore.DataStore {
  const [accountName = "", endpoint = ""] = accountBase(base).slice("https://".length).split(".blob.");
  const sas = secrets ? blobs.token({ container, permissions: ALL }) : undefined;
  return {
    name,
    dataStoreType: "AzureBlob",
    hasBeenValidated: true,
    tags: {},
    azureStorageSection: {
      accountName,
      containerName: container,
      endpoint,
      protocol: "https",
      credentialType: "Sas",
      isSas: true,
      ...(sas === undefined ? {} : { credential: sas, sasToken: sas }),
    },
  };
}

/** Where Azure's own storage is, for a registration that does not say. Clients take the answer's word for it. */
const AZURE = { protocol: "https", endpoint: "core.windows.net" } as const;

/** A storage's secret is sent under one name and read under the name of its kind. */
function storageSection(section: JsonObject): JsonObject {
  const { credentialType, credential } = section;
  const secret = credentialType === "Sas" ? "sasToken" : "accountKey";
  const isKnown = credentialType === "Sas" || credentialType === "AccountKey";
  return {
    ...AZURE,
    ...section,
    ...(isKnown ? { isSas: credentialType === "Sas" } : {}),
    ...(isKnown && credential ? { [secret]: credential } : {}),
  };
}
