import assert from "node:assert/strict";
import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { BlobAddress, BlobStore } from "@malachite/core";
import { blobStoreConformance } from "../../../../conformance/blobStore.ts";
import { createArtifactStore } from "./artifactStore.ts";
import { createBlobStore, type FolderBlobStore } from "./blobStore.ts";
import { noteAddition } from "./halfDone.ts";
import { KeyedLock } from "./keyedLock.ts";
import { containerFolder, workspaceFolder } from "./layout.ts";

blobStoreConformance("folder", async (folder) => {
  const store = createBlobStore({ folder, locks: new KeyedLock() });
  await store.sweep();
  return store;
});

const scope = { subscriptionId: "s", resourceGroup: "rg", workspace: "ws" };
const at = (path: string): BlobAddress => ({ bucket: { kind: "store", name: "azureml-x" }, path });
const any = () => {};
let home: string;
let store: FolderBlobStore;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-blob-folder-"));
  store = createBlobStore({ folder: home, locks: new KeyedLock() });
  await store.sweep();
});
after(() => rm(home, { recursive: true }));

const streamOf = async function* (text: string) {
  yield Buffer.from(text);
};
const put = (where: BlobAddress, text: string, metadata = {}) =>
  store.put(where, streamOf(text), { headers: {}, metadata, writer: "", digests: {}, check: any });
const text = async (of: BlobStore, where: BlobAddress) => {
  await using blob = (await of.open(where)) ?? assert.fail();
  const chunks: Uint8Array[] = [];
  for await (const chunk of blob.read(0, blob.info.sizeBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const file = (path: string) => join(home, "stores", "azureml-x", path);

test("blobs of artifacts are the files of the artifact store", async () => {
  const artifacts = createArtifactStore({ folder: home });
  const where: BlobAddress = { bucket: { kind: "artifacts", scope, container: "dcid.a" }, path: "out/m.txt" };
  await put(where, "by blob", { k: "v" });
  assert.equal((await artifacts.get(scope, "dcid.a", "out/m.txt"))?.sizeBytes, 7);
  await artifacts.put(scope, "dcid.a", "out/m.txt", { stream: streamOf("by artifact") }, { overwrite: true });
  assert.equal(await text(store, where), "by artifact");
  assert.deepEqual((await store.get(where))?.metadata, {}, "facts of the file that was replaced");
});

test("a piece that a crash cut short is not seen, and is gone with the next one", async () => {
  await store.createAppend(at("log"), { headers: {}, metadata: {}, check: any });
  const piece = { digests: {}, check: any };
  await store.append(at("log"), streamOf("whole\n"), piece);
  // What a kill leaves: the facts of both lengths are kept before the bytes are, and only some of the bytes came.
  const facts = join(home, "blobs", "facts");
  const names = await readdir(facts, { recursive: true, withFileTypes: true });
  const before = new Map<string, number>();
  for (const name of names.filter((n) => n.isFile())) {
    const path = join(name.parentPath, name.name);
    before.set(path, (await stat(path)).mtimeMs);
  }
  await appendFile(file("log"), "ha");
  const [path] = [...before].sort((a, b) => b[1] - a[1])[0] ?? assert.fail();
  const kept = JSON.parse(await readFile(path, "utf8"));
  const now = kept.facts.at(-1);
  kept.facts = [now, { ...now, sizeBytes: now.sizeBytes + 5, pieces: now.pieces + 1 }];
  await writeFile(path, JSON.stringify(kept));
  assert.equal(await text(store, at("log")), "whole\n");
  const next = await store.append(at("log"), streamOf("next\n"), piece);
  assert.equal(next.offset, 6);
  assert.equal(await text(store, at("log")), "whole\nnext\n");
});

test("what a kill left of a piece is taken back at the next start, also for those who read the file itself", async () => {
  const artifacts = createArtifactStore({ folder: home });
  const where: BlobAddress = { bucket: { kind: "artifacts", scope, container: "dcid.cut" }, path: "logs/a" };
  await store.createAppend(where, { headers: {}, metadata: {}, check: any });
  await store.append(where, streamOf("whole\n"), { digests: {}, check: any });
  const root = join(home, "artifacts", workspaceFolder(scope), containerFolder("dcid.cut"));
  const path = join(root, "logs/a");
  const { ino } = await stat(path, { bigint: true });
  const size = async () => (await artifacts.get(scope, "dcid.cut", "logs/a"))?.sizeBytes;
  const killed = async (unfinished: string, note: { from: number; to: number; ino?: bigint }) => {
    await noteAddition(join(home, unfinished, "piece"), { root, path: "logs/a", ino, ...note });
    await store.sweep();
    await artifacts.sweep();
  };
  for (const unfinished of ["blobs/unfinished", "artifacts/unfinished"]) {
    await appendFile(path, "ha");
    await killed(unfinished, { from: 6, to: 11 });
    assert.equal(await size(), 6, unfinished);
    assert.deepEqual(await readdir(join(home, unfinished)), []);
  }
  await appendFile(path, "half\n");
  await killed("blobs/unfinished", { from: 6, to: 11 });
  assert.equal(await size(), 11, "all of it came");
  await killed("blobs/unfinished", { from: 6, to: 12, ino: ino + 1n });
  assert.equal(await size(), 11, "another file");
  await writeFile(join(home, "blobs/unfinished/cut.adds"), '{"root":');
  await rm(path);
  await killed("blobs/unfinished", { from: 6, to: 12 });
  assert.equal(await size(), undefined);
});

test("a link in the folder is no blob, and is not written through", async () => {
  await put(at("real"), "real");
  await writeFile(join(home, "outside"), "outside");
  await symlink(join(home, "outside"), file("link"));
  assert.equal(await store.get(at("link")), undefined);
  await put(at("link"), "new");
  assert.equal(await text(store, at("link")), "new");
  assert.equal(String(await readFile(join(home, "outside"))), "outside");
});

test("nothing unfinished is left, and old blocks are given up", async () => {
  const stage = (path: string) => store.stage(at(path), "MQ==", streamOf("x"), { writer: "", digests: {} });
  await stage("old");
  const [folder] = await readdir(join(home, "blobs", "staged"));
  const week = 8 * 24 * 3600;
  const then = Date.now() / 1000 - week;
  await utimes(join(home, "blobs", "staged", String(folder)), then, then);
  await stage("fresh");
  await store.sweepBlocks(Date.now());
  assert.equal((await readdir(join(home, "blobs", "staged"))).length, 1);
  assert.equal((await store.blocks(at("fresh"), { writer: "" }))?.uncommitted.length, 1);
  assert.deepEqual(await readdir(join(home, "blobs", "unfinished")), []);
});
