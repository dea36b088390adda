// Which object storage a service keeps its files in, and what opens it.
import { type AzurePlace, openAzureObjects } from "./azureObjects.ts";
import type { Objects } from "./objects.ts";
import { DEFAULT_PATIENCE, type Patience, patient } from "./patience.ts";
import { openS3Objects, type S3Place } from "./s3Objects.ts";

/** What opens the storage. Never logged, never part of a message. */
export type ObjectStorageKeys = {
  readonly accountKey?: string | undefined;
  readonly sasToken?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
};

export type ObjectStoragePlace =
  | ({ readonly kind: "azure" } & AzurePlace)
  | ({ readonly kind: "s3" } & S3Place);

/** Loads the maker's library; asks the storage nothing yet. */
export async function openObjectStorage(
  place: ObjectStoragePlace,
  keys: ObjectStorageKeys,
  patience: Patience = DEFAULT_PATIENCE,
): Promise<Objects> {
  const objects =
    place.kind === "azure"
      ? await openAzureObjects(place, keys, patience)
      : await openS3Objects(place, keys, patience);
  return patient(objects, patience);
}
