import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import {
  access,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  openFolderInside,
  openInside,
  readRange,
  removeTree,
  spool,
  writeFileAtomic,
  writeStream,
} from "./index.ts";

const run = promisify(execFile);
let home: string;
let folder: string;
let numbers = 0;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-files-"));
});
after(() => rm(home, { recursive: true }));
beforeEach(async () => {
  folder = join(home, `${numbers++}`);
  await mkdir(folder);
});

async function* streamOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield piece;
}
const openFiles = async () => (await readdir("/proc/self/fd")).length;

describe("openInside", () => {
  const text = async (path: string) => {
    await using handle = await openInside(folder, path);
    return await handle.readFile("utf8");
  };

  test("opens regular files, at any depth", async () => {
    await mkdir(join(folder, "a/b"), { recursive: true });
    await writeFile(join(folder, "a/b/c"), "deep");
    await writeFile(join(folder, "top"), "top");
    assert.equal(await text("a/b/c"), "deep");
    assert.equal(await text("top"), "top");
    await assert.rejects(text("a/missing"), { code: "ENOENT" });
    await assert.rejects(text("missing/b"), { code: "ENOENT" });
  });

  test("follows no link, at no component, and opens nothing that is no file", async () => {
    await writeFile(join(home, "secret"), "secret");
    await mkdir(join(folder, "real"));
    await writeFile(join(folder, "real/file"), "x");
    await symlink(home, join(folder, "up"));
    await symlink(join(home, "secret"), join(folder, "link"));
    await symlink("real", join(folder, "inner"));
    await symlink("loop", join(folder, "loop"));
    await run("mkfifo", [join(folder, "fifo")]);
    for (const path of ["up/secret", "link", "inner/file", "loop", "loop/x", "fifo", "real", "real/file/x"]) {
      await assert.rejects(text(path), { code: "ENOENT" }, path);
    }
    for (const path of ["../secret", "/etc/passwd", "real/../../secret", ""]) {
      await assert.rejects(text(path), { code: "BadPath" }, path);
    }
    await assert.rejects(openInside(folder, "link", constants.O_WRONLY | constants.O_CREAT, 0o644), {
      code: "ENOENT",
    });
    assert.equal(await readFile(join(home, "secret"), "utf8"), "secret");
  });

  test("an open folder stays what it is when its path becomes a link", async () => {
    await mkdir(join(folder, "a"));
    await mkdir(join(folder, "evil"));
    await using inner = await openFolderInside(folder, ["a"], { make: false });
    await rename(join(folder, "a"), join(folder, "moved"));
    await symlink("evil", join(folder, "a"));
    await writeFile(inner.at("file"), "x");
    assert.deepEqual(await readdir(join(folder, "moved")), ["file"]);
    assert.deepEqual(await readdir(join(folder, "evil")), []);
  });

  test("makes folders when asked, but none through a link, and leaves nothing open", async () => {
    const open = await openFiles();
    await (await openFolderInside(folder, ["x", "y", "z"], { make: true }))[Symbol.asyncDispose]();
    assert.ok((await stat(join(folder, "x/y/z"))).isDirectory());
    await symlink(home, join(folder, "up"));
    await writeFile(join(folder, "file"), "");
    await assert.rejects(openFolderInside(folder, ["up", "new"], { make: true }));
    await assert.rejects(openFolderInside(folder, ["file", "new"], { make: true }), { code: "ENOTDIR" });
    await assert.rejects(access(join(home, "new")));
    await assert.rejects(openInside(folder, "x/y"), { code: "ENOENT" });
    assert.equal(await openFiles(), open);
  });
});

describe("removeTree", () => {
  test("removes files, links, empty and full folders, and nothing is fine too", async () => {
    await writeFile(join(home, "victim"), "alive");
    await mkdir(join(folder, "t/a/b/c"), { recursive: true });
    await mkdir(join(folder, "t/empty"));
    for (const path of ["t/f", "t/a/f", "t/a/b/f", "t/a/b/c/f"]) await writeFile(join(folder, path), "x");
    await symlink(home, join(folder, "t/a/up"));
    await symlink(join(home, "victim"), join(folder, "t/victim"));
    await run("mkfifo", [join(folder, "t/fifo")]);
    await symlink(home, join(folder, "link"));
    await writeFile(join(folder, "file"), "x");
    for (const name of ["t", "link", "file", "missing"]) await removeTree(join(folder, name));
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await readFile(join(home, "victim"), "utf8"), "alive");
  });

  test("removes what a hostile program leaves: depth beyond any path, names that are not UTF-8, no rights", async () => {
    const script = `
import os, sys
os.chdir(sys.argv[1]); os.mkdir("t"); os.chdir("t")
for name in (b"\\xff\\xfe", b"new\\nline", b"-rf", b"\\xe9" * 80, b".moved-0", b"~"):
    os.mkdir(name); open(name + b"/f\\xff", "w").close()
    os.mkdir(name + b"/in"); open(name + b"/in/f", "w").close()
os.makedirs("ro/ro/ro"); open("ro/ro/ro/f", "w").close(); open("ro/ro/f", "w").close()
for path in ("ro/ro/ro", "ro/ro", "ro"): os.chmod(path, 0o000)
for i in range(500):
    open("f", "w").close(); os.mkdir("deep-" + "x" * 20); os.chdir("deep-" + "x" * 20)
`;
    await run("python3", ["-c", script, folder]);
    const open = await openFiles();
    await removeTree(join(folder, "t"));
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await openFiles(), open);
  });

  test("removes wide trees", async () => {
    await mkdir(join(folder, "t"));
    for (let i = 0; i < 40; i += 1) {
      await mkdir(join(folder, `t/${i}/inner`), { recursive: true });
      for (let k = 0; k < 25; k += 1) await writeFile(join(folder, `t/${i}/inner/${k}`), "");
    }
    await removeTree(join(folder, "t"));
    assert.deepEqual(await readdir(folder), []);
  });
});

describe("spool", () => {
  test("writes what comes in, in any pieces, and tells size and hash", async () => {
    const data = Buffer.alloc(1_500_000);
    for (let i = 0; i < data.length; i += 1) data[i] = (i * 31) >>> 5;
    for (const size of [7, 4_096, 65_536, 900_000, 2_000_000]) {
      const pieces = Array.from({ length: Math.ceil(data.length / size) }, (_, i) =>
        data.subarray(i * size, (i + 1) * size),
      );
      const taken = size === 7 ? pieces.slice(0, 3_000) : pieces;
      const whole = Buffer.concat(taken);
      const upload = await spool(streamOf(...taken), join(folder, "new/uploads"));
      assert.equal(upload.sizeBytes, whole.length);
      assert.equal(upload.sha256, createHash("sha256").update(whole).digest("hex"));
      assert.ok(whole.equals(await readFile(upload.file)));
      assert.equal((await stat(upload.file)).mode & 0o777, 0o600);
    }
    const empty = await spool(streamOf(), folder);
    assert.equal((await stat(empty.file)).size, 0);
  });

  test("a stream that breaks throws its own error and leaves no file", async () => {
    const broken = async function* () {
      yield Buffer.alloc(700_000);
      throw new Error("cut");
    };
    const open = await openFiles();
    await assert.rejects(spool(broken(), folder), /^Error: cut$/);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await openFiles(), open);
  });

  test("a full disk is StorageFailed, wherever in the stream it shows", {
    skip: process.platform !== "linux",
  }, async () => {
    for (const size of [10, 3_000_000]) {
      await using full = await open("/dev/full", "w");
      const pieces = Array.from({ length: 4 }, () => Buffer.alloc(size));
      await assert.rejects(writeStream(streamOf(...pieces), full), {
        code: "StorageFailed",
        message: /ENOSPC.*disk is full/,
      });
    }
  });

  test("a folder that cannot be is StorageFailed", async () => {
    await writeFile(join(folder, "file"), "");
    await assert.rejects(spool(streamOf(), join(folder, "file")), { code: "StorageFailed" });
  });
});

test("writeFileAtomic replaces the whole file and leaves nothing beside it", async () => {
  const path = join(folder, "new/deep/file");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, "two");
  assert.equal(await readFile(path, "utf8"), "two");
  assert.deepEqual(await readdir(join(folder, "new/deep")), ["file"]);
  await mkdir(join(folder, "taken/inner"), { recursive: true });
  await assert.rejects(writeFileAtomic(join(folder, "taken"), "x"));
  assert.deepEqual((await readdir(folder)).sort(), ["new", "taken"]);
  assert.ok((await lstat(join(folder, "taken"))).isDirectory());
});

test("readRange gives exactly the range, closes the file however it ends, and bears that the file is cut", async () => {
  const data = Buffer.alloc(700_000, "0123456789");
  await writeFile(join(folder, "f"), data);
  const read = async (from?: number, to?: number) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of readRange(await open(join(folder, "f")), from, to)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  const before = await openFiles();
  for (const [from, to] of [
    [0, 0],
    [0, 1],
    [5, 262_150],
    [699_999, 700_000],
    [700_000, 800_000],
    [900_000, 1_000_000],
  ]) {
    assert.ok((await read(from, to)).equals(data.subarray(from, to)));
  }
  assert.ok((await read()).equals(data));
  for await (const _ of readRange(await open(join(folder, "f")))) break;
  const handle = await open(join(folder, "f"), "r+");
  let total = 0;
  for await (const piece of readRange(handle)) {
    total += piece.byteLength;
    await handle.truncate(300_000);
  }
  assert.equal(total, 300_000);
  assert.equal(await openFiles(), before);
});
