import { readdir } from "node:fs/promises";
import { snapshotStoreConformance } from "../../../../conformance/snapshotStore.ts";
import { createSnapshotStore } from "./snapshotStore.ts";

snapshotStoreConformance("folder", async (folder) => {
  const store = createSnapshotStore({ folder });
  await store.sweep();
  const isFanOut = (name: string) => /^contents\/[0-9a-f]{2}$/.test(name);
  return {
    store,
    kept: async () => (await readdir(folder, { recursive: true })).filter((name) => !isFanOut(name)).sort(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});
