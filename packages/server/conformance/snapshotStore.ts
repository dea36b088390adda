// What every snapshot store and placer must do, as a suite over a factory. Belongs to the port, knows no adapter.
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Scope } from "@malachite/core";
import { buildZip, type ZipPart } from "./buildZip.ts";
import { snapshotArchivesSuite } from "./snapshotArchives.ts";
import { never, type OpenSnapshotStore, scope, sha256, snapshotFixture } from "./snapshotFixture.ts";
import { snapshotSweepsSuite } from "./snapshotSweeps.ts";
import { snapshotTreesSuite } from "./snapshotTrees.ts";

const other: Scope = { ...scope, workspace: "other" };

/** `open` makes a new, empty store in the folder it is given. */
export function snapshotStoreConformance(name: string, open: OpenSnapshotStore): void {
  describe(`${name}: snapshot store`, () => {
    const f = snapshotFixture(open);
    const { upload, keep, filesOf, placed, zipOf, refused } = f;

    snapshotArchivesSuite(f);
    snapshotTreesSuite(f);
    snapshotSweepsSuite(f);

    test("a snapshot is seen in the workspaces where it was made, however their names are spelled", async () => {
      const zip = buildZip([{ name: "mine.py", data: "mine" }]);
      const snapshot = await keep(zip);
      const shouted = { ...scope, workspace: "WS", resourceGroup: "RG" };
      assert.deepEqual(await f.under.store.get(scope, snapshot.id), snapshot);
      assert.deepEqual(await f.under.store.get(shouted, snapshot.id.toUpperCase()), snapshot);
      assert.deepEqual(await f.under.store.byTree(scope, snapshot.tree), snapshot);
      assert.equal(await f.under.store.get(other, snapshot.id), undefined);
      assert.equal(await f.under.store.byTree(other, snapshot.tree), undefined);
      assert.equal(await f.under.store.get({ ...scope, resourceGroup: "other" }, snapshot.id), undefined);
      assert.deepEqual(await keep(zip, other), snapshot);
      assert.deepEqual(await f.under.store.get(other, snapshot.id), snapshot);
    });

    test("ids and hashes that are none are simply not there", async () => {
      const nil = "00000000-0000-0000-0000-000000000000";
      for (const id of ["", "..", "../../etc/passwd", "x".repeat(10_000), nil, "a\0b", "0".repeat(64)]) {
        assert.equal(await f.under.store.get(scope, id), undefined);
        assert.equal(await f.under.store.byTree(scope, id), undefined);
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
      assert.deepEqual(await f.under.store.find(tree, "a/b.py"), b);
      assert.deepEqual(await f.under.store.find(tree, "a.py"), {
        path: "a.py",
        sizeBytes: 1,
        sha256: sha256("a"),
      });
      for (const path of ["a", "a/", "A.py", "z", "", "../a.py"]) {
        assert.equal(await f.under.store.find(tree, path), undefined);
      }
    });

    test("a project is offered by its hashes, and only what is missing is sent", async () => {
      const one = { path: "one", sizeBytes: 5, sha256: sha256("one-1") };
      const two = { path: "d/two", sizeBytes: 5, sha256: sha256("two-2"), executable: true };
      const again = { ...two, path: "again" };
      assert.deepEqual(await f.under.store.offer(scope, [one, two, again]), {
        missing: [one.sha256, two.sha256],
      });
      const contents = buildZip([
        { name: one.sha256, data: "one-1" },
        { name: two.sha256, data: "two-2", method: 8 },
      ]);
      assert.equal(await f.under.store.keepContents(await upload(contents)), 2);
      const offered = await f.under.store.offer(scope, [two, one, again]);
      assert.ok("snapshot" in offered);
      assert.equal(offered.snapshot.sizeBytes, 15);
      assert.deepEqual(await f.under.store.get(scope, offered.snapshot.id), offered.snapshot);
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
        f.under.store.offer(
          scope,
          paths.map((path) => ({ ...file, path })),
        );
      await refused(offer("../f"), "BadPath", /"\.\.\/f"/);
      await refused(offer("/f"), "BadPath");
      await refused(offer("a\nb"), "BadPath");
      await refused(offer("f", "f"), "BadPath", /twice/);
      await refused(offer("f", "f/g"), "BadPath", /'f' is a file/);
      await refused(f.under.store.offer(scope, [{ ...file, sha256: "../../x" }]), "ContentMismatch");
      await refused(f.under.store.offer(scope, [{ ...file, sizeBytes: -1 }]), "ContentMismatch");
      await keep(buildZip([{ name: "f", data: "sized" }]));
      const wrong = { path: "f", sizeBytes: 4, sha256: sha256("sized") };
      await refused(f.under.store.offer(scope, [wrong]), "ContentMismatch", /said to have 4 bytes.*has 5/);
    });

    test("contents under a wrong name are refused, all of them", async () => {
      const before = await f.under.kept();
      const right = { name: sha256("right content"), data: "right content" };
      const send = async (part: ZipPart) => f.under.store.keepContents(await upload(buildZip([right, part])));
      await refused(send({ name: sha256("a"), data: "b" }), "ContentMismatch", new RegExp(sha256("b")));
      await refused(send({ name: "train.py", data: "b" }), "BadPath", /SHA-256/);
      await refused(send({ name: `x/${sha256("b")}`, data: "b" }), "BadPath");
      await refused(send({ name: sha256("b").toUpperCase(), data: "b" }), "BadPath");
      await refused(send({ name: sha256("b"), data: "b", crc: 9 }), "BadArchive");
      await refused(send(right), "BadPath", /twice/);
      assert.deepEqual(await f.under.kept(), before);
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
      const folder = join(f.home, "half", "project");
      const outside = join(f.home, "outside");
      await mkdir(outside);
      await writeFile(join(outside, "victim"), "untouched");
      await mkdir(join(folder, "a/b"), { recursive: true });
      await writeFile(join(folder, "a/b/c"), "hal", { mode: 0o400 });
      await symlink(join(outside, "victim"), join(folder, "d"));
      await symlink(outside, join(folder, "e"));
      await symlink(join(outside, "victim"), join(folder, "big"));
      for (let round = 0; round < 2; round += 1) {
        await f.under.store.place(tree, folder, never);
        for (const { name, data } of parts) {
          assert.ok((await readFile(join(folder, name))).equals(Buffer.from(data as string)), name);
        }
        assert.equal((await stat(join(folder, "a/b/c"))).mode & 0o777, 0o644);
        assert.deepEqual(await readdir(outside), ["victim"]);
        assert.equal(await readFile(join(outside, "victim"), "utf8"), "untouched");
      }
    });

    test("work that is given up ends with the signal's reason and leaves nothing", async () => {
      const before = await f.under.kept();
      const parts = Array.from({ length: 3_000 }, (_, i) => ({
        name: `given/up/${i}`,
        data: `given up ${i}`,
      }));
      const reason = new Error("not wanted any more");
      const sent = await upload(buildZip(parts));
      await assert.rejects(f.under.store.keepZip(scope, sent, AbortSignal.abort(reason)), reason);
      const controller = new AbortController();
      const keeping = f.under.store.keepZip(scope, await upload(buildZip(parts)), controller.signal);
      setImmediate(() => controller.abort(reason));
      await assert.rejects(keeping, reason);
      assert.deepEqual(await f.under.kept(), before);
      const { tree } = await keep(buildZip([{ name: "x", data: "x" }]));
      await assert.rejects(
        f.under.store.place(tree, join(f.home, "given-up"), AbortSignal.abort(reason)),
        reason,
      );
    });

    test("a tree that is not there is StorageFailed", async () => {
      const tree = "0".repeat(64);
      await refused(f.under.store.place(tree, join(f.home, "nowhere"), never), "StorageFailed", /0000/);
      await refused(filesOf(tree), "StorageFailed", /0000/);
      await refused(zipOf(tree), "StorageFailed", /0000/);
    });
  });
}
