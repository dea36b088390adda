// Files that change while they are followed; the conformance suite of drivers covers what is hostile.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { RunFolder } from "@malachite/core";
import { createLocalRunFolder } from "./localRunFolder.ts";
import { segmentsOf } from "./openInside.ts";

describe("local run folder", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-folder-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("tells of a file that comes into being, grows and is replaced", async () => {
    const folder = createLocalRunFolder(root);
    const end = new AbortController();
    let seen: number | undefined = -1;
    let told = 0;
    const following = (async () => {
      for await (const _ of folder.changes("log", end.signal)) {
        seen = await folder.size("log");
        told++;
      }
    })();
    const until = async (size: number | undefined): Promise<void> => {
      const deadline = Date.now() + 10_000;
      while (seen !== size || told === 0) {
        assert.ok(Date.now() < deadline, `${size} is not told of; last was ${seen}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await until(undefined);
    writeFileSync(join(root, "log"), "1");
    await until(1);
    appendFileSync(join(root, "log"), "22");
    await until(3);
    rmSync(join(root, "log"));
    await until(undefined);
    writeFileSync(join(root, "log"), "333333");
    await until(6);
    end.abort();
    await following;
  });

  it("gives away only files that belong to nobody else", async () => {
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/own"), "1");
    writeFileSync(join(root, "d/shared"), "2");
    linkSync(join(root, "d/shared"), join(root, "d/second"));
    symlinkSync("d", join(root, "link"));
    const folder = createLocalRunFolder(root);
    assert.equal(folder.localPath?.("d/own"), join(root, "d/own"));
    for (const path of ["d/shared", "d/none", "d", "link/own", "../x", ""]) {
      assert.equal(folder.localPath?.(path), undefined, path);
    }
  });

  it("reads to the end as it is when asked", async () => {
    writeFileSync(join(root, "log"), "x".repeat(600_000));
    const folder = createLocalRunFolder(root);
    let size = 0;
    for await (const chunk of folder.read("log")) {
      appendFileSync(join(root, "log"), "y".repeat(1000));
      size += chunk.length;
    }
    assert.equal(size, 600_000);
  });
});

describe("held files", () => {
  let root = "";
  const LOGS = "project/logs";
  const at = (name: string) => join(root, LOGS, name);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-held-"));
    mkdirSync(join(root, LOGS), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const textOf = async (folder: RunFolder, path: string): Promise<string | undefined> => {
    await using file = await folder.open(path);
    if (file === undefined) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.read(0, (await file.look()).sizeBytes)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const all = async (folder: RunFolder) => {
    const found: Record<string, string | undefined> = {};
    for await (const { path } of folder.list(LOGS))
      found[path.slice(LOGS.length + 1)] = await textOf(folder, path);
    return found;
  };

  it("are shown and given away after the run has removed them, with what was written last", async () => {
    mkdirSync(at("deep/er"), { recursive: true });
    writeFileSync(at("deep/er/gone ä\n.txt"), "first");
    writeFileSync(at("stays"), "1");
    const folder = createLocalRunFolder(root);
    await folder.hold(LOGS);
    appendFileSync(at("deep/er/gone ä\n.txt"), " last");
    rmSync(at("deep"), { recursive: true });
    appendFileSync(at("stays"), "2");
    assert.deepEqual(await all(folder), { "deep/er/gone ä\n.txt": "first last", stays: "12" });
    const path = `${LOGS}/deep/er/gone ä\n.txt`;
    assert.equal(await folder.size(path), 10);
    assert.equal(folder.localPath(path), join(root, "held", path));
    // The file that is still there is given away where it is, and has no other name by then.
    assert.equal(folder.localPath(`${LOGS}/stays`), at("stays"));
    assert.equal(lstatSync(at("stays")).nlink, 1);
    const whole: string[] = [];
    for await (const file of folder.list("")) whole.push(file.path);
    assert.deepEqual(whole.toSorted(), [path, `${LOGS}/stays`].toSorted());
  });

  it("are those that had the name last: rotation, and a file that becomes a folder and back", async () => {
    const folder = createLocalRunFolder(root);
    for (const generation of ["a", "b", "c"]) {
      rmSync(at("app.log.1"), { force: true });
      if (generation !== "a") renameSync(at("app.log"), at("app.log.1"));
      writeFileSync(at("app.log"), generation);
      await folder.hold(LOGS);
    }
    assert.deepEqual(await all(folder), { "app.log": "c", "app.log.1": "b" });
    rmSync(at("app.log"));
    mkdirSync(at("app.log"));
    writeFileSync(at("app.log/inside"), "d");
    assert.deepEqual(await all(folder), { "app.log.1": "b", "app.log/inside": "d" });
    await folder.hold(LOGS);
    rmSync(at("app.log"), { recursive: true });
    assert.deepEqual(await all(folder), { "app.log.1": "b", "app.log/inside": "d" });
    writeFileSync(at("app.log"), "e");
    await folder.hold(LOGS);
    rmSync(at("app.log"));
    assert.deepEqual(await all(folder), { "app.log": "e", "app.log.1": "b" });
    assert.deepEqual(readdirSync(join(root, "held")), ["project"], "nothing half done is left");
  });

  it("take no more room than they may, and the oldest go first", async () => {
    const folder = createLocalRunFolder(root, { files: 100, bytes: 250 });
    for (const [i, name] of ["a", "b", "c", "d"].entries()) {
      writeFileSync(at(name), "x".repeat(100));
      utimesSync(at(name), 1000 + i, 1000 + i);
    }
    assert.deepEqual(await folder.hold(LOGS), { dropped: 0 });
    for (const name of ["a", "b", "c"]) rmSync(at(name));
    assert.deepEqual(await folder.hold(LOGS), { dropped: 1 });
    assert.deepEqual(Object.keys(await all(folder)).toSorted(), ["b", "c", "d"]);
    const few = createLocalRunFolder(root, { files: 1, bytes: 1e9 });
    assert.deepEqual(await few.hold(LOGS), { dropped: 1 });
    assert.deepEqual(Object.keys(await all(few)).toSorted(), ["c", "d"]);
  });

  it("are regular files and nothing else, of this folder and no other", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    symlinkSync("/etc/passwd", at("link"));
    symlinkSync("/etc", at("folder"));
    const server = createServer().listen(at("socket"));
    await once(server, "listening");
    writeFileSync(at("file"), "1");
    const folder = createLocalRunFolder(root);
    await folder.hold(LOGS);
    server.close();
    rmSync(at("file"));
    // A link in the place of what was held is not taken for it, nor is one that lies where second names are.
    symlinkSync("/etc/passwd", at("file"));
    symlinkSync("/etc/passwd", join(root, "held", LOGS, "planted"));
    symlinkSync("/etc", join(root, "held", LOGS, "planted folder"));
    assert.deepEqual(await all(folder), { file: "1" });
    rmSync(join(root, "held", LOGS), { recursive: true });
    const outside = mkdtempSync(join(tmpdir(), "malachite-outside-"));
    symlinkSync(outside, join(root, "held", LOGS));
    writeFileSync(at("second"), "2");
    await folder.hold(LOGS);
    assert.deepEqual(readdirSync(outside), []);
    rmSync(outside, { recursive: true });
    rmSync(at("second"));
    assert.deepEqual(await all(folder), { second: "2" });
  });

  it("of a folder that is gone are none, and make nothing", async () => {
    const folder = createLocalRunFolder(join(root, "none"));
    assert.deepEqual(await folder.hold(LOGS), { dropped: 0 });
    assert.deepEqual(readdirSync(root), ["project"]);
  });
});

describe("segmentsOf", () => {
  it("refuses what leads elsewhere", () => {
    for (const path of ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0", "x".repeat(5000)]) {
      assert.equal(segmentsOf(path), undefined, path);
    }
    assert.deepEqual(segmentsOf("a/..b/c..\\d"), ["a", "..b", "c..\\d"]);
  });
});
