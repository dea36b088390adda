// The same promises on real servers that speak the protocols: Azurite and moto.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { BlobAddress } from "@malachite/core";
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
        links: { joins: join(folder, "joins") },
      });

    it("puts blocks into one object in parts, to which a link leads a plain client", async () => {
      const folder = await mkdtemp(join(tmpdir(), "malachite-joined-"));
      const files = await filesOf(folder);
      const store = createObjectBlobStore(files);
      const at: BlobAddress = { bucket: { kind: "store", name: "azureml-x" }, path: "models/a b.bin" };
      const blocks = [6_000_000, 5_000_000, 100].map((size, i) => Buffer.alloc(size, `block ${i} `));
      const ids = blocks.map((_, i) => Buffer.from(`${i}`).toString("base64"));
      for (const [i, bytes] of blocks.entries()) {
        const stream = (async function* () {
          yield bytes;
        })();
        await store.stage(at, ids[i] as string, stream, { writer: "w", digests: {} });
      }
      const headers = { contentType: "application/x-model" };
      const facts = { headers, metadata: {}, writer: "w", check: () => {} };
      await store.commit(
        at,
        ids.map((id) => ({ id, from: "latest" })),
        facts,
      );
      const info = await store.get(at);
      const linkOf = async (): Promise<string | undefined> => {
        await using blob = (await store.open(at)) ?? assert.fail();
        return await blob.link?.(Date.now() + 60_000);
      };
      assert.equal(await linkOf(), undefined);
      await files.joinWanted(Date.now() + 120_000, (error) => assert.fail(String(error)));
      const link = (await linkOf()) ?? assert.fail("there is no link");
      await files.sweep(Date.now() + 3 * 3600_000);
      const whole = await fetch(link);
      assert.equal(whole.headers.get("content-type"), "application/x-model");
      const bytes = Buffer.concat(blocks);
      assert.ok(bytes.equals(Buffer.from(await whole.arrayBuffer())));
      const part = await fetch(link, { headers: { range: "bytes=5999990-6000009" } });
      assert.equal(part.status, 206);
      assert.equal(part.headers.get("content-range"), `bytes 5999990-6000009/${bytes.length}`);
      assert.ok(bytes.subarray(5_999_990, 6_000_010).equals(Buffer.from(await part.arrayBuffer())));
      assert.deepEqual(await store.get(at), info);
      await rm(folder, { recursive: true });
    });

    artifactStoreConformance(name, async (folder) => createObjectArtifactStore(await filesOf(folder)), {
      lists: 4,
    });
    blobStoreConformance(name, async (folder) => createObjectBlobStore(await filesOf(folder)));
  });
}
