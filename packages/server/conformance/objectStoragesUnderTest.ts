// Object storages that run on this machine, as places that a service can keep its files in.
import { createHash } from "node:crypto";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { ObjectStorageKeys, ObjectStoragePlace } from "../src/adapters/blobs/objects/index.ts";
import { startAzurite, startMoto } from "./storageServers.ts";

export type ObjectStorageUnderTest = AsyncDisposable & {
  /** A part of the storage that only this name has. */
  place(name: string): ObjectStoragePlace;
  readonly keys: ObjectStorageKeys;
};

const prefixOf = (name: string) => `${createHash("sha256").update(name).digest("hex").slice(0, 12)}/`;

/** The container `files` of an Azurite. */
export async function azureObjectsUnderTest(): Promise<ObjectStorageUnderTest> {
  const { account, key, endpoint, ...azurite } = await startAzurite();
  const credential = new StorageSharedKeyCredential(account, key);
  await new BlobServiceClient(endpoint, credential).getContainerClient("files").create();
  return {
    place: (name) => ({ kind: "azure", account, container: "files", prefix: prefixOf(name), endpoint }),
    keys: { accountKey: key },
    [Symbol.asyncDispose]: () => azurite[Symbol.asyncDispose](),
  };
}

/** A bucket of moto: of the S3 servers that can be had here, the one that knows conditional writes. */
export async function s3ObjectsUnderTest(): Promise<ObjectStorageUnderTest> {
  const { endpoint, bucket, accessKeyId, secretAccessKey, ...moto } = await startMoto();
  return {
    place: (name) => ({ kind: "s3", bucket, prefix: prefixOf(name), endpoint }),
    keys: { accessKeyId, secretAccessKey },
    [Symbol.asyncDispose]: () => moto[Symbol.asyncDispose](),
  };
}
