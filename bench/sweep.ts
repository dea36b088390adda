// A sweep of contents that no project has in an object storage: how long it takes, beside the maker's library that does nothing but list and
// delete as many; and what it holds in memory. The storage runs on this machine.
// `npm run bench -- sweep [CONTENTS…]`, each of them in a part of the storage of its own.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import {
  azureObjectsUnderTest,
  type ObjectStorageUnderTest,
} from "../packages/server/conformance/objectStoragesUnderTest.ts";
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
      const bare = await listAndDelete(storage, contents);
      for (const [what, value] of Object.entries(bare))
        print({
          figure: `${contents} blobs, ${what} by the library alone`,
          value,
          unit: "s",
          perSecond: contents / value,
        });
      const objects = await openObjectStorage(storage.place(`sweep ${contents}`), storage.keys);
      await using store = createObjectSnapshotStore({ objects, folder: join(home, String(contents)) });
      let next = 0;
      const putNext = async () => {
        while (next < contents) {
          const { key, bytes } = contentOf(next++);
          await objects.put(key, bytes, {});
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
        against: "the library alone",
        ratio: ms / 1000 / (bare.listed + bare.deleted),
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

function contentOf(number: number): { readonly key: string; readonly bytes: Buffer } {
  const bytes = Buffer.from(`content ${number}`);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { key: `contents/${hash.slice(0, 2)}/${hash.slice(2)}`, bytes };
}

/** Seconds. Pages and deletes at once are as many as in a sweep. */
async function listAndDelete(
  { place, keys }: ObjectStorageUnderTest,
  blobs: number,
): Promise<{ readonly listed: number; readonly deleted: number }> {
  const at = place(`alone ${blobs}`);
  if (at.kind !== "azure") throw new Error("The storage is to be an Azurite.");
  const container = new ContainerClient(
    `${at.endpoint}/${at.container}`,
    new StorageSharedKeyCredential(at.account, keys.accountKey ?? ""),
  );
  for (let from = 0; from < blobs; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, blobs - from) }, (_, i) => {
        const { key, bytes } = contentOf(from + i);
        return container.getBlockBlobClient(at.prefix + key).upload(bytes, bytes.byteLength);
      }),
    );
  const names: string[] = [];
  const listed = await timed(async () => {
    for await (const page of container.listBlobsFlat({ prefix: at.prefix }).byPage({ maxPageSize: 1000 }))
      names.push(...page.segment.blobItems.map(({ name }) => name));
  });
  const deleted = await timed(async () => {
    for (let from = 0; from < names.length; from += 16)
      await Promise.all(names.slice(from, from + 16).map((name) => container.deleteBlob(name)));
  });
  return { listed: listed / 1000, deleted: deleted / 1000 };
}

const memory = (): { rss: number; heapUsed: number } => {
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 1e6, heapUsed: heapUsed / 1e6 };
};
