// The same promises on real servers that speak the protocols: Azurite and moto.
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { artifactStoreConformance } from "../../../../conformance/artifactStore.ts";
import { blobStoreConformance } from "../../../../conformance/blobStore.ts";
import {
  azureObjectsUnderTest,
  type ObjectStorageUnderTest,
  s3ObjectsUnderTest,
} from "../../../../conformance/objectStoragesUnderTest.ts";
import { createObjectArtifactStore } from "./objectArtifactStore.ts";
import { createObjectBlobStore } from "./objectBlobStore.ts";
import { ObjectFiles } from "./objectFiles.ts";
import { openObjectStorage } from "./objectStorage.ts";

for (const [name, start] of [
  ["Azurite", azureObjectsUnderTest],
  ["moto", s3ObjectsUnderTest],
] as const) {
  describe(name, () => {
    let storage: ObjectStorageUnderTest;
    before(async () => {
      storage = await start();
    });
    after(() => storage[Symbol.asyncDispose]());
    const filesOf = async (folder: string): Promise<ObjectFiles> =>
      new ObjectFiles({
        objects: await openObjectStorage(storage.place(folder), storage.keys),
        notes: join(folder, "notes"),
        incoming: join(folder, "incoming"),
      });

    artifactStoreConformance(name, async (folder) => createObjectArtifactStore(await filesOf(folder)), {
      lists: 4,
    });
    blobStoreConformance(name, async (folder) => createObjectBlobStore(await filesOf(folder)));
  });
}
