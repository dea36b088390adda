import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { snapshotStoreConformance } from "../../../../conformance/snapshotStore.ts";
import { createSnapshotStore } from "./snapshotStore.ts";

snapshotStoreConformance("folder", async (folder) => {
  const store = createSnapshotStore({ folder });
  await store.sweep();
  const isFanOut = (name: string) => /^contents\/[0-9a-f]{2}$/.test(name);
  return {
    store,
    kept: async () => (await readdir(folder, { recursive: true })).filter((name) => !isFanOut(name)).sort(),
    async age() {
      const now = Date.now() / 1000;
      const old = now - 10 * 24 * 3600;
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
        if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), old, old);
      return (now - 5 * 24 * 3600) * 1000;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});
