// What only the folder store does: damage and its mending, leftovers, limits, threads. The port's promises are in the suite.
import assert from "node:assert/strict";
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
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { after, before, test } from "node:test";
import { malachite } from "@malachite/contract";
import type { Scope } from "@malachite/core";
import fc from "fast-check";
import { buildZip } from "../../../../conformance/buildZip.ts";
import { containerFolder, hashedPath, snapshotId, snapshotLayout, workspaceFolder } from "./layout.ts";
import { createSnapshotStore, type FolderSnapshotStore, type SnapshotStoreOptions } from "./snapshotStore.ts";
import { sortFiles, treeHash } from "./treeFile.ts";

const scope: Scope = {
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  resourceGroup: "rg",
  workspace: "ws",
};
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const never = new AbortController().signal;

let home: string;
let numbers = 0;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-snapshot-folder-"));
});
after(() => rm(home, { recursive: true }));

async function newStore(options: Partial<SnapshotStoreOptions> = {}) {
  const folder = join(home, `data-${numbers++}`);
  const store = createSnapshotStore({ folder, ...options });
  await store.sweep();
  return { store, layout: snapshotLayout(folder), folder };
}

async function keep(store: FolderSnapshotStore, zip: Uint8Array, signal?: AbortSignal) {
  const file = join(home, `upload-${numbers++}`);
  await writeFile(file, zip);
  return await store.keepZip(scope, { file, sizeBytes: zip.byteLength, sha256: sha256(zip) }, signal);
}

const drain = async (pieces: AsyncIterable<Uint8Array>) => {
  for await (const _ of pieces);
};

test("contents are read-only files, one for each content however often it is in a project", async () => {
  const { store, layout } = await newStore();
  await using _ = store;
  await keep(
    store,
    buildZip([
      { name: "a", data: "same" },
      { name: "b", data: "same" },
      { name: "c", data: "same", mode: 0o100755 },
    ]),
  );
  const path = hashedPath(layout.contents, sha256("same"));
  assert.equal((await stat(path)).mode & 0o777, 0o444);
  assert.deepEqual(await readdir(layout.staging), []);
});

for (const size of [100, 5_000_000]) {
  test(`a damaged content of ${size} bytes is named, put aside, and mended by sending the project again`, async () => {
    const { store, layout } = await newStore();
    await using _ = store;
    const data = Buffer.alloc(size, "content");
    const zip = buildZip([
      { name: "model/weights.bin", data },
      { name: "z", data: "z" },
    ]);
    const { tree } = await keep(store, zip);
    const content = hashedPath(layout.contents, sha256(data));
    const damages = [
      () => writeFile(content, Buffer.alloc(size, "damaged")),
      () => truncate(content, size - 1),
      () => rm(content),
    ];
    for (const [i, damage] of damages.entries()) {
      await chmod(content, 0o644);
      await damage();
      await assert.rejects(drain(store.zip(tree)), {
        code: "StorageFailed",
        message: /model\/weights\.bin.*damaged/,
      });
      const placing = store.place(tree, join(home, `damaged-${numbers++}`), never);
      await assert.rejects(placing, { code: "StorageFailed", message: /"model\/weights\.bin" is damaged/ });
      await assert.rejects(access(content), `damage ${i} must be put aside`);
      assert.equal(await store.byTree(scope, tree), undefined);
      const offered = await store.offer(scope, [{ path: "w", sizeBytes: size, sha256: sha256(data) }]);
      assert.deepEqual(offered, { missing: [sha256(data)] });
      await keep(store, zip);
      const folder = join(home, `mended-${numbers++}`);
      await store.place(tree, folder, never);
      assert.ok(data.equals(await readFile(join(folder, "model/weights.bin"))));
      assert.notEqual(await store.byTree(scope, tree), undefined);
    }
  });
}

test("a content of the wrong size is replaced by the next upload and asked for by the next offer", async () => {
  const { store, layout } = await newStore();
  await using _ = store;
  const zip = buildZip([{ name: "f", data: "0123456789" }]);
  await keep(store, zip);
  const content = hashedPath(layout.contents, sha256("0123456789"));
  await chmod(content, 0o644);
  await truncate(content, 4);
  await keep(store, zip);
  assert.equal(await readFile(content, "utf8"), "0123456789");
  await chmod(content, 0o644);
  await truncate(content, 4);
  const file = { path: "f", sizeBytes: 10, sha256: sha256("0123456789") };
  assert.deepEqual(await store.offer(scope, [file]), { missing: [file.sha256] });
});

test("a damaged listing is told, not taken for an empty project", async () => {
  const { store, layout } = await newStore();
  await using _ = store;
  const snapshot = await keep(
    store,
    buildZip([
      { name: "f", data: "1" },
      { name: "g", data: "2" },
    ]),
  );
  const path = hashedPath(layout.trees, snapshot.tree);
  const whole = await readFile(path, "utf8");
  await chmod(path, 0o644);
  for (const damage of [
    whole.slice(0, -3),
    whole.split("\n").slice(0, 2).join("\n").concat("\n"),
    "rubbish\n",
    whole.replace(" - ", " ? "),
  ]) {
    await writeFile(path, damage);
    const read = async () => {
      for await (const _ of store.files(snapshot.tree));
    };
    await assert.rejects(read, { code: "StorageFailed" }, JSON.stringify(damage));
  }
  await rm(path);
  await assert.rejects(store.get(scope, snapshot.id), { code: "StorageFailed" });
});

test("what an interrupted upload left is swept, and nothing else", async () => {
  const { store, layout, folder } = await newStore();
  await using _ = store;
  const snapshot = await keep(store, buildZip([{ name: "f", data: "1" }]));
  await mkdir(join(layout.staging, "interrupted"));
  await writeFile(join(layout.staging, "interrupted", sha256("x")), "x");
  await writeFile(join(layout.trees, "interrupted.tmp"), "half");
  await writeFile(join(layout.snapshots, workspaceFolder(scope), "interrupted.tmp"), "half");
  await store.sweep();
  const names = (await readdir(folder, { recursive: true })).join("\n");
  assert.doesNotMatch(names, /interrupted|\.tmp/);
  assert.deepEqual(await store.byTree(scope, snapshot.tree), snapshot);
});

test("limits are those that are set, and name what is over them", async () => {
  const { store } = await newStore({
    limits: { entries: 5, unpackedBytes: 1_000, ratio: 10, ratioFloorBytes: 500 },
  });
  await using _ = store;
  const files = (count: number, data = "") =>
    Array.from({ length: count }, (_, i) => ({ name: `f${i}`, data }));
  await keep(store, buildZip(files(5)));
  await assert.rejects(keep(store, buildZip(files(6))), {
    code: "BadArchive",
    message: /6 files and folders or more; 5/,
  });
  await assert.rejects(keep(store, buildZip([{ name: "a/b/c/d/e/f", data: "" }])), {
    code: "BadArchive",
    message: /6 files and folders/,
  });
  await keep(store, buildZip(files(2, "x".repeat(500))));
  await assert.rejects(keep(store, buildZip(files(2, "x".repeat(501)))), {
    code: "BadArchive",
    message: /"f1".*1002 bytes unpacked/,
  });
  const bomb = buildZip([{ name: "bomb", data: "x".repeat(5_000), method: 8 }]);
  await assert.rejects(keep(store, bomb), {
    code: "BadArchive",
    message: /"bomb".*5000 bytes unpacked; this archive of \d+ bytes may have/,
  });
});

test("a project that does not fit on the disk is refused before it is unpacked", async () => {
  const { store } = await newStore({ limits: { unpackedBytes: 2 ** 60, ratioFloorBytes: 2 ** 60 } });
  await using _ = store;
  const zip = buildZip([{ name: "huge", data: "", method: 8, sizeBytes: 2 ** 50, zip64: true }]);
  await assert.rejects(keep(store, zip), {
    code: "StorageFailed",
    message: /needs 1125899906842624 bytes unpacked/,
  });
});

test("an upload that is not there is StorageFailed", async () => {
  const { store } = await newStore();
  await using _ = store;
  const gone = { file: join(home, "gone"), sizeBytes: 1, sha256: sha256("") };
  await assert.rejects(store.keepZip(scope, gone), {
    code: "StorageFailed",
    message: /Keeping a project failed \(ENOENT\)/,
  });
});

test("the event loop stays free while a large archive is taken", async () => {
  const { store } = await newStore();
  await using _ = store;
  const data = Buffer.alloc(40_000_000);
  for (let i = 0; i < data.length; i += 4_096) data.writeUInt32LE(i, i);
  const zip = buildZip([
    { name: "large", data },
    ...Array.from({ length: 300 }, (_, i) => ({ name: `${i}`, data: `${i}` })),
  ]);
  await keep(store, buildZip([]));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const { tree } = await keep(store, zip);
  await store.place(tree, join(home, "large"), never);
  delay.disable();
  // Unpacking in the loop would stop it for hundreds of milliseconds; the rest allows for a busy machine.
  assert.ok(delay.percentile(90) < 50e6, `${delay.percentile(90) / 1e6} ms`);
});

test("a store that is disposed of gives up its work and begins no more", async () => {
  const { store, layout } = await newStore();
  const parts = Array.from({ length: 2_000 }, (_, i) => ({ name: `${i}`, data: `disposed ${i}` }));
  const keeping = [1, 2, 3].map((i) => keep(store, buildZip(parts.slice(i))));
  const settled = Promise.allSettled(keeping);
  await store[Symbol.asyncDispose]();
  for (const result of await settled) {
    if (result.status === "rejected") assert.equal(result.reason.code, "Stopping");
  }
  await assert.rejects(keep(store, buildZip([])), { code: "Stopping" });
  assert.deepEqual(await readdir(layout.staging).catch(() => []), []);
});

test("a worker that dies fails its own task only", async () => {
  const entry = new URL(`data:text/javascript,${encodeURIComponent("process.exit(3)")}`);
  const { store } = await newStore({ entry });
  await using _ = store;
  await assert.rejects(keep(store, buildZip([])), { code: "Unexpected", message: /worker thread died/ });
  await assert.rejects(keep(store, buildZip([])), { code: "Unexpected", message: /worker thread died/ });
});

test("the hash of a tree is the contract's", () => {
  const file = fc.record({
    path: fc.string({ minLength: 1, unit: "grapheme" }),
    sizeBytes: fc.nat(),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    executable: fc.option(fc.boolean(), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(file, { selector: (f) => f.path }), (files) => {
      assert.equal(treeHash(sortFiles([...files])), sha256(malachite.projectTreeText(files)));
    }),
  );
});

test("names in the data folder are safe, whatever they are made from, and apart, also without regard to case", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom("..", ".", "a/b", "A", "a", "dcid.x", "dcid.X"),
  );
  fc.assert(
    fc.property(text, text, (one, two) => {
      for (const name of [containerFolder(one), workspaceFolder({ ...scope, workspace: one })]) {
        assert.match(name, /^[a-zA-Z0-9_~-][a-zA-Z0-9_.~-]*$/);
        assert.ok(name.length <= 200);
      }
      if (one !== two)
        assert.notEqual(containerFolder(one).toLowerCase(), containerFolder(two).toLowerCase());
    }),
  );
  assert.match(
    snapshotId("0".repeat(64)),
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
