// Backup and restore of a data folder without a service: facts of blobs, what a killed backup leaves, what is half done.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { BlobAddress } from "@malachite/core";
import { createBlobStore, KeyedLock } from "../adapters/blobs/folder/index.ts";
import { openSqliteRecords } from "../adapters/records/sqlite/sqliteRecords.ts";
import { openDataFolder } from "../dataFolder.ts";
import { placeKept } from "../fileStores.ts";
import { elsewhereOf } from "../folderRecords.ts";
import { backupData } from "./backupData.ts";
import { filesBelow } from "./mirrorTree.ts";
import { restoreData } from "./restoreData.ts";

async function* streamOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
const check = () => {};
const scope = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };
const inStore = (path: string): BlobAddress => ({ bucket: { kind: "store", name: "azureml-x" }, path });
const ofRun = (path: string): BlobAddress => ({
  bucket: { kind: "artifacts", scope, container: "dcid.Run A" },
  path,
});

async function inFolder(work: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "malachite-backup-"));
  try {
    await work(home);
  } finally {
    await rm(home, { recursive: true });
  }
}

/** The data folder of a service that was there and has ended. */
async function serviceIn(data: string): Promise<string> {
  using folder = openDataFolder(data);
  await (await openSqliteRecords({ file: folder.records })).close();
  return data;
}

async function listed(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of filesBelow(folder)) if (!path.startsWith("lock")) found.push(path);
  return found;
}

describe("a backup of a data folder", { timeout: 60_000 }, () => {
  it("has blobs with all that is known of them, and nothing that is half done or gone", () =>
    inFolder(async (home) => {
      const data = join(home, "data");
      {
        using folder = openDataFolder(data);
        await (await openSqliteRecords({ file: folder.records })).close();
        const blobs = createBlobStore({ folder: folder.blobs, locks: new KeyedLock() });
        const headers = { contentType: "text/markdown", cacheControl: "no-store" };
        const facts = { headers, metadata: { of: "mine" }, writer: "w", digests: {}, check };
        await blobs.put(inStore("a b/c.txt"), streamOf("text"), facts);
        await blobs.put(ofRun("logs/one.txt"), streamOf("log"), facts);
        await blobs.put(inStore("gone.txt"), streamOf("gone"), facts);
        await blobs.createAppend(inStore("grows"), { headers: {}, metadata: { kind: "append" }, check });
        await blobs.append(inStore("grows"), streamOf("piece"), { digests: {}, check });
        await mkdir(join(folder.blobs, "contents", "staging"), { recursive: true });
        await writeFile(join(folder.blobs, "contents", "staging", "half"), "half");

        const backup = join(home, "backup");
        const first = await backupData(data, backup);
        assert.equal(first.copied.files, first.note.files);
        assert.equal((await stat(join(backup, "records.sqlite"))).mode & 0o777, 0o600);
        await blobs.remove(inStore("gone.txt"), { check });
        // What a kill in the middle of one leaves.
        await writeFile(join(backup, "records.sqlite.new"), "half");
        await writeFile(join(backup, "blobs", "x.part"), "half");
        const second = await backupData(data, backup);
        assert.equal(second.copied.files, 0);
        assert.equal(second.note.files, first.note.files - 2, "the blob and its facts");
      }
      const restored = join(home, "restored");
      await restoreData(join(home, "backup"), restored);
      assert.ok(!(await listed(restored)).some((path) => /half|part|gone|new$/.test(path)));
      const blobs = createBlobStore({ folder: join(restored, "blobs"), locks: new KeyedLock() });
      for (const at of [inStore("a b/c.txt"), ofRun("logs/one.txt")]) {
        const found = await blobs.get(at);
        assert.deepEqual(found?.metadata, { of: "mine" }, at.path);
        assert.equal(found?.headers.contentType, "text/markdown");
      }
      assert.equal(await blobs.get(inStore("gone.txt")), undefined);
      const grown = await blobs.get(inStore("grows"));
      assert.deepEqual([grown?.kind, grown?.sizeBytes, grown?.metadata.kind], ["append", 5, "append"]);
      await blobs.append(inStore("grows"), streamOf(" more"), { digests: {}, check });
      assert.equal((await blobs.get(inStore("grows")))?.sizeBytes, 10);
      using _folder = openDataFolder(restored);
      assert.ok((await readdir(restored)).includes("secret"));
    }));

  it("says which files are in an object storage, and leaves out what is fetched from there again", () =>
    inFolder(async (home) => {
      const data = join(home, "data");
      using folder = openDataFolder(data);
      await (await openSqliteRecords({ file: folder.records })).close();
      await writeFile(join(folder.blobs, "place"), "s3://bucket/prefix/\n");
      const cache = join(folder.blobs, "objects", "cache", "contents", "ab");
      await mkdir(cache, { recursive: true });
      await writeFile(join(cache, "cdef"), "fetched");
      const { note } = await backupData(data, join(home, "b"));
      assert.equal(note.filesAt, "s3://bucket/prefix/");
      assert.ok(!(await listed(join(home, "b"))).some((path) => path.includes("cache")));
      const restored = join(home, "restored");
      assert.equal((await restoreData(join(home, "b"), restored)).filesAt, note.filesAt);
      assert.equal(placeKept(join(restored, "blobs")), note.filesAt, "no service begins there without them");
    }));

  it("is refused where the records are in a database, though older ones are in the folder", () =>
    inFolder(async (home) => {
      const data = join(home, "data");
      using folder = openDataFolder(data);
      await (await openSqliteRecords({ file: folder.records })).close();
      await writeFile(elsewhereOf(folder.records), "postgres://m@db/m?schema=malachite\n");
      await assert.rejects(backupData(data, join(home, "b")), {
        code: "InvalidRequest",
        message: /are in postgres:\/\/m@db\/m\?schema=malachite\. Give that with --database/,
      });
      assert.ok(!existsSync(join(home, "b")));
    }));

  it("is refused by two at once into one folder", () =>
    inFolder(async (home) => {
      const data = join(home, "data");
      using folder = openDataFolder(data);
      await (await openSqliteRecords({ file: folder.records })).close();
      const both = await Promise.allSettled([
        backupData(data, join(home, "b")),
        backupData(data, join(home, "b")),
      ]);
      assert.equal(both.filter(({ status }) => status === "fulfilled").length, 1);
      const [refused] = both.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      assert.equal(refused.code, "Busy");
    }));

  it("is refused by a folder in which anything else is, and takes nothing from it", () =>
    inFolder(async (home) => {
      const data = await serviceIn(join(home, "data"));
      const documents = join(home, "documents");
      await mkdir(join(documents, "blobs"), { recursive: true });
      await writeFile(join(documents, "blobs", "mine.txt"), "mine");
      const another = await serviceIn(join(home, "another"));
      for (const into of [documents, another, data]) {
        const before = await listed(into);
        await assert.rejects(backupData(data, into), { code: "InvalidRequest", message: /no backup/ });
        assert.deepEqual(await listed(into), before);
      }
      const other = join(home, "other backup");
      await backupData(another, other);
      const before = await listed(other);
      await assert.rejects(backupData(data, other), { code: "InvalidRequest", message: /another service/ });
      assert.deepEqual(await listed(other), before);
    }));

  it("goes on with a first one that was killed, and begins in the root of a new disk", () =>
    inFolder(async (home) => {
      const data = await serviceIn(join(home, "data"));
      const into = join(home, "b");
      await mkdir(join(into, "lost+found"), { recursive: true });
      await rm(join(data, "id"));
      await assert.rejects(backupData(data, into));
      await assert.rejects(restoreData(into, join(home, "restored")), {
        message: /no backup that was finished/,
      });
      await serviceIn(data);
      await backupData(data, into);
      await restoreData(into, join(home, "restored"));
    }));
});

describe("a restore of a data folder", { timeout: 60_000 }, () => {
  it("fills a folder that is there, which may be a mounted disk or in a folder of somebody else", () =>
    inFolder(async (home) => {
      await backupData(await serviceIn(join(home, "data")), join(home, "b"));
      const restored = join(home, "restored");
      await mkdir(join(restored, "lost+found"), { recursive: true });
      const { ino } = await stat(restored);
      await restoreData(join(home, "b"), restored);
      assert.equal((await stat(restored)).ino, ino);
      assert.deepEqual((await readdir(home)).sort(), ["b", "data", "restored"]);
      await serviceIn(restored);
    }));

  it("leaves such a folder empty when a content of the backup is not as it was", () =>
    inFolder(async (home) => {
      const data = await serviceIn(join(home, "data"));
      const damaged = join("blobs", "contents", "ab", "0".repeat(62));
      await mkdir(join(data, damaged, ".."), { recursive: true });
      await writeFile(join(data, damaged), "another");
      await backupData(data, join(home, "b"));
      const restored = join(home, "restored");
      await mkdir(restored);
      await assert.rejects(restoreData(join(home, "b"), restored), { code: "StorageFailed" });
      assert.deepEqual(await readdir(restored), []);
    }));

  it("that was killed keeps servers from starting, and is finished by the same call", () =>
    inFolder(async (home) => {
      await backupData(await serviceIn(join(home, "data")), join(home, "b"));
      const restored = join(home, "restored");
      const { beganAt } = await restoreData(join(home, "b"), restored);
      await writeFile(join(restored, "restoring.json"), JSON.stringify({ of: beganAt }));
      await rm(join(restored, "records.sqlite"));
      await writeFile(join(restored, "secret.part"), "half");
      assert.throws(() => openDataFolder(restored), { code: "ImportUnfinished" });
      await restoreData(join(home, "b"), restored);
      assert.ok(!(await listed(restored)).some((path) => path.endsWith(".part")));
      await serviceIn(restored);
    }));
});
