// What a start says of an object storage that is not as the settings have it: a data folder keeps to the place that it began with.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { azureObjectsUnderTest, s3ObjectsUnderTest } from "../conformance/objectStoragesUnderTest.ts";
import { createLog } from "./adapters/system/log.ts";
import { ENTRIES } from "./entries.ts";
import { openFileStores, placeKept } from "./fileStores.ts";
import type { BlobsSetting } from "./settings/blobs.ts";

for (const [name, start] of [
  ["container in Azurite", azureObjectsUnderTest],
  ["bucket in moto", s3ObjectsUnderTest],
] as const)
  it(`a ${name} that is not there is told, and the data folder is not bound to it`, async () => {
    await using storage = await start();
    const folder = mkdtempSync(join(tmpdir(), "malachite-files-"));
    const place = storage.place("start");
    const open = (there: typeof place) =>
      openFileStores({
        setting: { ...there, keys: storage.keys, direct: false, cacheBytes: 1e9 } as BlobsSetting,
        folder,
        incoming: join(folder, "incoming"),
        entry: ENTRIES.blobs,
        now: Date.now(),
        several: false,
        // Nothing is swept in the background, which would outlive the storage.
        asGuest: true,
        log: createLog("silent", () => {}),
      });
    try {
      const mistaken = {
        ...place,
        ...(place.kind === "s3" ? { bucket: "mistaken" } : { container: "mistaken" }),
      };
      await assert.rejects(open(mistaken), {
        code: "StorageFailed",
        message: /:\/\/.*mistaken.*: the container or bucket is not there \(404 /,
      });
      assert.equal(placeKept(folder), undefined);
      await (await open(place))[Symbol.asyncDispose]();
      assert.notEqual(placeKept(folder), undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
