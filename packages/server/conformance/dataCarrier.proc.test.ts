// Every kind of storage that data of runs is in, held to the same suite: Azure and S3 as real servers on this machine.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { createBlobStore, KeyedLock } from "../src/adapters/blobs/folder/index.ts";
import { createLocalRunFolder } from "../src/adapters/compute/shared/localRunFolder.ts";
import { createDataCarrier, type DataCarrierOptions } from "../src/adapters/data/index.ts";
import { testDataCarrier } from "./dataCarrier.ts";
import { startAzurite, startS3 } from "./storageServers.ts";

function carrierIn(folder: string, more: Partial<DataCarrierOptions> = {}) {
  const blobs = createBlobStore({ folder: join(folder, "..", "blobs"), locks: new KeyedLock() });
  return createDataCarrier({
    folder,
    blobs,
    blobsFolder: (container) => blobs.folderOf({ kind: "store", name: container }),
    named: {},
    allowHosts: [],
    openFolder: createLocalRunFolder,
    ...more,
  });
}

testDataCarrier("the service's own blobs", async () => ({
  storage: { kind: "own", container: "azureml-blobstore-x" },
  carrier: (folder) => carrierIn(folder),
  [Symbol.asyncDispose]: async () => {},
}));

testDataCarrier("a folder of the settings", async () => {
  const root = mkdtempSync(join(tmpdir(), "malachite-shelf-"));
  mkdirSync(join(root, "shelf"));
  return {
    storage: { kind: "named", name: "shelf" },
    files: 300,
    largeMiB: 40,
    carrier: (folder) =>
      carrierIn(folder, { named: { shelf: { kind: "folder", path: join(root, "shelf") } } }),
    [Symbol.asyncDispose]: async () => rmSync(root, { recursive: true, force: true }),
  };
});

testDataCarrier("Azure Blob (Azurite)", async () => {
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
    carrier: (folder) => carrierIn(folder, { allowHosts: [azure.host] }),
    [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
  };
});

testDataCarrier("S3 (s3rver)", async () => {
  const s3 = await startS3();
  const { endpoint, bucket, accessKeyId, secretAccessKey } = s3;
  const good = { kind: "s3", endpoint, bucket, accessKeyId, secretAccessKey } as const;
  return {
    storage: { kind: "named", name: "good" },
    // It answers 500 for a second page.
    files: 900,
    largeMiB: 40,
    wrongKey: { kind: "named", name: "bad" },
    carrier: (folder) => carrierIn(folder, { named: { good, bad: { ...good, accessKeyId: "WRONG" } } }),
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
});
