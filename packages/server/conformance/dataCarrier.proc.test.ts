// Every kind of storage that data of runs is in, held to the same suite: Azure and S3 as real servers on this machine.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  type ContainerClient,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { LaunchKey } from "@malachite/core";
import { createBlobStore, KeyedLock } from "../src/adapters/blobs/folder/index.ts";
import { createLocalRunFolder } from "../src/adapters/compute/shared/localRunFolder.ts";
import { createDataCarrier, type DataCarrierOptions } from "../src/adapters/data/index.ts";
import { testDataCarrier } from "./dataCarrier.ts";
import { noMounts } from "./mountsUnderTest.ts";
import { type AzureServer, startAzurite } from "./storageServers.ts";
import { azureUnderTest, s3UnderTest } from "./storagesUnderTest.ts";

function carrierIn(folder: string, more: Partial<DataCarrierOptions> = {}) {
  const blobs = createBlobStore({ folder: join(folder, "..", "blobs"), locks: new KeyedLock() });
  return createDataCarrier({
    folder,
    blobs,
    blobsFolder: (container) => blobs.folderOf({ kind: "store", name: container }),
    named: {},
    allowHosts: [],
    openFolder: createLocalRunFolder,
    mounts: noMounts,
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
  const { storage, wrongKey, allowHosts, ...azure } = await azureUnderTest();
  return {
    storage,
    // A page of its list holds 5,000: more of them would only take longer.
    files: 600,
    wrongKey,
    carrier: (folder) => carrierIn(folder, { allowHosts }),
    [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
  };
});

testDataCarrier("S3 (s3rver)", async () => {
  const { storage, wrongKey, named, ...s3 } = await s3UnderTest();
  return {
    storage,
    // It answers 500 for a second page.
    files: 900,
    largeMiB: 40,
    wrongKey,
    carrier: (folder) => carrierIn(folder, { named }),
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
});

describe("a registered Azure container", () => {
  const root = mkdtempSync(join(tmpdir(), "malachite-azure-"));
  const into = { key: "run-1-00000000000000000000" as LaunchKey, name: "x" };
  let azure: AzureServer;
  let container: ContainerClient;
  let credential: StorageSharedKeyCredential;
  before(async () => {
    azure = await startAzurite();
    credential = new StorageSharedKeyCredential(azure.account, azure.key);
    container = new BlobServiceClient(azure.endpoint, credential).getContainerClient("open");
    await container.create({ access: "container" });
    await container.getBlockBlobClient("in/a.txt").upload("one", 3);
    await container.getBlockBlobClient("in/a//b").upload("odd", 3);
    await container.getBlockBlobClient("in/folder/").upload("", 0);
  });
  after(async () => {
    await azure?.[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  });
  const place = (section: object, path = "in") => ({
    storage: {
      kind: "registered" as const,
      type: "AzureBlob" as const,
      section: { accountName: azure.account, containerName: "open", endpoint: azure.endpoint, ...section },
    },
    called: "store",
    path,
  });
  const carrier = (allowHosts: readonly string[] = [azure.host]) =>
    carrierIn(join(root, "data"), { allowHosts });
  const bring = (section: object, hosts?: readonly string[]) =>
    carrier(hosts).bring(place(section), into, () => {}, AbortSignal.timeout(120_000));

  it("is read with a SAS token, and without any key where it is open; names that cannot be files are told", async () => {
    const sas = generateAccountSASQueryParameters(
      {
        expiresOn: new Date(Date.now() + 600_000),
        permissions: AccountSASPermissions.parse("rl"),
        services: AccountSASServices.parse("b").toString(),
        resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
      },
      credential,
    ).toString();
    for (const section of [{ credentialType: "Sas", credential: `?${sas}` }, { credentialType: "None" }]) {
      const { files, passedOver } = await bring(section);
      assert.equal(files, 1);
      assert.match(passedOver?.[0] ?? "", /"in\/a\/\/b" cannot be a file/);
    }
    const sent = await carrier().send(
      { folder: createLocalRunFolder(join(root, "data", into.key, "x")), under: "" },
      place({ credentialType: "Sas", credential: sas }, "out"),
      { overwrite: true, globs: [] },
      () => {},
      AbortSignal.timeout(120_000),
    );
    assert.match(sent.faults[0] ?? "", /'out\/a\.txt' was not sent .*is not enough/);
    assert.ok(!sent.faults.join().includes("sig="), "the token is told");
  });

  it("that is not there is no empty one", async () => {
    await assert.rejects(
      bring({ credentialType: "AccountKey", credential: azure.key, containerName: "gone" }),
      /store/,
    );
  });

  it("at a private address is refused, before and at the connection, unless its host is named", async () => {
    for (const endpoint of [azure.endpoint, "https://127.0.0.1:1/account"]) {
      const section = { credentialType: "None", endpoint };
      await assert.rejects(
        carrier([]).check(place(section), "download", false),
        /UnsupportedField|allowDataHost/,
      );
      await assert.rejects(bring(section, []), /allowDataHost/);
    }
    await assert.rejects(
      bring({ credentialType: "None", endpoint: "https://localhost:1/account" }, []),
      /allowDataHost/,
    );
  });

  it("with a service principal, and other kinds, are refused by name", async () => {
    await assert.rejects(
      carrier().check(place({ credentialType: "ClientCredentials" }), "download", false),
      /service principal/,
    );
    const share = { ...place({}).storage, type: "AzureFile" as const };
    await assert.rejects(
      carrier().check({ ...place({}), storage: share }, "download", false),
      /AzureFile is not reached/,
    );
    await assert.rejects(
      carrier().check(place({ credentialType: "None" }), "mount", false),
      /cannot be mounted here: rclone is not on the service's PATH\. Use as_download/,
    );
  });
});
