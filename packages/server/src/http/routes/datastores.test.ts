// What a datastore looks like on the wire, with its secrets and without.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { datastore } from "@malachite/contract";
import type { ShownDatastore } from "@malachite/core";
import { datastoreDto } from "../dto/datastore.ts";
import { DEV, testEdge } from "../testing/edge.ts";
import { SCOPE, WORKSPACE } from "../testing/flow.ts";

const blobs = {
  token: ({ container, permissions }: { readonly container?: string; readonly permissions: string }) =>
    `for=${container}&sp=${permissions}`,
} as Parameters<typeof datastoreDto>[1]["blobs"];
const dto = (shown: ShownDatastore, secrets = true): datastore.DataStore =>
  datastoreDto(shown, { base: "http://host:7464", secrets, blobs });

describe("a datastore of the service's own", () => {
  const own = { kind: "own", name: "workspaceblobstore", container: "azureml-blobstore-id" } as const;
  it("is a container at this address, with a signature of its own", () => {
    const { azureStorageSection: storage, ...rest } = dto(own);
    assert.deepEqual(rest, {
      name: "workspaceblobstore",
      dataStoreType: "AzureBlob",
      hasBeenValidated: true,
      tags: {},
    });
    assert.deepEqual(storage, {
      accountName: "malachite-service",
      containerName: "azureml-blobstore-id",
      endpoint: "x@host:7464",
      protocol: "https",
      credentialType: "Sas",
      isSas: true,
      credential: "for=azureml-blobstore-id&sp=racwdl",
      sasToken: "for=azureml-blobstore-id&sp=racwdl",
    });
  });
  it("shows no signature to who asks for none", () => {
    assert.doesNotMatch(JSON.stringify(dto(own, false)), /sp=/);
  });
  it("is the default, over HTTP", async () => {
    await using edge = await testEdge();
    const url = `/datastore/v1.0${WORKSPACE}/default`;
    const whole = (await edge.app.inject({ url, headers: DEV })).json<datastore.DataStore>();
    assert.match(whole.azureStorageSection?.sasToken ?? "", /sig=/);
    const bare = await edge.app.inject({ url: `${url}?includeSecret=false`, headers: DEV });
    assert.doesNotMatch(bare.body, /sig=/);
  });
});

describe("a registered datastore", () => {
  const registered = (section: Record<string, unknown>): ShownDatastore => ({
    kind: "registered",
    datastore: {
      scope: SCOPE,
      name: "mine",
      type: "AzureBlob",
      tags: { t: "1" },
      section: {},
      createdAt: 1,
      changedAt: 1,
    },
    section,
  });
  it("has its secret under the name of its kind too, and says where Azure's storage is", () => {
    const sas = dto(
      registered({ accountName: "a", containerName: "c", credentialType: "Sas", credential: "s" }),
    );
    assert.deepEqual(sas, {
      name: "mine",
      dataStoreType: "AzureBlob",
      hasBeenValidated: false,
      tags: { t: "1" },
      azureStorageSection: {
        protocol: "https",
        endpoint: "core.windows.net",
        accountName: "a",
        containerName: "c",
        credentialType: "Sas",
        credential: "s",
        isSas: true,
        sasToken: "s",
      },
    });
    const key = dto(registered({ endpoint: "e", credentialType: "AccountKey", credential: "k" }));
    assert.deepEqual(key.azureStorageSection, {
      protocol: "https",
      endpoint: "e",
      credentialType: "AccountKey",
      credential: "k",
      isSas: false,
      accountKey: "k",
    });
    assert.deepEqual(dto(registered({ credentialType: "None" })).azureStorageSection, {
      protocol: "https",
      endpoint: "core.windows.net",
      credentialType: "None",
    });
  });
});
