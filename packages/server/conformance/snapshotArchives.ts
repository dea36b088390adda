// What a snapshot store takes from archives and gives back as one, and what it refuses.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { malachite } from "@malachite/contract";
import { isMalachiteError } from "@malachite/core";
import fc from "fast-check";
import { buildZip, type ZipPart } from "./buildZip.ts";
import { HOSTILE_ARCHIVES } from "./hostileArchives.ts";
import { type SnapshotFixture, scope, sha256 } from "./snapshotFixture.ts";

const u32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

/** The tests about archives, to be called inside a `describe`. */
export function snapshotArchivesSuite(f: SnapshotFixture): void {
  const { upload, keep, filesOf, placed, zipOf, taken, refused } = f;

  test("a project comes back as it was, however it was packed, and the same files give the same id", async () => {
    const segment = fc.constantFrom(
      "a",
      "b",
      "B",
      "é",
      "e\u0301",
      "日本",
      "x y",
      "CON",
      "dot.",
      "-rf",
      "😀",
      "\u2028",
    );
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((s) => s.join("/"));
    const file = fc.record({
      data: fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(90_000).map((n) => new Uint8Array(n).fill(n % 7)),
      ),
      mode: fc.constantFrom(0o100644, 0o100755, 0o100600, 0o104755, 0o100444),
      how: fc.constantFrom<Partial<ZipPart>>(
        {},
        { method: 8 },
        { descriptor: true },
        { method: 8, zip64: true, descriptor: true },
      ),
    });
    const project = fc.dictionary(path, file, { maxKeys: 8, noNullPrototype: true }).filter((p) => {
      const paths = Object.keys(p);
      return !paths.some((a) => paths.some((b) => b.startsWith(`${a}/`)));
    });
    await fc.assert(
      fc.asyncProperty(project, fc.boolean(), async (files, zip64) => {
        const parts = Object.entries(files).map(([path, { data, mode, how }]) => ({
          ...how,
          name: path,
          data,
          mode,
        }));
        const snapshot = await keep(buildZip(parts, { zip64 }));
        const expected = parts.map(({ name, data, mode }) => ({
          path: name,
          sizeBytes: data.length,
          sha256: sha256(data),
          ...(mode & 0o111 ? { executable: true } : {}),
        }));
        const total = expected.reduce((sum, f) => sum + f.sizeBytes, 0);
        assert.equal(snapshot.tree, sha256(malachite.projectTreeText(expected)));
        assert.equal(snapshot.files, parts.length);
        assert.equal(snapshot.sizeBytes, total);
        expected.sort((a, b) => (a.path < b.path ? -1 : 1));
        assert.deepEqual(await filesOf(snapshot.tree), expected);
        const folder = await placed(snapshot.tree);
        for (const { name, data, mode } of parts) {
          assert.ok((await readFile(join(folder, name))).equals(data));
          assert.equal((await stat(join(folder, name))).mode & 0o7777, mode & 0o111 ? 0o755 : 0o644);
        }
        assert.deepEqual(await keep(await zipOf(snapshot.tree)), snapshot);
        assert.deepEqual(await keep(buildZip([...parts].reverse())), snapshot);
      }),
      { numRuns: 30 },
    );
  });

  test("zips that real programs make are taken", async () => {
    const x = { data: "x" };
    const folder = (path: string): ZipPart => ({ name: path, mode: 0o040755 });
    const twice = [folder("src/"), { name: "src/a", ...x }, folder("src/"), folder("empty/deep/")];
    assert.deepEqual(await taken(twice), { "src/a": "x" });
    assert.deepEqual(await taken([folder("./"), folder("./src/"), { name: "./src/a", ...x }]), {
      "src/a": "x",
    });
    const dos = { mode: 0, host: 0 };
    assert.deepEqual(
      await taken([
        { name: "src/", ...dos },
        { name: "src/a", ...dos, ...x },
      ]),
      { "src/a": "x" },
    );
    assert.deepEqual(
      await taken([{ name: "src/", mode: 0o040755, method: 8 }]),
      {},
      "a folder with deflated nothing",
    );
    assert.deepEqual(await taken([{ name: "run.sh", mode: 0o104755, ...x }]), { "run.sh*": "x" });
    assert.deepEqual(
      await taken([{ name: Buffer.from("é"), flags: 0, ...x }]),
      { é: "x" },
      "UTF-8 without its flag",
    );
    assert.deepEqual(
      await taken([{ name: Buffer.from([0x82]), flags: 0, ...x }]),
      { é: "x" },
      "code page 437",
    );
    const raw = Buffer.from([0xe9]);
    const unicode = Buffer.from([0x75, 0x70, 7, 0, 1, ...u32(crc32(raw)), ...Buffer.from("é")]);
    assert.deepEqual(
      await taken([{ name: raw, flags: 0, extra: unicode, ...x }]),
      { é: "x" },
      "Info-ZIP's field",
    );
    const unsigned = Buffer.from([...u32(crc32("x")), ...u32(1), ...u32(1)]);
    assert.deepEqual(await taken([{ name: "a", ...x, descriptor: unsigned }]), { a: "x" });
    assert.deepEqual(await taken([{ name: "a", ...x, zip64: true }], { zip64: true }), { a: "x" });
    assert.deepEqual(await taken([{ name: "a", ...x, local: { extra: Buffer.alloc(300) } }]), { a: "x" });
    const zipapp = { before: Buffer.from("#!/usr/bin/env python3\n"), offsetsCountBefore: true };
    assert.deepEqual(await taken([{ name: "a", ...x }], zipapp), { a: "x" }, "offsets count the first line");
    assert.deepEqual(await taken([{ name: "a", ...x }], { comment: Buffer.from("made by hand") }), {
      a: "x",
    });
    assert.deepEqual(
      await taken([
        { name: "Readme", ...x },
        { name: "readme", data: "y" },
      ]),
      { Readme: "x", readme: "y" },
    );
    const accents = { "\u00e9": "x", "e\u0301": "y" };
    assert.deepEqual(
      await taken(Object.entries(accents).map(([path, data]) => ({ name: path, data }))),
      accents,
    );
    const odd = ["aux.c", "CON", "name.", "name ", "__proto__", "constructor", "ab:c"];
    const found = await taken(odd.map((path) => ({ name: path, ...x })));
    assert.deepEqual(Object.keys(found).sort(), [...odd].sort());
  });

  test("an archive without files is a project without files", async () => {
    const empty = await keep(buildZip([]));
    assert.equal(empty.files, 0);
    assert.equal(empty.sizeBytes, 0);
    assert.deepEqual(await keep(await zipOf(empty.tree)), empty);
    assert.deepEqual(await readdir(await placed(empty.tree)), []);
  });

  test("large files, stored and deflated, come back as they were", async () => {
    const data = Buffer.alloc(9 * 1024 * 1024 + 17);
    for (let i = 0; i < data.length; i += 1) data[i] = (i * i) >>> 7;
    const parts = [
      { name: "a", data, method: 8 },
      { name: "b", data },
      { name: "c", data: data.subarray(9), descriptor: true as const },
    ];
    const snapshot = await keep(buildZip(parts));
    const folder = await placed(snapshot.tree);
    for (const { name, data } of parts) assert.ok(data.equals(await readFile(join(folder, name))), name);
    assert.deepEqual(await keep(await zipOf(snapshot.tree)), snapshot);
  });

  describe("hostile archives are refused, leaving nothing", () => {
    for (const { is, zip, code, says, entry } of HOSTILE_ARCHIVES) {
      test(is, async () => {
        const before = await f.under.kept();
        const sent = await upload(zip());
        const error = await refused(f.under.store.keepZip(scope, sent), code, says);
        if (entry !== undefined) assert.equal(error.target, entry);
        assert.deepEqual(await f.under.kept(), before);
        await assert.rejects(access(sent.file), "The upload must be gone.");
      });
    }
  });

  test("an upload cut at any byte is refused, leaving nothing", async () => {
    const second: ZipPart = { name: "b", data: "cut".repeat(20), method: 8, descriptor: true };
    const whole = buildZip([{ name: "cut.py", data: "cut here" }, second]);
    const before = await f.under.kept();
    for (let length = 0; length < whole.length; length += 1) {
      await refused(keep(whole.subarray(0, length)), "BadArchive");
    }
    assert.deepEqual(await f.under.kept(), before);
    assert.equal((await keep(whole)).files, 2);
  });

  test("a single changed bit is refused, or changes nothing of the files", async () => {
    const parts = [
      { name: "flip.py", data: "one bit" },
      { name: "d/b", data: "bits".repeat(20), method: 8 },
    ];
    const whole = buildZip(parts);
    const right = (await filesOf((await keep(whole)).tree)).map((f) => [f.path, f.sha256]);
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed.writeUInt8((whole[at] ?? 0) ^ (1 << (at % 8)), at);
      const kept = await keep(changed).catch((error: unknown) => {
        assert.ok(isMalachiteError(error) && error.kind === "invalid", `byte ${at}: ${error}`);
      });
      if (!kept) continue;
      assert.deepEqual(
        (await filesOf(kept.tree)).map((f) => [f.path, f.sha256]),
        right,
        `byte ${at}`,
      );
    }
  });

  test("the zip of a snapshot is read by Python's zipfile", async () => {
    const parts = [
      { name: "a/é.txt", data: "accent", mode: 0o100644 },
      { name: "big", data: Buffer.alloc(2_500_000, "large"), mode: 0o100644 },
      { name: "run.sh", data: "#!/bin/sh\n".repeat(50), mode: 0o100755 },
    ];
    const { tree } = await keep(buildZip(parts));
    const file = join(f.home, "python.zip");
    await writeFile(file, await zipOf(tree));
    const script = [
      "import zipfile, sys, hashlib, json",
      "z = zipfile.ZipFile(sys.argv[1])",
      "assert z.testzip() is None",
      "print(json.dumps([[i.filename, i.external_attr >> 16, hashlib.sha256(z.read(i)).hexdigest()] for i in z.infolist()]))",
    ];
    const { stdout } = await promisify(execFile)("python3", ["-c", script.join("\n"), file]);
    assert.deepEqual(
      JSON.parse(stdout),
      parts.map(({ name, data, mode }) => [name, mode, sha256(data)]),
    );
  });
}
