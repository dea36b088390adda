// Mounts of remote storages, made by the real rclone of storages that run on this machine: what runs see and write, and what becomes
// of it when a process dies, hangs, or is of an earlier service. Skipped where nothing can be mounted.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { DataCarrier, LaunchKey, Storage, StoragePlace } from "@malachite/core";
import { createBlobStore, KeyedLock } from "../src/adapters/blobs/folder/index.ts";
import { createLocalRunFolder } from "../src/adapters/compute/shared/localRunFolder.ts";
import { createDataCarrier } from "../src/adapters/data/index.ts";
import { type MountsUnderTest, mountsHere, withoutMounts } from "./mountsUnderTest.ts";
import { azureUnderTest, ownUnderTest, type StorageUnderTest, s3UnderTest } from "./storagesUnderTest.ts";

const STORAGES: Readonly<Record<string, () => Promise<StorageUnderTest>>> = {
  async "Azure Blob (Azurite)"() {
    const azure = await azureUnderTest();
    return {
      ...azure,
      allowHosts: [...azure.allowHosts, "127.0.0.1"],
      [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
    };
  },
  "S3 (s3rver)": () => s3UnderTest("team a"),
  "the service's own blobs in S3 (moto)": ownUnderTest,
};

/** Odd, but names of files everywhere. */
const TREE: Readonly<Record<string, string>> = {
  "plain.txt": "one",
  "deep/er/ü %20+&=#;.txt": "two",
  "deep/日本.bin": "three",
  "blanks and 'quotes' \"x\"": "four",
  "[a]{b}*.txt": "five",
};

const signal = () => AbortSignal.timeout(120_000);
const tell = () => {};
const skip = (await withoutMounts()) ?? false;

// Each storage has mounts of its own, and much of the time is waiting for one that hangs: they are tried side by side.
describe("remote storages", { skip, concurrency: true }, () => {
  for (const [title, start] of Object.entries(STORAGES)) testMounts(title, start);
  testLostStorage();
});

function testMounts(title: string, start: () => Promise<StorageUnderTest>): void {
  describe(`mounts of ${title}`, { timeout: 900_000, concurrency: 1 }, () => {
    const root = mkdtempSync(join(tmpdir(), "malachite mounts-"));
    const data = join(root, "data");
    const key = "run-1-00000000000000000000" as LaunchKey;
    let under: StorageUnderTest;
    let here: MountsUnderTest;
    let carrier: DataCarrier;
    let serial = 0;
    before(async () => {
      under = await start();
      here = mountsHere();
      carrier = service();
    });
    after(async () => {
      await carrier?.sweep(new Set());
      assert.deepEqual(ours(), []);
      await here?.[Symbol.asyncDispose]();
      await under?.[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    });

    /** Another service on the same folder. */
    const service = (): DataCarrier => {
      const blobs = createBlobStore({ folder: join(root, "blobs"), locks: new KeyedLock() });
      return createDataCarrier({
        folder: data,
        ...(under.own ?? {
          blobs,
          blobsFolder: (container: string) => blobs.folderOf({ kind: "store", name: container }),
        }),
        named: under.named,
        allowHosts: under.allowHosts,
        openFolder: createLocalRunFolder,
        mounts: here.mounts(),
      });
    };
    const fresh = () => `place ${++serial} ü'`;
    const at = (path: string, storage: Storage = under.storage): StoragePlace => ({
      storage,
      called: "store",
      path,
    });
    const mount = (path: string, name = `m${++serial}`, readOnly = false, storage?: Storage) =>
      carrier.mount(at(path, storage), { key, name }, { make: true, readOnly }, tell, signal());
    const settle = (path: string, name: string) =>
      carrier.settle({ key, name }, "store", async () => at(path), tell, signal());
    /** What lies in the storage, fetched without a mount. */
    async function stored(path: string): Promise<Record<string, string>> {
      const { source } = await carrier.bring(at(path), { key, name: `b${++serial}` }, tell, signal());
      const found: Record<string, string> = {};
      for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        if (entry.isFile()) found[file.slice(source.length + 1)] = readFileSync(file, "utf8");
      }
      return found;
    }
    async function store(path: string, tree: Readonly<Record<string, string | Buffer>>): Promise<void> {
      const from = join(root, `from-${++serial}`);
      for (const [name, content] of Object.entries(tree)) {
        mkdirSync(dirname(join(from, name)), { recursive: true });
        writeFileSync(join(from, name), content);
      }
      const folder = { folder: createLocalRunFolder(from), under: "" };
      const { faults } = await carrier.send(folder, at(path), { overwrite: true, globs: [] }, tell, signal());
      assert.deepEqual(faults, []);
    }
    /** The mount points below the folder of the test. */
    const ours = () =>
      readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => line.includes(root.replaceAll(" ", "\\040")));
    const noteOf = (name: string) =>
      JSON.parse(readFileSync(join(data, key, ".mounts", name, "note.json"), "utf8")) as {
        holder: { pid: number };
      };
    /** Returns when it is gone: one that is just ending is still taken for alive. */
    async function kill(pid: number): Promise<void> {
      process.kill(pid, "SIGKILL");
      for (const end = Date.now() + 60_000; !isGone(pid); await pause(10)) assert.ok(Date.now() < end);
    }
    const isGone = (pid: number) => !/^State:\s*[^Z]/m.test(statusOf(pid));
    const statusOf = (pid: number): string => {
      try {
        return readFileSync(`/proc/${pid}/status`, "utf8");
      } catch {
        // It has ended.
        return "";
      }
    };

    it("show what is there, with odd names, and put what is written into the storage", async () => {
      const place = fresh();
      await store(place, TREE);
      const { source, is } = await mount(place, "odd");
      assert.equal(is, "folder");
      for (const [path, text] of Object.entries(TREE))
        assert.equal(readFileSync(join(source, path), "utf8"), text);
      mkdirSync(join(source, "new er/x"), { recursive: true });
      writeFileSync(join(source, "new er/x/mäde 'by' \"run\".txt"), "made");
      writeFileSync(join(source, "empty"), "");
      appendFileSync(join(source, "plain.txt"), " more");
      renameSync(join(source, "deep/日本.bin"), join(source, "deep/renamed"));
      rmSync(join(source, "[a]{b}*.txt"));
      const { files, faults } = await settle(place, "odd");
      assert.deepEqual([files, faults], [3, []]);
      const { "deep/日本.bin": renamed, "[a]{b}*.txt": _, ...kept } = TREE;
      assert.deepEqual(await stored(place), {
        ...kept,
        "deep/renamed": renamed,
        "plain.txt": "one more",
        "new er/x/mäde 'by' \"run\".txt": "made",
        empty: "",
      });
      assert.deepEqual(await settle(place, "odd"), { files: 0, bytes: 0, faults: [] });
      assert.deepEqual(ours(), []);
    });

    it("keep a file whole of which a part was changed in place, and one that a program still held when it ended", async () => {
      const place = fresh();
      const size = 20 * 2 ** 20;
      await store(place, { big: Buffer.alloc(size, "A") });
      const { source } = await mount(place, "parts");
      const script = `f = open(${JSON.stringify(join(source, "big"))}, "r+b"); f.seek(${size / 2}); f.write(b"xyz"); f.flush()
g = open(${JSON.stringify(join(source, "held"))}, "w"); g.write("held"); g.flush()
import os; os._exit(0)`;
      await promisify(execFile)("python3", ["-c", script]);
      assert.deepEqual((await settle(place, "parts")).faults, []);
      const found = await stored(place);
      const expected = Buffer.alloc(size, "A");
      expected.write("xyz", size / 2);
      assert.ok(found.big === expected.toString(), "the file is not what it was");
      assert.equal(found.held, "held");
    });

    it("of what is only read refuse to be written", async () => {
      const place = fresh();
      await store(place, { "a.txt": "one" });
      const { source } = await mount(place, "read", true);
      assert.equal(readFileSync(join(source, "a.txt"), "utf8"), "one");
      assert.throws(() => writeFileSync(join(source, "b.txt"), "x"), { code: "EROFS" });
      assert.throws(() => unlinkSync(join(source, "a.txt")), { code: "EROFS" });
      assert.deepEqual(await settle(place, "read"), { files: 0, bytes: 0, faults: [] });
    });

    it("of one file show that file and no other", async () => {
      const place = fresh();
      await store(place, { "x/[a]*.txt": "mine", "x/other.txt": "not mine" });
      const { source, file, is } = await mount(`${place}/x/[a]*.txt`, "one");
      assert.deepEqual([file, is], ["[a]*.txt", "file"]);
      assert.deepEqual(readdirSync(dirname(source)), ["[a]*.txt"]);
      writeFileSync(source, "changed");
      assert.deepEqual((await settle(`${place}/x/[a]*.txt`, "one")).faults, []);
      assert.deepEqual(await stored(place), { "x/[a]*.txt": "changed", "x/other.txt": "not mine" });
    });

    it("are used on by the next service, and what they wrote is sent by it", async () => {
      const place = fresh();
      const { source } = await mount(place, "kept");
      writeFileSync(join(source, "before"), "1");
      const { pid } = noteOf("kept").holder;
      const next = service();
      await next.sweep(new Set([key]));
      const again = await next.mount(
        at(place),
        { key, name: "kept" },
        { make: true, readOnly: false },
        tell,
        signal(),
      );
      assert.equal(again.source, source);
      assert.equal(noteOf("kept").holder.pid, pid);
      writeFileSync(join(source, "after"), "2");
      await next.settle({ key, name: "kept" }, "store", async () => at(place), tell, signal());
      assert.deepEqual(await stored(place), { before: "1", after: "2" });
      assert.ok(isGone(pid));
    });

    it("of runs that nobody knows any more are taken away at a start", async () => {
      const place = fresh();
      await mount(place, "stale");
      const { pid } = noteOf("stale").holder;
      await service().sweep(new Set());
      assert.ok(isGone(pid));
      assert.deepEqual([ours(), readdirSync(data)], [[], []]);
    });

    it("whose process was killed are told, what was written by then is sent, and they can be made anew", async () => {
      const place = fresh();
      const { source } = await mount(place, "killed");
      const held = await open(join(source, "held"), "w");
      await held.write("written");
      await kill(noteOf("killed").holder.pid);
      await assert.rejects(held.write("lost"), { code: "ENOTCONN" });
      await held.close().catch(() => {});
      const { source: again } = await mount(place, "killed");
      assert.deepEqual(readdirSync(again), ["held"]);
      await kill(noteOf("killed").holder.pid);
      const { faults } = await settle(place, "killed");
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? "", /mount of the datastore 'store' had ended by itself/);
      assert.deepEqual(await stored(place), { held: "written" });
      assert.deepEqual(ours(), []);
    });

    it("that hang cannot hang the service: they end in time, with their process", async () => {
      const place = fresh();
      await store(place, { "a.txt": "one" });
      const { source } = await mount(place, "hung");
      const { pid } = noteOf("hung").holder;
      process.kill(pid, "SIGSTOP");
      const reader = spawn("cat", [join(source, "a.txt")], { stdio: "ignore" });
      const ended = once(reader, "exit");
      const begun = performance.now();
      await carrier.forget(key);
      assert.ok(performance.now() - begun < 30_000);
      assert.ok(isGone(pid));
      await ended;
      assert.deepEqual([ours(), existsSync(join(data, key))], [[], false]);
      await carrier.forget(key);
    });

    it("of several runs at once are each its own", async () => {
      const place = fresh();
      const [one, two] = await Promise.all([mount(place, "one"), mount(place, "two")]);
      writeFileSync(join(one?.source ?? "", "one"), "1");
      writeFileSync(join(two?.source ?? "", "two"), "2");
      await Promise.all([settle(place, "one"), settle(place, "two")]);
      assert.deepEqual(await stored(place), { one: "1", two: "2" });
    });

    it("are kept from others, and tell no key: not in a file, a command line or an error", async () => {
      const place = fresh();
      await mount(place, "secret");
      const { pid } = noteOf("secret").holder;
      const folder = join(data, key, ".mounts/secret");
      for (const path of [folder, join(folder, "cache"), join(folder, "note.json")])
        assert.equal(statSync(path).mode & 0o077, 0, path);
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const texts = [commandLine, ...ours(), readFileSync(join(folder, "note.json"), "utf8")];
      if (existsSync(join(folder, "log"))) texts.push(readFileSync(join(folder, "log"), "utf8"));
      for (const secret of under.secrets) assert.ok(!texts.join("\n").includes(secret), secret);
      if (under.wrongKey !== undefined)
        await assert.rejects(
          mount(place, "wrong", false, under.wrongKey),
          (error: Error & { code?: string }) => {
            for (const secret of under.secrets) assert.ok(!error.message.includes(secret));
            return error.code === "DataUnreachable" && /key is wrong/.test(error.message);
          },
        );
      assert.ok(!existsSync(join(data, key, ".mounts/wrong")));
      await settle(place, "secret");
    });
  });
}

function testLostStorage(): void {
  it("a storage that goes away while a run writes: its mount tells which files are not in it, and ends", {
    timeout: 600_000,
  }, async () => {
    const root = mkdtempSync(join(tmpdir(), "malachite-mounts-"));
    await using here = mountsHere();
    const azure = await azureUnderTest();
    const carrier = createDataCarrier({
      folder: join(root, "data"),
      blobs: undefined as never,
      blobsFolder: () => "",
      named: {},
      allowHosts: azure.allowHosts,
      openFolder: createLocalRunFolder,
      mounts: here.mounts(),
    });
    const place: StoragePlace = { storage: azure.storage, called: "store", path: "out" };
    const into = { key: "run-1-00000000000000000000" as LaunchKey, name: "x" };
    const { source } = await carrier.mount(place, into, { make: true, readOnly: false }, tell, signal());
    writeFileSync(join(source, "a.txt"), "one");
    await azure[Symbol.asyncDispose]();
    const { faults } = await carrier.settle(into, "store", async () => place, tell, signal());
    assert.equal(faults.length, 1);
    assert.match(
      faults[0] ?? "",
      /'out\/a\.txt' was not sent to the datastore 'store': Writing out\/a\.txt .*ECONNREFUSED/,
    );
    await carrier.forget(into.key);
    await assert.rejects(
      carrier.mount(place, into, { make: true, readOnly: false }, tell, signal()),
      (error: Error & { code?: string }) => error.code === "DataUnreachable",
    );
    rmSync(root, { recursive: true, force: true });
  });
}
