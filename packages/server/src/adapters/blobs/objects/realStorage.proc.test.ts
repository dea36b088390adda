// The same promises on real servers that speak the protocols: Azurite and moto.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { type ClientRequest, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { BlobAddress, Scope } from "@malachite/core";
import { artifactStoreConformance } from "../../../../conformance/artifactStore.ts";
import { blobStoreConformance } from "../../../../conformance/blobStore.ts";
import { buildZip } from "../../../../conformance/buildZip.ts";
import {
  azureObjectsUnderTest,
  type ObjectStorageUnderTest,
  s3ObjectsUnderTest,
} from "../../../../conformance/objectStoragesUnderTest.ts";
import { sha256 } from "../../../../conformance/snapshotFixture.ts";
import { createObjectArtifactStore } from "./objectArtifactStore.ts";
import { createObjectBlobStore } from "./objectBlobStore.ts";
import { ObjectFiles } from "./objectFiles.ts";
import { createObjectSnapshotStore, type ObjectSnapshotStore } from "./objectSnapshotStore.ts";
import { openObjectStorage } from "./objectStorage.ts";
import { nameOf } from "./objects.ts";

/** How many requests the work makes, by their methods. */
async function requestsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const count = (message: unknown): void => {
    const { method } = (message as { readonly request: ClientRequest }).request;
    counts[method] = (counts[method] ?? 0) + 1;
  };
  subscribe("http.client.request.start", count);
  try {
    await work();
  } finally {
    unsubscribe("http.client.request.start", count);
  }
  return counts;
}

for (const [name, start, removing] of [
  ["Azurite", azureObjectsUnderTest, { DELETE: 100 }],
  ["moto", s3ObjectsUnderTest, { POST: 1 }],
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

    it("sweeps projects of two servers, and takes none that one of them sends at the same time", async () => {
      const home = await mkdtemp(join(tmpdir(), "malachite-swept-"));
      const scope: Scope = { subscriptionId: "1", resourceGroup: "rg", workspace: "ws" };
      const objects = await openObjectStorage(storage.place(home), storage.keys);
      const [one, two, three] = ["one", "two", "three"].map((server) =>
        createObjectSnapshotStore({ objects, folder: join(home, server) }),
      ) as [ObjectSnapshotStore, ObjectSnapshotStore, ObjectSnapshotStore];
      let uploads = 0;
      const keep = async (store: ObjectSnapshotStore, ...texts: string[]) => {
        const file = join(home, `zip-${uploads++}`);
        await writeFile(file, buildZip(texts.map((text) => ({ name: text, data: text }))));
        return await store.keepZip(scope, { file, sizeBytes: 0, sha256: "" });
      };
      const old = await keep(one, "a", "b", "shared");
      const named = await keep(two, "c", "shared");
      // All is as old as that: nothing but the names keeps it.
      const before = Date.now() + 3600_000;
      assert.equal(await one.forget(scope, old.id, before), true);
      assert.equal(await two.forget(scope, old.id, before), false);
      const found: string[] = [];
      for await (const id of two.unused(scope, before)) found.push(id);
      assert.deepEqual(found, [named.id]);
      const swept = await two.sweepContents(before);
      assert.equal(swept.files, 3, "two contents and the listing");
      // The first server believes that "a" and "b" are there.
      const [again, ...made] = await Promise.all([
        keep(one, "a", "b", "shared"),
        ...Array.from({ length: 6 }, (_, i) => keep(i % 2 === 0 ? one : two, "a", `${i}`)),
        three.sweepContents(before),
        two.sweepContents(before),
      ]);
      for (const snapshot of [again, named, ...made]) {
        if (!("tree" in snapshot)) continue;
        const reader = createObjectSnapshotStore({ objects, folder: join(home, `reader-${uploads++}`) });
        assert.equal((await reader.get(scope, snapshot.id))?.tree, snapshot.tree);
        const into = join(home, `placed-${uploads++}`);
        await reader.place(snapshot.tree, into, new AbortController().signal);
        assert.equal((await readdir(into)).length, snapshot.files);
        await reader[Symbol.asyncDispose]();
      }
      for (const store of [one, two, three]) await store[Symbol.asyncDispose]();
      objects.close();
      await rm(home, { recursive: true });
    });

    it("asks nothing for each content that goes but to remove it", async () => {
      // Each in a storage of its own, since a sweep reads what earlier ones have condemned.
      const counted = async (contents: number) => {
        const folder = await mkdtemp(join(tmpdir(), "malachite-counted-"));
        const objects = await openObjectStorage(storage.place(folder), storage.keys);
        await using store = createObjectSnapshotStore({ objects, folder });
        for (let i = 0; i < contents; i += 1) {
          const hash = sha256(`content ${i}`);
          await objects.put(`contents/${hash.slice(0, 2)}/${hash.slice(2)}`, Buffer.from(`${i}`), {});
        }
        const requests = await requestsOf(async () =>
          assert.equal((await store.sweepContents(Date.now() + 3600_000)).files, contents),
        );
        objects.close();
        await rm(folder, { recursive: true });
        return requests;
      };
      const { DELETE: _one, POST: _many, ...few } = await counted(3);
      const { DELETE, POST, ...many } = await counted(100);
      assert.deepEqual(many, few, "lists, looks and writes do not grow");
      assert.deepEqual({ ...(DELETE && { DELETE }), ...(POST && { POST }) }, removing);
    });

    if (name === "Azurite")
      it("removes many from a slow storage that drops a connection late", async () => {
        const place = storage.place("slow");
        assert.ok(place.kind === "azure");
        const keys = Array.from({ length: 64 }, (_, i) => `many/${i}`);
        const url = new URL(place.endpoint ?? "");
        let removals = 0;
        await using slow = createServer(async (asked, answer) => {
          if (asked.method === "DELETE") {
            removals += 1;
            if (removals === 60) return void asked.socket.destroy();
            await pause(100);
          }
          const about = { method: asked.method, headers: asked.headers, path: asked.url };
          const passed = request({ ...about, host: url.hostname, port: url.port }, (came) => {
            answer.writeHead(came.statusCode ?? 500, came.headers);
            came.pipe(answer);
          });
          asked.pipe(passed);
        }).listen(0, "127.0.0.1");
        await once(slow, "listening");
        const { port } = slow.address() as AddressInfo;
        const endpoint = `http://127.0.0.1:${port}${url.pathname}`;
        // Four rounds of 16 take longer than one may be tried.
        const patience = { deadlineMs: 300, firstWaitMs: 10 };
        const objects = await openObjectStorage({ ...place, endpoint }, storage.keys, patience);
        for (const key of keys) await objects.put(key, Buffer.from(key), {});
        await objects.remove(keys);
        assert.equal(removals, 65, "only the one that was dropped is asked for again");
        for await (const one of objects.list({ prefix: "many/", pageSize: 10 })) assert.fail(nameOf(one));
        objects.close();
        slow.closeAllConnections();
      });

    artifactStoreConformance(name, async (folder) => createObjectArtifactStore(await filesOf(folder)), {
      lists: 4,
    });
    blobStoreConformance(name, async (folder) => createObjectBlobStore(await filesOf(folder)));
  });
}
