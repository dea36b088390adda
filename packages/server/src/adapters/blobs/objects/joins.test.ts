// Files in pieces become one object in the background: what readers see stays, whoever is killed, and whoever else changes them.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type BlobAddress, type BlockChoice, MalachiteError } from "@malachite/core";
import { createMemoryObjects, type MemoryObjects } from "./memoryObjects.ts";
import { createObjectArtifactStore } from "./objectArtifactStore.ts";
import { createObjectBlobStore, type ObjectBlobStore } from "./objectBlobStore.ts";
import { ObjectFiles } from "./objectFiles.ts";
import { patient } from "./patience.ts";

let home: string;
let objects: MemoryObjects;
let files: ObjectFiles;
let store: ObjectBlobStore;
const at: BlobAddress = { bucket: { kind: "store", name: "azureml-x" }, path: "a/b" };
const headers = { contentType: "text/plain" };
const SOON = 2 * 60_000;
const LATER = 3 * 3600_000;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-joins-"));
  objects = createMemoryObjects();
  [files, store] = open("one");
});
afterEach(() => rm(home, { recursive: true }));

/** As a service that starts anew, or another server with a data folder of its own. */
function open(server: string): [ObjectFiles, ObjectBlobStore] {
  const made = new ObjectFiles({
    objects: patient(objects, { deadlineMs: 300, firstWaitMs: 1 }),
    notes: join(home, server, "notes"),
    incoming: join(home, server, "incoming"),
    links: { joins: join(home, server, "joins") },
  });
  return [made, createObjectBlobStore(made)];
}

const idOf = (name: string): string => Buffer.from(name).toString("base64");
async function* streamOf(text: string) {
  yield Buffer.from(text);
}
const textOf = (name: string): string => `${name};`.repeat(5_000);
const stage = (name: string) =>
  store.stage(at, idOf(name), streamOf(textOf(name)), { writer: "w", digests: {} });
const commit = (names: readonly string[], from: BlockChoice["from"] = "latest") =>
  store.commit(
    at,
    names.map((name) => ({ id: idOf(name), from })),
    { headers, metadata: {}, writer: "w", check: () => {} },
  );
const append = (text: string) => store.append(at, streamOf(text), { digests: {}, check: () => {} });
const read = async (of = store): Promise<string> => {
  await using blob = (await of.open(at)) ?? assert.fail();
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.read(0, blob.info.sizeBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const linkOf = async (): Promise<string | undefined> => {
  await using blob = (await store.open(at)) ?? assert.fail();
  return await blob.link?.(1);
};
const data = () => [...objects.objects.keys()].filter((key) => key.startsWith("data/"));
const failed = (error: unknown): never => {
  throw error;
};
const joinAt = (afterMs: number, of = files) => of.joinWanted(Date.now() + afterMs, failed);
const committed = async () => (await store.blocks(at, { writer: "w" }))?.committed.map(({ id }) => id);

async function threeBlocks(): Promise<string> {
  for (const name of ["a", "b", "c"]) await stage(name);
  await commit(["a", "b", "c"]);
  return ["a", "b", "c"].map(textOf).join("");
}

test("blocks become one object, to which links lead; version, facts and blocks stay", async () => {
  const text = await threeBlocks();
  const before = await store.get(at);
  assert.equal(await linkOf(), undefined);
  await joinAt(0);
  assert.equal(await linkOf(), undefined, "it may still be changed");
  await using reading = (await store.open(at)) ?? assert.fail();
  await joinAt(SOON);
  assert.match((await linkOf()) ?? "", /^memory:/);
  assert.deepEqual(await store.get(at), before);
  assert.deepEqual(await committed(), ["a", "b", "c"].map(idOf));
  assert.equal(await read(), text);
  assert.equal(data().length, 4);
  await files.sweep(Date.now() + LATER);
  assert.equal(data().length, 4, "somebody reads the pieces");
  await reading[Symbol.asyncDispose]();
  await files.sweep(Date.now() + LATER);
  assert.equal(data().length, 1);
  assert.equal(await read(), text);
  const part = (await store.open(at)) ?? assert.fail();
  const some: Uint8Array[] = [];
  for await (const chunk of part.read(9_990, 20_010)) some.push(chunk);
  assert.equal(Buffer.concat(some).toString(), text.slice(9_990, 20_010));
  await part[Symbol.asyncDispose]();
});

test("blocks of such a file are committed again, alone and with new ones, and it becomes one again", async () => {
  await threeBlocks();
  await joinAt(SOON);
  await stage("d");
  await commit(["a", "d", "c"]);
  const text = ["a", "d", "c"].map(textOf).join("");
  await files.sweep(Date.now() + LATER);
  assert.equal(await read(), text);
  assert.equal(await linkOf(), undefined);
  await joinAt(SOON);
  assert.ok(await linkOf());
  await commit(["a", "d"], "committed");
  assert.equal(await linkOf(), undefined, "it is the beginning of the object alone");
  await files.sweep(Date.now() + LATER);
  assert.equal(await read(), textOf("a") + textOf("d"));
});

test("what grows is left alone until it is quiet, is one object then, and goes on growing", async () => {
  await store.createAppend(at, { headers, metadata: {}, check: () => {} });
  let text = "";
  const grow = async () => {
    for (let i = 0; i < 4; i += 1) {
      const piece = `${text.length};`.repeat(8_000);
      text += piece;
      await append(piece);
    }
  };
  await grow();
  assert.equal(await linkOf(), undefined);
  await joinAt(SOON);
  assert.equal(await linkOf(), undefined);
  await joinAt(11 * 60_000);
  assert.ok(await linkOf());
  assert.equal((await store.get(at))?.pieces, 4);
  await grow();
  assert.equal(await linkOf(), undefined, "noted anew");
  await joinAt(11 * 60_000);
  await files.sweep(Date.now() + LATER);
  assert.deepEqual([data().length, await read()], [1, text]);
  assert.ok(await linkOf());
});

test("an artifact that was appended to blocks keeps every byte", async () => {
  const text = await threeBlocks();
  await joinAt(SOON);
  const artifacts = createObjectArtifactStore(files);
  const scope = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };
  const ofRun: BlobAddress = { bucket: { kind: "artifacts", scope, container: "dcid.r" }, path: "x" };
  const put = { headers, metadata: {}, writer: "w", digests: {}, check: () => {} };
  await store.put(ofRun, streamOf(text), put);
  await artifacts.append(scope, "dcid.r", "x", streamOf("more"));
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifacts.read(scope, "dcid.r", "x")) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), `${text}more`);
});

test("a kill at any write loses nothing, leaves nothing, and the next service goes on", async () => {
  const text = await threeBlocks();
  for (let nth = 1; nth <= 2; nth += 1) {
    let writes = 0;
    objects.before = (what) => {
      writes += what === "put" || what === "putLarge" ? 1 : 0;
      return writes >= nth ? new Promise<void>(() => {}) : undefined;
    };
    void joinAt(SOON);
    while (writes < nth) await new Promise((next) => setTimeout(next, 2));
    objects.before = () => {};
    [files, store] = open("one");
    assert.equal(await read(), text);
    assert.equal(await linkOf(), undefined);
  }
  await files.sweep(Date.now() + LATER);
  assert.equal(data().length, 3);
  await joinAt(SOON);
  assert.ok(await linkOf());
  await files.sweep(Date.now() + LATER);
  assert.deepEqual([data().length, await read()], [1, text]);
});

test("two servers at once, and an answer that was lost, leave one object", async () => {
  const text = await threeBlocks();
  const [other, otherStore] = open("two");
  await using blob = (await otherStore.open(at)) ?? assert.fail();
  assert.equal(await blob.link?.(1), undefined);
  await blob[Symbol.asyncDispose]();
  await Promise.all([joinAt(SOON), joinAt(SOON, other)]);
  for (const one of [files, other]) await one.sweep(Date.now() + LATER);
  assert.deepEqual([data().length, await read(), await read(otherStore)], [1, text, text]);

  await stage("d");
  await commit(["a", "d"]);
  const write = objects.put.bind(objects);
  objects.put = async (key, bytes, ask) => {
    const tag = await write(key, bytes, ask);
    if (key.startsWith("files/") && tag !== undefined) {
      objects.put = write;
      throw new MalachiteError("StorageAway", "it does not answer");
    }
    return tag;
  };
  await joinAt(SOON);
  await files.sweep(Date.now() + LATER);
  assert.deepEqual([data().length, await read()], [1, textOf("a") + textOf("d")]);
});

test("what is changed or removed meanwhile stays as that", async () => {
  await threeBlocks();
  const write = objects.put.bind(objects);
  objects.put = async (key, bytes, ask) => {
    objects.put = write;
    const tag = await write(key, bytes, ask);
    await stage("z");
    await commit(["z"]);
    return tag;
  };
  await joinAt(SOON);
  await files.sweep(Date.now() + LATER);
  assert.deepEqual([data().length, await read()], [1, textOf("z")]);

  await threeBlocks();
  await store.remove(at, { check: () => {} });
  await joinAt(SOON);
  await files.sweep(Date.now() + LATER);
  assert.deepEqual(data(), []);
});

test("pieces whose bytes are not as they were become nothing", async () => {
  await threeBlocks();
  const [key = ""] = data();
  await objects.put(key, Buffer.from("q;".repeat(5_000)), {});
  await assert.rejects(joinAt(SOON), { code: "StorageFailed", message: /does not have the bytes/ });
  assert.equal(data().length, 3);
});
