import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { malachite } from "@malachite/contract";
import fc from "fast-check";
import { type TemporaryFolder, temporaryFolder } from "../../test/temporaryFolder.ts";
import { openHashCache } from "./hashCache.ts";
import { projectFiles, wireFile } from "./projectFiles.ts";
import { treeHash } from "./treeHash.ts";

const sha256 = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");
const LONG_AGO = Date.now() - 3_600_000;

/** Notes every file as one that was hashed when it had not been changed for a long time. */
async function warm(folder: TemporaryFolder, cacheFolder: string): Promise<void> {
  const { files } = await projectFiles(folder.path, { cacheFolder: false });
  const cache = await openHashCache(folder.path, cacheFolder);
  for (const file of files) cache.put(file.path, file.state, file.sha256, Date.now() + 3_600_000);
  await cache.save();
}

test("files are hashed as they are, whatever their size", async () => {
  using folder = temporaryFolder();
  const big = Buffer.alloc(1_500_000, "abc");
  folder.write("big", big);
  folder.write("empty", "");
  folder.write("small", "x");
  const { files, sizeBytes, hashed } = await projectFiles(folder.path, { cacheFolder: false });
  assert.deepEqual(files.map(wireFile), [
    { path: "big", sizeBytes: 1_500_000, sha256: sha256(big) },
    { path: "empty", sizeBytes: 0, sha256: sha256("") },
    { path: "small", sizeBytes: 1, sha256: sha256("x") },
  ]);
  assert.equal(sizeBytes, 1_500_001);
  assert.equal(hashed, 3);
});

test("a file that has just been changed is not remembered; one that rests is", async () => {
  using folder = temporaryFolder();
  using cache = temporaryFolder();
  const options = { cacheFolder: cache.path };
  folder.write("a");
  assert.equal((await projectFiles(folder.path, options)).hashed, 1);
  assert.equal((await projectFiles(folder.path, options)).hashed, 1);
  await warm(folder, cache.path);
  const again = await projectFiles(folder.path, options);
  assert.equal(again.hashed, 0);
  assert.equal(again.files[0]?.sha256, sha256("a"));
});

test("a change that leaves size and time as they were is seen all the same", async () => {
  using folder = temporaryFolder();
  using cache = temporaryFolder();
  const file = folder.write("a", "one");
  utimesSync(file, LONG_AGO / 1000, LONG_AGO / 1000);
  await warm(folder, cache.path);
  const before = statSync(file, { bigint: true });
  writeFileSync(file, "two");
  utimesSync(file, LONG_AGO / 1000, LONG_AGO / 1000);
  const after = statSync(file, { bigint: true });
  assert.deepEqual([after.size, after.mtimeNs, after.ino], [before.size, before.mtimeNs, before.ino]);
  const { files } = await projectFiles(folder.path, { cacheFolder: cache.path });
  assert.equal(files[0]?.sha256, sha256("two"));
});

test("a hash is kept only for a file that rested two seconds before it was read", async () => {
  using cache = temporaryFolder();
  const state = { size: 1n, mtimeNs: 10_000_000_000n, ctimeNs: 9_000_000_000n, ino: 1n };
  const isKept = async (beganAt: number): Promise<boolean> => {
    const writer = await openHashCache(`/p${beganAt}`, cache.path);
    writer.put("a", state, sha256("a"), beganAt);
    await writer.save();
    return (await openHashCache(`/p${beganAt}`, cache.path)).get("a", state) !== undefined;
  };
  assert.equal(await isKept(10_000), false);
  assert.equal(await isKept(12_000), false);
  assert.equal(await isKept(12_001), true);
});

test("whatever is in the cache's file, the hashes are right", async () => {
  using folder = temporaryFolder();
  using cache = temporaryFolder();
  folder.write("a");
  folder.write("__proto__");
  await warm(folder, cache.path);
  const [name] = readdirSync(cache.path);
  const file = join(cache.path, name as string);
  const good = readFileSync(file, "utf8");
  assert.equal((await projectFiles(folder.path, { cacheFolder: cache.path })).hashed, 0);
  const version2 = good.replace('"version":1', '"version":2');
  for (const bad of ["", "{", "null", "[]", '{"version":1}', '{"version":1,"files":[1,["a"]]}', version2]) {
    writeFileSync(file, bad);
    const { files, hashed } = await projectFiles(folder.path, { cacheFolder: cache.path });
    assert.equal(hashed, 2, bad);
    assert.deepEqual(
      files.map((each) => each.sha256),
      [sha256("__proto__"), sha256("a")],
    );
  }
});

test("a cache that cannot be written costs nothing but time", async () => {
  using folder = temporaryFolder();
  const notAFolder = folder.write("a");
  const { files } = await projectFiles(folder.path, { cacheFolder: join(notAFolder, "cache") });
  assert.equal(files.length, 1);
});

test("many writers at once leave one whole cache, and nothing beside it", async () => {
  using folder = temporaryFolder();
  using cache = temporaryFolder();
  for (let i = 0; i < 50; i += 1) folder.write(`f${i}`);
  await Promise.all(Array.from({ length: 8 }, () => warm(folder, cache.path)));
  const names = readdirSync(cache.path);
  assert.equal(names.length, 1);
  assert.match(names[0] as string, /\.json$/);
  assert.equal((await projectFiles(folder.path, { cacheFolder: cache.path })).hashed, 0);
});

test("what is gone from the project is forgotten", async () => {
  using folder = temporaryFolder();
  using cache = temporaryFolder();
  folder.write("a");
  folder.write("b");
  await warm(folder, cache.path);
  folder.write(".amlignore", "b\n");
  await projectFiles(folder.path, { cacheFolder: cache.path });
  const [name] = readdirSync(cache.path);
  const { files } = JSON.parse(readFileSync(join(cache.path, name as string), "utf8"));
  assert.deepEqual(
    files.map(([path]: string[]) => path),
    ["a"],
  );
});

test("an unreadable file is told by its path", {
  skip: process.getuid?.() === 0 && "root reads everything",
}, async () => {
  using folder = temporaryFolder();
  chmodSync(folder.write("closed"), 0);
  await assert.rejects(projectFiles(folder.path, { cacheFolder: false }), /'closed' cannot be read/);
});

test("the tree's hash is that of the contract's text", () => {
  const file = fc.record({
    path: fc.string({ minLength: 1 }),
    sizeBytes: fc.nat(),
    sha256: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 }),
    executable: fc.option(fc.boolean(), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(file, { selector: ({ path }) => path }), (files) => {
      assert.equal(treeHash(files), sha256(malachite.projectTreeText(files)));
    }),
  );
});
