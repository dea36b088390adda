// What every snapshot store and placer must do, as a suite over a factory. Belongs to the port, knows no adapter.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { malachite } from "@malachite/contract";
import {
  isMalachiteError,
  type ProjectPlacer,
  type Scope,
  type SnapshotStore,
  type Upload,
} from "@malachite/core";
import fc from "fast-check";
import { buildZip, type ZipFrame, type ZipPart } from "./buildZip.ts";
import { HOSTILE_ARCHIVES } from "./hostileArchives.ts";

export type SnapshotStoreUnderTest = AsyncDisposable & {
  readonly store: SnapshotStore & ProjectPlacer;
  /** The names of everything the store holds: what a refused archive must not change. */
  kept(): Promise<readonly string[]>;
};

const scope: Scope = {
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  resourceGroup: "rg",
  workspace: "ws",
};
const other: Scope = { ...scope, workspace: "other" };
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const u32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
const never = new AbortController().signal;

/** `open` makes a new, empty store in the folder it is given. */
export function snapshotStoreConformance(
  name: string,
  open: (folder: string) => Promise<SnapshotStoreUnderTest>,
): void {
  describe(`${name}: snapshot store`, () => {
    let home: string;
    let under: SnapshotStoreUnderTest;
    let numbers = 0;

    before(async () => {
      home = await mkdtemp(join(tmpdir(), "malachite-snapshots-"));
      under = await open(join(home, "data"));
    });
    after(async () => {
      await under[Symbol.asyncDispose]();
      await rm(home, { recursive: true });
    });

    const upload = async (zip: Uint8Array): Promise<Upload> => {
      const file = join(home, `upload-${numbers++}`);
      await writeFile(file, zip);
      return { file, sizeBytes: zip.byteLength, sha256: sha256(zip) };
    };
    const keep = async (zip: Uint8Array, at: Scope = scope) => under.store.keepZip(at, await upload(zip));
    const filesOf = async (tree: string) => {
      const files: malachite.ProjectFile[] = [];
      for await (const file of under.store.files(tree)) files.push(file);
      return files;
    };
    const placed = async (tree: string) => {
      const folder = join(home, `run-${numbers++}`, "project");
      await under.store.place(tree, folder, never);
      return folder;
    };
    const zipOf = async (tree: string) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of under.store.zip(tree)) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    /** What the store takes a zip for: path to text, with `*` behind executable ones. */
    const taken = async (parts: readonly ZipPart[], frame?: ZipFrame) => {
      const snapshot = await keep(buildZip(parts, frame));
      const folder = await placed(snapshot.tree);
      const found: [string, string][] = [];
      for (const file of await filesOf(snapshot.tree)) {
        const text = await readFile(join(folder, file.path), "utf8");
        found.push([file.path + (file.executable ? "*" : ""), text]);
      }
      return Object.fromEntries(found);
    };
    const refused = async (work: Promise<unknown>, code: string, says: RegExp = /./) => {
      const error = await work.then(
        () => assert.fail(`Not refused with ${code}.`),
        (e: unknown) => e,
      );
      assert.ok(isMalachiteError(error), String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      return error;
    };

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
      assert.deepEqual(
        await taken([{ name: "a", ...x }], zipapp),
        { a: "x" },
        "offsets count the first line",
      );
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
          const before = await under.kept();
          const sent = await upload(zip());
          const error = await refused(under.store.keepZip(scope, sent), code, says);
          if (entry !== undefined) assert.equal(error.target, entry);
          assert.deepEqual(await under.kept(), before);
          await assert.rejects(access(sent.file), "The upload must be gone.");
        });
      }
    });

    test("an upload cut at any byte is refused, leaving nothing", async () => {
      const second: ZipPart = { name: "b", data: "cut".repeat(20), method: 8, descriptor: true };
      const whole = buildZip([{ name: "cut.py", data: "cut here" }, second]);
      const before = await under.kept();
      for (let length = 0; length < whole.length; length += 1) {
        await refused(keep(whole.subarray(0, length)), "BadArchive");
      }
      assert.deepEqual(await under.kept(), before);
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

    test("a snapshot is seen in the workspaces where it was made, however their names are spelled", async () => {
      const zip = buildZip([{ name: "mine.py", data: "mine" }]);
      const snapshot = await keep(zip);
      const shouted = { ...scope, workspace: "WS", resourceGroup: "RG" };
      assert.deepEqual(await under.store.get(scope, snapshot.id), snapshot);
      assert.deepEqual(await under.store.get(shouted, snapshot.id.toUpperCase()), snapshot);
      assert.deepEqual(await under.store.byTree(scope, snapshot.tree), snapshot);
      assert.equal(await under.store.get(other, snapshot.id), undefined);
      assert.equal(await under.store.byTree(other, snapshot.tree), undefined);
      assert.equal(await under.store.get({ ...scope, resourceGroup: "other" }, snapshot.id), undefined);
      assert.deepEqual(await keep(zip, other), snapshot);
      assert.deepEqual(await under.store.get(other, snapshot.id), snapshot);
    });

    test("ids and hashes that are none are simply not there", async () => {
      const nil = "00000000-0000-0000-0000-000000000000";
      for (const id of ["", "..", "../../etc/passwd", "x".repeat(10_000), nil, "a\0b", "0".repeat(64)]) {
        assert.equal(await under.store.get(scope, id), undefined);
        assert.equal(await under.store.byTree(scope, id), undefined);
      }
    });

    test("a file is found by its exact path", async () => {
      const { tree } = await keep(
        buildZip([
          { name: "a/b.py", data: "b", mode: 0o100755 },
          { name: "a.py", data: "a" },
        ]),
      );
      const b = { path: "a/b.py", sizeBytes: 1, sha256: sha256("b"), executable: true };
      assert.deepEqual(await under.store.find(tree, "a/b.py"), b);
      assert.deepEqual(await under.store.find(tree, "a.py"), {
        path: "a.py",
        sizeBytes: 1,
        sha256: sha256("a"),
      });
      for (const path of ["a", "a/", "A.py", "z", "", "../a.py"]) {
        assert.equal(await under.store.find(tree, path), undefined);
      }
    });

    test("a project is offered by its hashes, and only what is missing is sent", async () => {
      const one = { path: "one", sizeBytes: 5, sha256: sha256("one-1") };
      const two = { path: "d/two", sizeBytes: 5, sha256: sha256("two-2"), executable: true };
      const again = { ...two, path: "again" };
      assert.deepEqual(await under.store.offer(scope, [one, two, again]), {
        missing: [one.sha256, two.sha256],
      });
      const contents = buildZip([
        { name: one.sha256, data: "one-1" },
        { name: two.sha256, data: "two-2", method: 8 },
      ]);
      assert.equal(await under.store.keepContents(await upload(contents)), 2);
      const offered = await under.store.offer(scope, [two, one, again]);
      assert.ok("snapshot" in offered);
      assert.equal(offered.snapshot.sizeBytes, 15);
      assert.deepEqual(await under.store.get(scope, offered.snapshot.id), offered.snapshot);
      const zipped = await keep(
        buildZip([
          { name: "again", data: "two-2", mode: 0o100755 },
          { name: "one", data: "one-1" },
          { name: "d/two", data: "two-2", mode: 0o100755 },
        ]),
      );
      assert.deepEqual(zipped, offered.snapshot);
      assert.equal(await readFile(join(await placed(zipped.tree), "d/two"), "utf8"), "two-2");
    });

    test("an offer is checked like an archive", async () => {
      const file = { path: "f", sizeBytes: 1, sha256: sha256("offered") };
      const offer = (...paths: string[]) =>
        under.store.offer(
          scope,
          paths.map((path) => ({ ...file, path })),
        );
      await refused(offer("../f"), "BadPath", /"\.\.\/f"/);
      await refused(offer("/f"), "BadPath");
      await refused(offer("a\nb"), "BadPath");
      await refused(offer("f", "f"), "BadPath", /twice/);
      await refused(offer("f", "f/g"), "BadPath", /'f' is a file/);
      await refused(under.store.offer(scope, [{ ...file, sha256: "../../x" }]), "ContentMismatch");
      await refused(under.store.offer(scope, [{ ...file, sizeBytes: -1 }]), "ContentMismatch");
      await keep(buildZip([{ name: "f", data: "sized" }]));
      const wrong = { path: "f", sizeBytes: 4, sha256: sha256("sized") };
      await refused(under.store.offer(scope, [wrong]), "ContentMismatch", /said to have 4 bytes.*has 5/);
    });

    test("contents under a wrong name are refused, all of them", async () => {
      const before = await under.kept();
      const right = { name: sha256("right content"), data: "right content" };
      const send = async (part: ZipPart) => under.store.keepContents(await upload(buildZip([right, part])));
      await refused(send({ name: sha256("a"), data: "b" }), "ContentMismatch", new RegExp(sha256("b")));
      await refused(send({ name: "train.py", data: "b" }), "BadPath", /SHA-256/);
      await refused(send({ name: `x/${sha256("b")}`, data: "b" }), "BadPath");
      await refused(send({ name: sha256("b").toUpperCase(), data: "b" }), "BadPath");
      await refused(send({ name: sha256("b"), data: "b", crc: 9 }), "BadArchive");
      await refused(send(right), "BadPath", /twice/);
      assert.deepEqual(await under.kept(), before);
    });

    test("the same project from many uploads at once, and the same content in different projects", async () => {
      const parts = Array.from({ length: 30 }, (_, i) => ({ name: `f${i}`, data: `${i}`, method: 8 }));
      const zip = buildZip([...parts, { name: "big", data: Buffer.alloc(300_000, "shared"), method: 8 }]);
      const [first, ...rest] = await Promise.all(Array.from({ length: 6 }, () => keep(zip)));
      for (const snapshot of rest) assert.deepEqual(snapshot, first);
      const mixed = Array.from({ length: 6 }, (_, i) =>
        keep(
          buildZip([
            { name: `only${i}`, data: `${i}` },
            { name: "new", data: "shared by six" },
          ]),
        ),
      );
      for (const { tree } of await Promise.all(mixed)) {
        assert.equal(await readFile(join(await placed(tree), "new"), "utf8"), "shared by six");
      }
    });

    test("what a run does in its folder never reaches the store", async () => {
      const big = Buffer.alloc(300_000, 1);
      const { tree } = await keep(
        buildZip([
          { name: "train.py", data: "print(1)" },
          { name: "big", data: big },
        ]),
      );
      const folder = await placed(tree);
      for (const path of ["train.py", "big"]) {
        assert.equal((await stat(join(folder, path))).nlink, 1);
        await chmod(join(folder, path), 0o666);
        await writeFile(join(folder, path), "overwritten");
      }
      const second = await placed(tree);
      assert.equal(await readFile(join(second, "train.py"), "utf8"), "print(1)");
      assert.ok((await readFile(join(second, "big"))).equals(big));
    });

    test("placing again mends what a crash left half made, and writes through no link", async () => {
      const parts = [
        { name: "a/b/c", data: "c" },
        { name: "d", data: "d", mode: 0o100755 },
        { name: "e/f", data: "f" },
        { name: "big", data: Buffer.alloc(300_000, 2) },
      ];
      const { tree } = await keep(buildZip(parts));
      const folder = join(home, "half", "project");
      const outside = join(home, "outside");
      await mkdir(outside);
      await writeFile(join(outside, "victim"), "untouched");
      await mkdir(join(folder, "a/b"), { recursive: true });
      await writeFile(join(folder, "a/b/c"), "hal", { mode: 0o400 });
      await symlink(join(outside, "victim"), join(folder, "d"));
      await symlink(outside, join(folder, "e"));
      await symlink(join(outside, "victim"), join(folder, "big"));
      for (let round = 0; round < 2; round += 1) {
        await under.store.place(tree, folder, never);
        for (const { name, data } of parts) {
          assert.ok((await readFile(join(folder, name))).equals(Buffer.from(data as string)), name);
        }
        assert.equal((await stat(join(folder, "a/b/c"))).mode & 0o777, 0o644);
        assert.deepEqual(await readdir(outside), ["victim"]);
        assert.equal(await readFile(join(outside, "victim"), "utf8"), "untouched");
      }
    });

    test("work that is given up ends with the signal's reason and leaves nothing", async () => {
      const before = await under.kept();
      const parts = Array.from({ length: 3_000 }, (_, i) => ({
        name: `given/up/${i}`,
        data: `given up ${i}`,
      }));
      const reason = new Error("not wanted any more");
      const sent = await upload(buildZip(parts));
      await assert.rejects(under.store.keepZip(scope, sent, AbortSignal.abort(reason)), reason);
      const controller = new AbortController();
      const keeping = under.store.keepZip(scope, await upload(buildZip(parts)), controller.signal);
      setImmediate(() => controller.abort(reason));
      await assert.rejects(keeping, reason);
      assert.deepEqual(await under.kept(), before);
      const { tree } = await keep(buildZip([{ name: "x", data: "x" }]));
      await assert.rejects(
        under.store.place(tree, join(home, "given-up"), AbortSignal.abort(reason)),
        reason,
      );
    });

    test("a tree that is not there is StorageFailed", async () => {
      const tree = "0".repeat(64);
      await refused(under.store.place(tree, join(home, "nowhere"), never), "StorageFailed", /0000/);
      await refused(filesOf(tree), "StorageFailed", /0000/);
      await refused(zipOf(tree), "StorageFailed", /0000/);
    });

    test("the zip of a snapshot is read by Python's zipfile", async () => {
      const parts = [
        { name: "a/é.txt", data: "accent", mode: 0o100644 },
        { name: "big", data: Buffer.alloc(2_500_000, "large"), mode: 0o100644 },
        { name: "run.sh", data: "#!/bin/sh\n".repeat(50), mode: 0o100755 },
      ];
      const { tree } = await keep(buildZip(parts));
      const file = join(home, "python.zip");
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
  });
}
