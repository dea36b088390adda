// Connections that a network has forgotten: nothing comes over them, no error either. Each is given up and the storage asked again.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import {
  azureObjectsUnderTest,
  type ObjectStorageUnderTest,
  s3ObjectsUnderTest,
} from "../../../../conformance/objectStoragesUnderTest.ts";
import { createMemoryObjects } from "./memoryObjects.ts";
import { openObjectStorage } from "./objectStorage.ts";
import { nameOf } from "./objects.ts";
import { patient, patiently } from "./patience.ts";

const PATIENCE = { deadlineMs: 20_000, firstWaitMs: 10, silenceMs: 1_000 };
/** Before the libraries themselves would give a connection up. */
const SOON_MS = 15_000;

/** A way to a storage on which the next answer stops after so many bytes of its body, before its head where that is undefined. */
async function stoppingWay(to: URL) {
  let next: { readonly after: number | undefined } | undefined;
  let stopped = 0;
  const way = createServer((asked, answer) => {
    const stop = next;
    next = undefined;
    if (stop !== undefined) stopped += 1;
    if (stop !== undefined && stop.after === undefined) return void asked.resume();
    const about = { method: asked.method, headers: asked.headers, path: asked.url };
    const passed = request({ ...about, host: to.hostname, port: to.port }, (came) => {
      answer.writeHead(came.statusCode ?? 500, came.headers);
      if (stop?.after === undefined) return void came.pipe(answer);
      came.once("data", (chunk: Buffer) => answer.write(chunk.subarray(0, stop.after)));
    });
    asked.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(way, "listening");
  return {
    endpoint: `http://127.0.0.1:${(way.address() as AddressInfo).port}${to.pathname.replace(/\/$/, "")}`,
    stopNext: (bytes?: number) => {
      next = { after: bytes };
    },
    stopped: () => stopped,
    [Symbol.dispose]() {
      way.closeAllConnections();
      way.close();
    },
  };
}

for (const [name, start] of [
  ["Azurite", azureObjectsUnderTest],
  ["moto", s3ObjectsUnderTest],
] as const)
  describe(`a way to ${name} that falls silent`, () => {
    let storage: ObjectStorageUnderTest;
    before(async () => {
      storage = await start();
    });
    after(() => storage[Symbol.asyncDispose]());

    it("is given up by what is read, written, looked at and listed, which is asked for again", async () => {
      const place = storage.place("silent");
      using way = await stoppingWay(new URL(place.endpoint ?? ""));
      const objects = await openObjectStorage({ ...place, endpoint: way.endpoint }, storage.keys, PATIENCE);
      const large = Buffer.alloc(300_000, "abcdefg");
      await objects.put("large", large, {});
      const soon = async <T>(bytes: number | undefined, work: () => Promise<T>): Promise<T> => {
        const [begun, before] = [Date.now(), way.stopped()];
        way.stopNext(bytes);
        const answer = await work();
        assert.ok(Date.now() - begun < SOON_MS, `${Date.now() - begun} ms`);
        assert.equal(way.stopped(), before + 1, "one answer was stopped");
        return answer;
      };
      assert.ok(await soon(undefined, () => objects.put("small", Buffer.from("small"), {})));
      const got = await soon(undefined, () => objects.get("small"));
      assert.equal(String(got?.bytes), "small");
      assert.equal((await soon(undefined, () => objects.head("small")))?.sizeBytes, 5);
      const read = async () => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of objects.read("large", 0, large.length)) chunks.push(chunk);
        return Buffer.concat(chunks);
      };
      for (const bytes of [undefined, 1000]) assert.ok((await soon(bytes, read)).equals(large));
      const names = async () => {
        const found: string[] = [];
        for await (const one of objects.list({ prefix: "", pageSize: 10 })) found.push(nameOf(one));
        return found;
      };
      assert.deepEqual(await soon(undefined, names), ["large", "small"]);
      objects.close();
    });

    it("leaves alone what is asked for by somebody who has gone, and readers that are slow themselves", async () => {
      const place = storage.place("gone");
      using way = await stoppingWay(new URL(place.endpoint ?? ""));
      const objects = await openObjectStorage({ ...place, endpoint: way.endpoint }, storage.keys, {
        ...PATIENCE,
        silenceMs: 500,
      });
      const large = Buffer.alloc(3_000_000, "x");
      await objects.put("large", large, {});
      way.stopNext();
      await assert.rejects(objects.get("large", AbortSignal.timeout(50)), { name: "TimeoutError" });
      let length = 0;
      for await (const chunk of objects.read("large", 0, large.length)) {
        if (length === 0) await new Promise((resolve) => setTimeout(resolve, 1_200));
        length += chunk.byteLength;
      }
      assert.equal(length, large.length);
      objects.close();
    });
  });

it("the first answer may take longer: who gives tokens is asked for it too", async () => {
  const memory = createMemoryObjects();
  let tries = 0;
  const slow = {
    ...memory,
    head: async (key: string) => {
      tries += 1;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return memory.head(key);
    },
  };
  const objects = patient(slow, { deadlineMs: 10, firstWaitMs: 1, silenceMs: 100 });
  assert.equal(await objects.head("a"), undefined);
  assert.equal(tries, 1);
  await assert.rejects(objects.head("a"), {
    code: "StorageAway",
    message: /has said nothing for 0\.1 seconds/,
  });
  assert.equal(tries, 3);
});

it("tries once more what took longer than all patience", async () => {
  let tries = 0;
  const slow = patiently({ deadlineMs: 20, firstWaitMs: 1 }, undefined, async () => {
    tries += 1;
    await new Promise((resolve) => setTimeout(resolve, 30));
    throw new MalachiteError("StorageAway", "away");
  });
  await assert.rejects(slow, { code: "StorageAway" });
  assert.equal(tries, 2);
});
