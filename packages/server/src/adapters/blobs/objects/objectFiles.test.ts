// What only stores over an object storage do: leftovers and their removal, many pieces, storages that fail.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type BlobAddress, MalachiteError } from "@malachite/core";
import { createMemoryObjects, type MemoryObjects } from "./memoryObjects.ts";
import { createObjectBlobStore, type ObjectBlobStore } from "./objectBlobStore.ts";
import { ObjectFiles } from "./objectFiles.ts";
import { patient } from "./patience.ts";

let home: string;
let objects: MemoryObjects;
let files: ObjectFiles;
let store: ObjectBlobStore;
const at: BlobAddress = { bucket: { kind: "store", name: "azureml-x" }, path: "a/b" };
const LARGE = Buffer.alloc(100_000, "abcdefg");

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-objects-"));
  objects = createMemoryObjects();
  open();
});
afterEach(() => rm(home, { recursive: true }));

/** As a service that starts anew. */
function open(): void {
  files = new ObjectFiles({
    objects: patient(objects, { deadlineMs: 300, firstWaitMs: 1 }),
    notes: join(home, "notes"),
    incoming: join(home, "incoming"),
  });
  store = createObjectBlobStore(files);
}

async function* streamOf(bytes: Uint8Array | string) {
  yield Buffer.from(bytes as string);
}
const put = (bytes: Uint8Array | string) =>
  store.put(at, streamOf(bytes), { headers: {}, metadata: {}, writer: "", digests: {}, check: () => {} });
const text = async () => {
  await using blob = (await store.open(at)) ?? assert.fail();
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.read(0, blob.info.sizeBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const data = () => [...objects.objects.keys()].filter((key) => key.startsWith("data/"));
const away = () => {
  throw new MalachiteError("StorageAway", "it does not answer");
};
const LATER = Date.now() + 2 * 3600_000;

test("what was replaced is removed when its readers have had their time, and not while one reads", async () => {
  await put(LARGE);
  await using reading = (await store.open(at)) ?? assert.fail();
  await put(Buffer.alloc(100_000, "new"));
  assert.equal(data().length, 2);
  await files.sweep(Date.now());
  assert.equal(data().length, 2, "too early");
  await files.sweep(LATER);
  assert.equal(data().length, 2, "somebody reads");
  await reading[Symbol.asyncDispose]();
  await files.sweep(LATER);
  assert.equal(data().length, 1);
  assert.match(await text(), /^newnew/);
  assert.deepEqual(await readdir(join(home, "notes")), []);
});

test("an upload that was killed before its record leaves nothing, one after it is whole", async () => {
  let kill: (what: string, key: string) => boolean = (what, key) =>
    what === "put" && key.startsWith("files/");
  objects.before = (what, key) => (kill(what, key) ? new Promise<void>(() => {}) : undefined);
  void put(LARGE); // Never ends, as in a process that was killed.
  while (data().length === 0) await new Promise((next) => setTimeout(next, 5));
  open();
  kill = () => false;
  assert.equal(await store.get(at), undefined);
  await files.sweep(LATER);
  assert.deepEqual(data(), []);
  await put(LARGE);
  open();
  await files.sweep(LATER);
  assert.equal(await text(), LARGE.toString());
});

test("a write whose answer was lost counts once", async () => {
  await put("before");
  const write = objects.put.bind(objects);
  let lost = 0;
  objects.put = async (key, bytes, ask) => {
    const tag = await write(key, bytes, ask);
    if (lost++ % 2 === 0) away();
    return tag;
  };
  await store.createAppend(at, { headers: {}, metadata: {}, check: () => {} });
  const append = (piece: string) => store.append(at, streamOf(piece), { digests: {}, check: () => {} });
  await append("one ");
  await append("two");
  assert.equal(await text(), "one two");
  assert.equal((await store.get(at))?.pieces, 2);
  assert.ok(lost > 4, `${lost} writes`);
});

test("many additions become few objects, and every byte stays in its place", async () => {
  await store.createAppend(at, { headers: {}, metadata: {}, check: () => {} });
  let expected = "";
  for (let i = 0; i < 150; i += 1) {
    const piece = `${i};`.repeat(15_000).slice(0, 45_000 + i * 300);
    expected += piece;
    await store.append(at, streamOf(piece), { digests: {}, check: () => {} });
  }
  assert.equal(await text(), expected);
  await files.sweep(LATER);
  assert.ok(data().length < 70, `${data().length} objects`);
  assert.equal(await text(), expected);
});

test("a storage that is away is asked again, then told as that, and nothing is changed", async () => {
  await put("kept");
  let failures = 3;
  objects.before = () => {
    if (failures-- > 0) away();
  };
  assert.equal(await text(), "kept");
  objects.before = away;
  await assert.rejects(put(LARGE), { code: "StorageAway", kind: "unavailable" });
  objects.before = () => {};
  assert.equal(await text(), "kept");
  await files.sweep(LATER);
  assert.deepEqual(data(), []);
});

test("bytes that are not those that were kept are told", async () => {
  await put(LARGE);
  const [key = ""] = data();
  await objects.put(key, Buffer.alloc(100_000, "damaged"), {});
  await assert.rejects(text(), { code: "StorageFailed", message: /does not have the bytes/ });
});

test("blocks that nobody commits are given up after a week; committed ones stay", async () => {
  const stage = (id: string) =>
    store.stage(at, Buffer.from(id).toString("base64"), streamOf(`block ${id}`), {
      writer: "w",
      digests: {},
    });
  await stage("1");
  await stage("2");
  const one = { id: Buffer.from("1").toString("base64"), from: "latest" } as const;
  await store.commit(at, [one], { headers: {}, metadata: {}, writer: "w", check: () => {} });
  await stage("3");
  await store.sweepBlocks(Date.now() + 8 * 24 * 3600_000);
  assert.equal(await store.blocks(at, { writer: "w" }).then((found) => found?.uncommitted.length), 0);
  await files.sweep(LATER);
  assert.equal(data().length, 1);
  assert.equal(await text(), "block 1");
});
