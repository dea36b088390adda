// Storages that run on this machine, and how data of runs names them: with the right key, and with a wrong one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { Storage } from "@malachite/core";
import {
  createObjectBlobStore,
  ObjectFiles,
  openObjectStorage,
} from "../src/adapters/blobs/objects/index.ts";
import type { DataCarrierOptions, NamedStorage } from "../src/adapters/data/index.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { NODE_ARGS } from "../src/entries.ts";
import { keyFor } from "../src/http/auth/keys.ts";
import { createBlobLinks } from "../src/http/auth/sas.ts";
import { startAzurite, startMoto, startS3 } from "./storageServers.ts";

export type StorageUnderTest = AsyncDisposable & {
  readonly storage: Storage;
  /** Not there where no datastore has a key. */
  readonly wrongKey?: Storage;
  /** The service's own blobs, where they lie in an object storage. */
  readonly own?: Pick<DataCarrierOptions, "blobs" | "blobsAddress">;
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

/** Blobs of a service of its own that keeps them in a moto, and the same blobs without it. */
export async function ownUnderTest(): Promise<StorageUnderTest> {
  await using opened = new AsyncDisposableStack();
  const { endpoint, bucket, accessKeyId, secretAccessKey } = opened.use(await startMoto());
  const folder = mkdtempSync(join(tmpdir(), "malachite-own-"));
  opened.defer(() => rmSync(folder, { recursive: true }));
  const data = join(folder, "data");
  const flags = { port: 0, data, blobs: `s3://${bucket}`, blobsEndpoint: endpoint };
  // What a mount shows comes from the service: in this process, a test that reads a file of it would wait for itself.
  const service = spawn(
    process.execPath,
    [...NODE_ARGS, fileURLToPath(new URL("./serveAlone.ts", import.meta.url)), JSON.stringify(flags)],
    {
      env: {
        PATH: process.env.PATH,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const gone = once(service, "exit");
  opened.defer(async () => {
    service.stdin.end();
    await gone;
  });
  const [said] = await Promise.race([once(service.stdout, "data"), gone]);
  assert.match(String(said), /^http:/, "the service does not start");
  const base = String(said).trim();
  const container = "azureml-mounts";
  const place = { kind: "s3", bucket, prefix: "", endpoint } as const;
  const objects = opened.adopt(await openObjectStorage(place, { accessKeyId, secretAccessKey }), (one) =>
    one.close(),
  );
  const files = new ObjectFiles({
    objects,
    notes: join(folder, "notes"),
    incoming: join(folder, "incoming"),
  });
  const secret = Buffer.from(readFileSync(join(data, "secret"), "utf8").trim(), "hex");
  const links = createBlobLinks({ key: keyFor("blobs", secret), clock: systemClock });
  const all = opened.move();
  return {
    storage: { kind: "own", container },
    own: {
      blobs: createObjectBlobStore(files),
      blobsAddress: (name, ask) => links.mountLink(base, { container: name, ...ask }),
    },
    secrets: [secretAccessKey, "sig="],
    allowHosts: [],
    named: {},
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
