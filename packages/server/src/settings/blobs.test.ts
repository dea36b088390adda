import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type GivenBlobs, readBlobs } from "./blobs.ts";

const NOTHING: GivenBlobs = {
  blobs: undefined,
  blobsEndpoint: undefined,
  blobsRegion: undefined,
  blobsKeys: undefined,
  blobLinks: undefined,
  blobCacheBytes: undefined,
};
const read = (given: Partial<GivenBlobs>, env: Record<string, string> = {}) => {
  const faults: string[] = [];
  return { setting: readBlobs({ ...NOTHING, ...given }, env, faults), faults };
};

test("files are kept in the data folder unless a storage is named", () => {
  assert.deepEqual(read({}), { setting: { kind: "folder" }, faults: [] });
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_REGION: "eu-1" };
  const s3 = read({ blobs: "s3://bucket/a/b/" }, env).setting;
  assert.ok(s3.kind === "s3");
  assert.deepEqual([s3.bucket, s3.prefix, s3.region, s3.direct], ["bucket", "a/b/", "eu-1", false]);
  const connection = "DefaultEndpointsProtocol=http;AccountName=x;AccountKey=k==;BlobEndpoint=http://h:1/x;";
  const azure = read(
    { blobs: "azure://account/files" },
    { AZURE_STORAGE_CONNECTION_STRING: connection },
  ).setting;
  assert.ok(azure.kind === "azure");
  assert.deepEqual([azure.keys, azure.endpoint, azure.prefix], [{ accountKey: "k==" }, "http://h:1/x", ""]);
});

test("keys come from a file, and no fault tells one", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-keys-"));
  try {
    const blobsKeys = join(folder, "keys");
    writeFileSync(blobsKeys, "# keys\nexport AZURE_STORAGE_KEY='s3cret='\n");
    const { setting, faults } = read({ blobs: "azure://account/files", blobsKeys });
    assert.deepEqual(faults, []);
    assert.ok(setting.kind === "azure" && setting.keys.accountKey === "s3cret=");
    writeFileSync(blobsKeys, "s3cret\nAWS_ACCESS_KEY_ID=s3cret\n");
    const bad = read({ blobs: "s3://bucket", blobsKeys });
    assert.equal(bad.faults.length, 2, bad.faults.join());
    assert.ok(!bad.faults.join().includes("s3cret"));
    assert.match(read({ blobs: "s3://bucket", blobsKeys: join(folder, "none") }).faults.join(), /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is wrong is told by its setting", () => {
  for (const blobs of [
    "gs://bucket",
    "s3://",
    "azure://account",
    "azure://A/files",
    "s3://bucket/a/../b",
    "s3://bucket/ä",
  ])
    assert.match(read({ blobs }, { AZURE_STORAGE_KEY: "k" }).faults.join(), /--blobs must be/, blobs);
  const plain = { blobs: "azure://account/files", blobsEndpoint: "http://127.0.0.1:1/account" };
  assert.match(read(plain).faults.join(), /no https: tokens are sent by https alone/);
  assert.deepEqual(read(plain, { AZURE_STORAGE_KEY: "k" }).faults, []);
  assert.match(read({ blobsEndpoint: "http://x" }).faults.join(), /blobsEndpoint/);
  assert.match(read({ blobLinks: "direct" }).faults.join(), /object storage/);
  assert.match(read({ blobs: "s3://bucket", blobLinks: "quick" }).faults.join(), /--blob-links/);
  const sas = { AZURE_STORAGE_SAS_TOKEN: "sig=x" };
  assert.match(
    read({ blobs: "azure://account/files", blobLinks: "direct" }, sas).faults.join(),
    /account's key/,
  );
});
