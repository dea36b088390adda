import { join } from "node:path";
import { artifactStoreConformance } from "../../../../conformance/artifactStore.ts";
import { blobStoreConformance } from "../../../../conformance/blobStore.ts";
import { snapshotStoreConformance } from "../../../../conformance/snapshotStore.ts";
import { createMemoryObjects, type MemoryObjects } from "./memoryObjects.ts";
import { createObjectArtifactStore } from "./objectArtifactStore.ts";
import { createObjectBlobStore } from "./objectBlobStore.ts";
import { ObjectFiles } from "./objectFiles.ts";
import { createObjectSnapshotStore } from "./objectSnapshotStore.ts";

const storages = new Map<string, MemoryObjects>();
/** The same folder sees the same objects. */
const filesOf = (folder: string): ObjectFiles => {
  const objects = storages.get(folder) ?? createMemoryObjects();
  storages.set(folder, objects);
  return new ObjectFiles({ objects, notes: join(folder, "notes"), incoming: join(folder, "incoming") });
};

artifactStoreConformance("memory", async (folder) => createObjectArtifactStore(filesOf(folder)));
blobStoreConformance("memory", async (folder) => createObjectBlobStore(filesOf(folder)));
snapshotStoreConformance("memory", async (folder) => {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const objects = createMemoryObjects(now);
  const store = createObjectSnapshotStore({ objects, folder, now });
  await store.sweepCache();
  return {
    store,
    kept: async () => [...objects.objects.keys()].sort(),
    async age() {
      ahead += 10 * 24 * 3600_000;
      return now() - 5 * 24 * 3600_000;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});
