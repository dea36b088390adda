// Files in an object storage against plain files of the data folder, by the stores themselves: one of 1 GB, and 10,000 small ones. The
// servers of the storages run on this machine, so the figures tell what the service costs, not what a network does. And what it costs in the
// data folder that a blob keeps its MD5.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore, BlobBucket } from "@malachite/core";
import {
  azureObjectsUnderTest,
  s3ObjectsUnderTest,
} from "../packages/server/conformance/objectStoragesUnderTest.ts";
import {
  createArtifactStore,
  createBlobStore,
  KeyedLock,
} from "../packages/server/src/adapters/blobs/folder/index.ts";
import {
  createObjectArtifactStore,
  ObjectFiles,
  openObjectStorage,
} from "../packages/server/src/adapters/blobs/objects/index.ts";
import { inTurn, median, print, timed } from "./figures.ts";

const LARGE_BYTES = 1_000_000_000;
const SMALL = 10_000;
const AT_ONCE = 16;
const scope = { subscriptionId: "s", resourceGroup: "rg", workspace: "ws" };

export async function blobs(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    await measureSums(home);
    const plain = await measured("folder", createArtifactStore({ folder: join(home, "plain") }), home);
    for (const [name, start] of [
      ["Azurite", azureObjectsUnderTest],
      ["moto (S3)", s3ObjectsUnderTest],
    ] as const) {
      await using storage = await start();
      const objects = await openObjectStorage(storage.place("bench"), storage.keys);
      const files = new ObjectFiles({
        objects,
        notes: join(home, "notes"),
        incoming: join(home, "incoming"),
      });
      await measured(name, createObjectArtifactStore(files), home, plain);
      objects.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function all(work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < SMALL) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function* small(i: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`file ${i} `.repeat(20));
}

/** Small blobs that are put whole, each with the file that keeps its MD5 and without. */
async function measureSums(home: string): Promise<void> {
  const put = (keepMd5: boolean) => async (): Promise<number> => {
    const folder = mkdtempSync(join(home, "sums-"));
    const store = createBlobStore({ folder, locks: new KeyedLock() });
    const bucket: BlobBucket = { kind: "store", name: "bench" };
    const facts = { headers: {}, metadata: {}, writer: "w", digests: {}, check: () => {}, keepMd5 };
    const took = await timed(() => all((i) => store.put({ bucket, path: `small/${i}` }, small(i), facts)));
    rmSync(folder, { recursive: true });
    return (SMALL * 1000) / took;
  };
  const { a: kept, b: none } = await inTurn(3, put(true), put(false));
  const value = median(kept);
  const against = "the same without";
  print({
    figure: "folder: put small blobs with MD5",
    value,
    unit: "blobs/s",
    against,
    ratio: value / median(none),
  });
}

type Measured = Readonly<Record<"put 1 GB" | "get 1 GB" | "put small" | "get small" | "list small", number>>;

async function measured(
  name: string,
  store: ArtifactStore,
  home: string,
  plain?: Measured,
): Promise<Measured> {
  const large = join(home, "large");
  await using file = await open(large, "w");
  const block = randomBytes(10_000_000);
  for (let done = 0; done < LARGE_BYTES; done += block.length) await file.write(block);
  const read = async (path: string) => {
    for await (const _ of store.read(scope, "bench", path));
  };
  const put = (path: string, source: Parameters<ArtifactStore["put"]>[3]) =>
    store.put(scope, "bench", path, source, { overwrite: true });
  const ms = {
    "put 1 GB": await timed(() => put("large", { takeFile: large })),
    "get 1 GB": await timed(() => read("large")),
    "put small": await timed(() => all((i) => put(`small/${i}`, { stream: small(i) }))),
    "get small": await timed(() => all((i) => read(`small/${i}`))),
    "list small": await timed(async () => {
      for (let after: string | undefined, more = true; more; ) {
        const page = await store.list(scope, "bench", {
          prefix: "small/",
          limit: 1000,
          ...(after === undefined ? {} : { after }),
        });
        after = page.values.at(-1)?.path;
        more = page.more;
      }
    }),
  };
  for (const [what, took] of Object.entries(ms) as [keyof Measured, number][]) {
    const isLarge = what.endsWith("GB");
    print({
      figure: `${name}: ${what}`,
      value: isLarge ? LARGE_BYTES / 1000 / took : (SMALL * 1000) / took,
      unit: isLarge ? "MB/s" : "files/s",
      ...(plain === undefined ? {} : { against: "folder", ratio: plain[what] / took }),
      rss: Math.round(process.memoryUsage().rss / 1e6),
    });
  }
  return ms;
}
