// A sweep of contents that no project has in an object storage: how long it takes, and what it holds in memory. The storage runs on this machine.
// `npm run bench -- sweep [CONTENTS…]`, each of them in a part of the storage of its own.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { azureObjectsUnderTest } from "../packages/server/conformance/objectStoragesUnderTest.ts";
import {
  createObjectSnapshotStore,
  openObjectStorage,
} from "../packages/server/src/adapters/blobs/objects/index.ts";
import { print, timed } from "./figures.ts";

const AT_ONCE = 32;
const LOOK_EVERY_MS = 200;

export async function sweep(sizes: readonly string[]): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "malachite-bench-sweep-"));
  try {
    await using storage = await azureObjectsUnderTest();
    for (const contents of (sizes.length > 0 ? sizes : ["5000", "20000"]).map(Number)) {
      const objects = await openObjectStorage(storage.place(`sweep ${contents}`), storage.keys);
      await using store = createObjectSnapshotStore({ objects, folder: join(home, String(contents)) });
      let next = 0;
      const putNext = async () => {
        while (next < contents) {
          const bytes = Buffer.from(`content ${next++}`);
          const hash = createHash("sha256").update(bytes).digest("hex");
          await objects.put(`contents/${hash.slice(0, 2)}/${hash.slice(2)}`, bytes, {});
        }
      };
      const filling = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, putNext)));
      print({ figure: `${contents} contents sent`, value: filling / 1000, unit: "s" });
      const [before, most] = [memory(), memory()];
      const looking = setInterval(() => {
        const now = memory();
        for (const what of ["rss", "heapUsed"] as const) most[what] = Math.max(most[what], now[what]);
      }, LOOK_EVERY_MS);
      let gone = 0;
      // Whoever sends a project may be anywhere: nothing of the last hour goes. Here all is old by then.
      const ms = await timed(async () => {
        gone = (await store.sweepContents(Date.now() + 3600_000)).files;
      });
      clearInterval(looking);
      if (gone !== contents) throw new Error(`${gone} contents went, and nobody referred to ${contents}.`);
      print({
        figure: `${contents} contents swept`,
        value: ms / 1000,
        unit: "s",
        perSecond: (gone * 1000) / ms,
      });
      for (const what of ["rss", "heapUsed"] as const)
        print({
          figure: `${what} at most while ${contents} went`,
          value: most[what],
          unit: "MB",
          before: before[what],
        });
      objects.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const memory = (): { rss: number; heapUsed: number } => {
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 1e6, heapUsed: heapUsed / 1e6 };
};
