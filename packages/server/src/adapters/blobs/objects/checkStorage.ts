// What a start finds out about its object storage, so that no run does later.
import { MalachiteError } from "@malachite/core";
import type { Objects } from "./objects.ts";

/** Written once and left there. No key of the stores is the same: theirs lie in folders. */
const MARK = "malachite";
const TEXT = Buffer.from("Malachite keeps files here.\n");

/**
 * Throws StorageFailed where the place is not there, the key does not open it, or writes with conditions are not known; StorageAway.
 * `isGuest`: it is only read, and not looked at by a HEAD, whose answer has no body: S3 says there which of bucket and object is missing.
 */
export async function checkStorage(objects: Objects, isGuest: boolean): Promise<void> {
  if (isGuest) {
    await objects.get(MARK);
    return;
  }
  const onlyNew = { condition: { ifNone: true } } as const;
  for (let written = 0; written < 2; written += 1)
    if ((await objects.put(MARK, TEXT, onlyNew)) === undefined) return;
  throw new MalachiteError(
    "StorageFailed",
    `The object storage ${objects.place} does not know writes with conditions (If-None-Match): it has written one object twice that was to be written only if it was not there. Servers would overwrite each other's changes. Give --blobs a storage that does, as MinIO, or keep files in the data folder.`,
  );
}
