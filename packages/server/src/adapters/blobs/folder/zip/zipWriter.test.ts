// The writer against Python's zipfile and against our own strict reader, above all where Zip64 begins.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { readEntries } from "./centralDirectory.ts";
import { findDirectory } from "./endRecord.ts";
import { openEntry, unpackPieces } from "./openEntry.ts";
import { writeZip, type ZipSource } from "./zipWriter.ts";

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-zip-"));
});
after(() => rm(home, { recursive: true }));

/** Writes the zip, leaving holes for chunks longer than `holesAbove`, which are zeros: huge ones cost no disk. */
async function write(
  name: string,
  files: Iterable<ZipSource>,
  holesAbove = Number.POSITIVE_INFINITY,
): Promise<string> {
  const file = join(home, name);
  const fd = openSync(file, "w");
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let at = 0;
  const flush = () => {
    writeSync(fd, Buffer.concat(waiting), 0, waitingBytes, at);
    at += waitingBytes;
    waiting = [];
    waitingBytes = 0;
  };
  try {
    const sources = (async function* () {
      yield* files;
    })();
    for await (const chunk of writeZip(sources)) {
      const hole = chunk.length > holesAbove;
      if (hole || waitingBytes > 1_000_000) flush();
      if (hole) at += chunk.length;
      else {
        waiting.push(chunk);
        waitingBytes += chunk.length;
      }
    }
    flush();
    ftruncateSync(fd, at);
  } finally {
    closeSync(fd);
  }
  return file;
}

async function python(file: string, ...lines: string[]): Promise<string> {
  const script = ["import sys, zipfile", "z = zipfile.ZipFile(sys.argv[1])", ...lines].join("\n");
  return (await promisify(execFile)("python3", ["-c", script, file])).stdout.trim();
}

/** Reads every entry with our own reader, verifying all it verifies; answers names and sizes. */
async function readBack(file: string, onlyLast = false): Promise<[string, number][]> {
  const fd = openSync(file, "r");
  try {
    const directory = findDirectory(fd, fstatSync(fd).size);
    const entries = [...readEntries(fd, directory)];
    for (const entry of onlyLast ? entries.slice(-1) : entries) {
      for await (const _ of unpackPieces(fd, entry, openEntry(fd, entry, 0, directory.offset)));
    }
    return entries.map((e) => [e.name, e.sizeBytes]);
  } finally {
    closeSync(fd);
  }
}

const packed = (path: string, bytes: Uint8Array, crc = crc32(bytes)): ZipSource => ({
  path,
  executable: false,
  sizeBytes: bytes.length,
  data: { crc, method: 0, bytes },
});

test("a file that may pass 4 GiB has Zip64 sizes behind it, and is read whatever it turns out to be", async () => {
  const data = (async function* () {
    for (let i = 0; i < 40; i += 1) yield Buffer.alloc(100_000, `piece ${i}`);
  })();
  const file = await write("wide.zip", [
    { path: "wide", executable: true, sizeBytes: 5e9, data },
    packed("next", Buffer.from("n")),
  ]);
  assert.equal(
    await python(file, "print(z.testzip(), [(i.filename, i.file_size) for i in z.infolist()])"),
    "None [('wide', 4000000), ('next', 1)]",
  );
  assert.deepEqual(await readBack(file), [
    ["wide", 4_000_000],
    ["next", 1],
  ]);
});

test("more entries than 16 bits count", async () => {
  const count = 66_000;
  const files = Array.from({ length: count }, (_, i) => packed(`f${i}`, Buffer.alloc(0)));
  const file = await write("many.zip", files);
  assert.equal(
    await python(file, "print(len(z.infolist()), z.infolist()[-1].filename)"),
    `${count} f${count - 1}`,
  );
  const back = await readBack(file, true);
  assert.equal(back.length, count);
  assert.deepEqual(back.at(-1), [`f${count - 1}`, 0]);
});

test("entries and a list behind 4 GiB", async () => {
  const zeros = Buffer.alloc(16 * 1024 * 1024);
  const crc = crc32(zeros);
  const files = Array.from({ length: 258 }, (_, i) => packed(`f${i}`, zeros, crc));
  files.push(packed("last", Buffer.from("behind four gibibytes")));
  const file = await write("far.zip", files, 1_000_000);
  assert.equal(
    await python(file, "print(z.read('last').decode(), len(z.infolist()))"),
    "behind four gibibytes 259",
  );
  const back = await readBack(file, true);
  assert.deepEqual(back.at(-1), ["last", 21]);
});

test("a source that fails fails the zip", async () => {
  const broken = async function* () {
    yield Buffer.alloc(2_000_000, "x");
    throw new Error("the disk is gone");
  };
  const source = { path: "f", executable: false, sizeBytes: 4_000_000, data: broken() };
  await assert.rejects(write("broken.zip", [source]), /the disk is gone/);
});

test("a reader that goes away ends the writing", async () => {
  let closed = false;
  const endless = async function* () {
    try {
      for (let i = 0; ; i += 1) yield Buffer.alloc(100_000, `${i}`);
    } finally {
      closed = true;
    }
  };
  const sources = (async function* (): AsyncGenerator<ZipSource> {
    yield { path: "f", executable: false, sizeBytes: 5e9, data: endless() };
  })();
  let chunks = 0;
  for await (const _ of writeZip(sources)) {
    chunks += 1;
    if (chunks > 3) break;
  }
  assert.ok(closed);
});
