// What a start says of an object storage that is not as the settings have it: a data folder keeps to the place that it began with.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { azureObjectsUnderTest, s3ObjectsUnderTest } from "../conformance/objectStoragesUnderTest.ts";
import { startS3 } from "../conformance/storageServers.ts";
import { checkStorage, openObjectStorage } from "./adapters/blobs/objects/index.ts";
import { createLog } from "./adapters/system/log.ts";
import { ENTRIES } from "./entries.ts";
import { openFileStores, placeKept } from "./fileStores.ts";
import type { BlobsSetting } from "./settings/blobs.ts";

it("an S3 server without writes with conditions is refused, at each start", async () => {
  await using server = await startS3();
  const { endpoint, bucket, ...keys } = server;
  const objects = await openObjectStorage({ kind: "s3", bucket, prefix: "some/", endpoint }, keys);
  for (let start = 0; start < 2; start += 1)
    await assert.rejects(checkStorage(objects, false), {
      code: "StorageFailed",
      message: /s3:\/\/malachite\/some\/ does not know writes with conditions/,
    });
  objects.close();
});

for (const [name, start] of [
  ["container in Azurite", azureObjectsUnderTest],
  ["bucket in moto", s3ObjectsUnderTest],
] as const)
  it(`a ${name} that is not there is told, and the data folder is not bound to it`, async () => {
    await using storage = await start();
    const folder = mkdtempSync(join(tmpdir(), "malachite-files-"));
    const place = storage.place("start");
    const open = (there: typeof place, asGuest: boolean) =>
      openFileStores({
        setting: { ...there, keys: storage.keys, direct: false, cacheBytes: 1e9 } as BlobsSetting,
        folder,
        incoming: join(folder, "incoming"),
        entry: ENTRIES.blobs,
        now: Date.now(),
        several: false,
        asGuest,
        log: createLog("silent", () => {}),
      });
    try {
      const mistaken = {
        ...place,
        ...(place.kind === "s3" ? { bucket: "mistaken" } : { container: "mistaken" }),
      };
      for (const asGuest of [false, true])
        await assert.rejects(open(mistaken, asGuest), {
          code: "StorageFailed",
          message: /:\/\/.*mistaken.*: the container or bucket is not there \(404 /,
        });
      assert.equal(placeKept(folder), undefined);
      const objects = await openObjectStorage(place, storage.keys);
      for (let start = 0; start < 3; start += 1) await checkStorage(objects, false);
      objects.close();
      // As a guest: nothing is swept in the background, which would outlive the storage.
      await (await open(place, true))[Symbol.asyncDispose]();
      assert.notEqual(placeKept(folder), undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
