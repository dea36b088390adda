// What every kind of storage must be able to do for runs: files up and down as they are, checked, told when they cannot be, gone on
// with where they were cut.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DataCarrier, LaunchKey, Storage, StoragePlace } from "@malachite/core";
import { createLocalRunFolder } from "../src/adapters/compute/shared/localRunFolder.ts";

export type StorageUnderTest = AsyncDisposable & {
  readonly storage: Storage;
  /** `folder`: where it may keep what it brings. */
  carrier(folder: string): DataCarrier;
  /** How much a test of much takes: some servers are slow, or do not page. */
  readonly files?: number;
  readonly largeMiB?: number;
  /** The same storage with a key that is wrong; absent where there are no keys. */
  readonly wrongKey?: Storage;
};

export const KEY = "run-1-00000000000000000000" as LaunchKey;
const signal = () => AbortSignal.timeout(120_000);

/** Odd, but names of files everywhere. */
const TREE: Readonly<Record<string, string | Buffer>> = {
  "plain.txt": "one",
  empty: "",
  "deep/er/ü %20+&=?#;.txt": "two",
  "deep/er/日本.bin": randomBytes(300_000),
  "blanks and 'quotes' \"x\"": "three",
  ".hidden/_x": "four",
};

/** Every regular file below a folder with its bytes. */
function filesOf(folder: string): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found[relative(folder, path)] = readFileSync(path);
  }
  return found;
}

function put(folder: string, tree: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const asBuffers = (tree: Readonly<Record<string, string | Buffer>>) =>
  Object.fromEntries(Object.entries(tree).map(([path, content]) => [path, Buffer.from(content)]));

export function testDataCarrier(name: string, openStorage: () => Promise<StorageUnderTest>): void {
  describe(`data in ${name}`, { timeout: 900_000 }, () => {
    const root = mkdtempSync(join(tmpdir(), "malachite-carrier-"));
    let under: StorageUnderTest;
    let carrier: DataCarrier;
    let serial = 0;
    const told: string[] = [];
    const tell = (line: string) => void told.push(line);
    before(async () => {
      under = await openStorage();
      carrier = under.carrier(join(root, "data"));
    });
    after(async () => {
      await under?.[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    });
    const at = (path: string, storage: Storage = under.storage): StoragePlace => ({
      storage,
      called: "store",
      path,
    });
    const fresh = () => `place ${++serial}`;
    const source = (tree: Readonly<Record<string, string | Buffer>>) =>
      put(join(root, `from-${++serial}`), tree);
    const send = (
      folder: string,
      path: string,
      more: { overwrite?: boolean; globs?: string[]; under?: string } = {},
    ) =>
      carrier.send(
        { folder: createLocalRunFolder(folder), under: more.under ?? "" },
        at(path),
        { overwrite: more.overwrite ?? false, globs: more.globs ?? [] },
        tell,
        signal(),
      );
    const bring = (path: string, name = `n${++serial}`, stop = signal()) =>
      carrier.bring(at(path), { key: KEY, name }, tell, stop);

    it("takes a tree of odd names up and down as it is", async () => {
      const place = fresh();
      const sent = await send(source(TREE), place);
      assert.deepEqual(sent.faults, []);
      assert.equal(sent.files, Object.keys(TREE).length);
      const brought = await bring(place);
      assert.deepEqual(filesOf(brought.source), asBuffers(TREE));
      assert.equal(brought.files, sent.files);
      assert.equal(brought.bytes, sent.bytes);
      assert.deepEqual(filesOf((await bring(`${place}/deep`)).source), {
        "er/ü %20+&=?#;.txt": Buffer.from("two"),
        "er/日本.bin": TREE["deep/er/日本.bin"],
      });
    });

    it("takes one file by its path, and answers an empty folder for a place that is not there", async () => {
      const place = fresh();
      await send(source({ "a/x.txt": "1", "a/x.txt.more": "2" }), place);
      const one = await bring(`${place}/a/x.txt`);
      assert.equal(one.file, "x.txt");
      assert.equal(readFileSync(one.source, "utf8"), "1");
      const none = await bring(`${place}/nowhere`);
      assert.deepEqual([none.files, filesOf(none.source)], [0, {}]);
    });

    it("sends one file, or only what the patterns fit", async () => {
      const place = fresh();
      const folder = source({ "x/model.bin": "m", "x/notes.txt": "n", "x/y/more.txt": "o" });
      assert.equal((await send(folder, `${place}/one`, { under: "x/model.bin" })).files, 1);
      assert.equal((await send(folder, `${place}/some`, { under: "x", globs: ["*.txt"] })).files, 2);
      assert.deepEqual(Object.keys(filesOf((await bring(place)).source)).sort(), [
        "one/model.bin",
        "some/notes.txt",
        "some/y/more.txt",
      ]);
    });

    it("replaces a file only when told, and says which it did not; the same file again is no fault", async () => {
      const place = fresh();
      await send(source({ "a.txt": "first", "b.txt": "same" }), place);
      const again = await send(source({ "a.txt": "other", "b.txt": "same", "c.txt": "new" }), place);
      assert.equal(again.files, 2);
      assert.equal(again.faults.length, 1);
      assert.match(
        again.faults[0] ?? "",
        /a\.txt' was not sent to the datastore 'store'.*overwrite is false/,
      );
      assert.equal(readFileSync(join((await bring(place)).source, "a.txt"), "utf8"), "first");
      await send(source({ "a.txt": "other" }), place, { overwrite: true });
      assert.equal(readFileSync(join((await bring(place)).source, "a.txt"), "utf8"), "other");
    });

    it("fetches nothing twice, but what has changed", async () => {
      const place = fresh();
      await send(source({ "a.txt": "one", "b.txt": "two" }), place);
      const first = await bring(place, "twice");
      const before = statSync(join(first.source, "a.txt")).ino;
      // Times of some storages count in seconds.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await send(source({ "b.txt": "TWO" }), place, { overwrite: true });
      const second = await bring(place, "twice");
      assert.equal(statSync(join(second.source, "a.txt")).ino, before);
      assert.equal(readFileSync(join(second.source, "b.txt"), "utf8"), "TWO");
    });

    it("goes on with a file that was cut short, and holds a large one in little memory", async () => {
      const place = fresh();
      const { largeMiB = 200 } = under;
      const folder = join(root, "large");
      mkdirSync(folder);
      const sum = createHash("sha256");
      const block = randomBytes(1024 * 1024);
      const file = await open(join(folder, "large.bin"), "w");
      for (let number = 0; number < largeMiB; number += 1) {
        block.writeUInt32BE(number);
        sum.update(block);
        await file.write(block);
      }
      await file.close();
      let most = 0;
      const watch = setInterval(() => {
        most = Math.max(most, process.memoryUsage().rss);
      }, 50);
      globalThis.gc?.();
      const atRest = process.memoryUsage().rss;
      const sent = await send(folder, place);
      assert.deepEqual([sent.faults, sent.bytes], [[], largeMiB * 1024 * 1024]);
      rmSync(join(folder, "large.bin"));

      const cut = new AbortController();
      const parts = join(root, "data", KEY, ".parts", "cut");
      const seen = setInterval(() => {
        const [part] = existsSync(parts) ? readdirSync(parts) : [];
        if (part !== undefined && statSync(join(parts, part)).size > 0) cut.abort(new Error("cut"));
      }, 1);
      await bring(place, "cut", cut.signal).then(
        () => {},
        () => {},
      );
      clearInterval(seen);
      const brought = await bring(place, "cut");
      clearInterval(watch);
      const got = createHash("sha256");
      const handle = await open(join(brought.source, "large.bin"));
      for await (const chunk of handle.createReadStream()) got.update(chunk as Uint8Array);
      assert.equal(got.digest("hex"), sum.digest("hex"));
      assert.ok(!existsSync(parts));
      assert.ok(most - atRest < 160 * 1024 * 1024, `memory grew by ${(most - atRest) / 2 ** 20} MiB`);
      rmSync(brought.source, { recursive: true });
    });

    it("takes many small files up and down", async () => {
      const place = fresh();
      const { files: count = 2000 } = under;
      const tree = Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`${n % 20}/${n}.txt`, `file ${n}`]),
      );
      const sent = await send(source(tree), place);
      assert.deepEqual([sent.files, sent.faults], [count, []]);
      const brought = await bring(place);
      assert.equal(brought.files, count);
      assert.deepEqual(filesOf(brought.source), asBuffers(tree));
    });

    it("frees what it brought", async () => {
      await carrier.forget(KEY);
      assert.ok(!existsSync(join(root, "data", KEY)));
      await carrier.forget(KEY);
    });

    it("says that a key is wrong", async (t) => {
      if (under.wrongKey === undefined) return t.skip("no keys here");
      await assert.rejects(
        carrier.bring(at("x", under.wrongKey), { key: KEY, name: "wrong" }, tell, signal()),
        (error: Error & { code?: string }) =>
          error.code === "DataUnreachable" && /key is wrong/.test(error.message),
      );
      const sent = await carrier.send(
        { folder: createLocalRunFolder(source({ "a.txt": "1" })), under: "" },
        at("x", under.wrongKey),
        { overwrite: true, globs: [] },
        tell,
        signal(),
      );
      assert.match(sent.faults[0] ?? "", /a\.txt' was not sent .*key is wrong/);
    });
  });
}
