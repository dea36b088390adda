// Storages that run on this machine, and how data of runs names them: with the right key, and with a wrong one.
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { Storage } from "@malachite/core";
import type { NamedStorage } from "../src/adapters/data/index.ts";
import { startAzurite, startS3 } from "./storageServers.ts";

export type StorageUnderTest = AsyncDisposable & {
  readonly storage: Storage;
  readonly wrongKey: Storage;
  /** Texts that must stand in no command line and no log. */
  readonly secrets: readonly string[];
  readonly allowHosts: readonly string[];
  readonly named: Readonly<Record<string, NamedStorage>>;
};

/** The container `files` of an Azurite. */
export async function azureUnderTest(): Promise<StorageUnderTest> {
  const azure = await startAzurite();
  const credential = new StorageSharedKeyCredential(azure.account, azure.key);
  await new BlobServiceClient(azure.endpoint, credential).getContainerClient("files").create();
  const section = {
    accountName: azure.account,
    containerName: "files",
    endpoint: azure.endpoint,
    credentialType: "AccountKey",
    credential: azure.key,
  };
  return {
    storage: { kind: "registered", type: "AzureBlob", section },
    wrongKey: { kind: "registered", type: "AzureBlob", section: { ...section, credential: "d3Jvbmc=" } },
    secrets: [azure.key, "sig="],
    allowHosts: [azure.host],
    named: {},
    [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
  };
}

/** A bucket of an s3rver, or what lies below a prefix of it. */
export async function s3UnderTest(prefix?: string): Promise<StorageUnderTest> {
  const s3 = await startS3();
  const { endpoint, bucket, accessKeyId, secretAccessKey } = s3;
  const good = {
    kind: "s3",
    endpoint,
    bucket,
    accessKeyId,
    secretAccessKey,
    ...(prefix === undefined ? {} : { prefix }),
  } as const;
  return {
    storage: { kind: "named", name: "good" },
    wrongKey: { kind: "named", name: "bad" },
    secrets: [secretAccessKey],
    allowHosts: [],
    named: { good, bad: { ...good, accessKeyId: "WRONG" } },
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
}
