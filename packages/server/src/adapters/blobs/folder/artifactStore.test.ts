import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  access,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { artifactStoreConformance } from "../../../../conformance/artifactStore.ts";
import { createArtifactStore, type FolderArtifactStore } from "./artifactStore.ts";
import { containerFolder, workspaceFolder } from "./layout.ts";

artifactStoreConformance("folder", async (folder) => {
  const store = createArtifactStore({ folder });
  await store.sweep();
  return store;
});

const scope = {
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  resourceGroup: "rg",
  workspace: "Ws",
};
const container = "dcid.run";
let home: string;
let store: FolderArtifactStore;
let root: string;

before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-artifact-folder-"));
  store = createArtifactStore({ folder: home });
  root = join(home, "artifacts", workspaceFolder(scope), containerFolder(container));
  await store.sweep();
});
after(() => rm(home, { recursive: true }));

test("files are placed for a run as copies of its own, with their times, in place of what is there", async () => {
  const own = "dcid.placed";
  const keep = (path: string, text: string) =>
    store.put(scope, own, path, { stream: streamOf(text) }, { overwrite: true });
  const project = join(home, "project");
  await mkdir(join(project, "outputs"), { recursive: true });
  await writeFile(join(project, "outputs/model"), "the project's");
  await keep("outputs/model", "of the earlier attempt");
  await keep("outputs/deep/er/ä b", "2");
  await keep("outputs2/other", "3");
  await keep("logs/a", "4");
  const kept = join(home, "artifacts", workspaceFolder(scope), containerFolder(own), "outputs/model");
  await utimes(kept, 1000, 1000);
  const files = { scope, container: own, folder: "outputs" };
  for (let twice = 0; twice < 2; twice += 1) {
    await store.placeFiles(files, project, new AbortController().signal);
    assert.deepEqual((await readdir(project, { recursive: true })).sort(), [
      "outputs",
      "outputs/deep",
      "outputs/deep/er",
      "outputs/deep/er/ä b",
      "outputs/model",
    ]);
    assert.equal(await readFile(join(project, "outputs/model"), "utf8"), "of the earlier attempt");
    assert.equal((await stat(join(project, "outputs/model"))).mtimeMs, 1000_000);
    await writeFile(join(project, "outputs/model"), "what the run writes");
  }
  assert.equal(await readFile(kept, "utf8"), "of the earlier attempt");
});

const streamOf = async function* (text: string) {
  yield Buffer.from(text);
};
const put = (path: string, text = "x") =>
  store.put(scope, container, path, { stream: streamOf(text) }, { overwrite: true });

test("artifacts are plain files under readable names", async () => {
  await put("outputs/model.txt", "weights");
  assert.match(root, /ws~[0-9a-f]{16}\/dcid\.run$/);
  assert.equal((await stat(join(root, "outputs/model.txt"))).mode & 0o777, 0o644);
  assert.deepEqual(await readdir(join(home, "artifacts", "unfinished")), []);
});

test("links, FIFOs and folders in the store are no artifacts, and nothing is read or written through them", async () => {
  await put("real/file");
  const outside = join(home, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "secret");
  await symlink(join(outside, "secret"), join(root, "link"));
  await symlink(outside, join(root, "folder"));
  await symlink("loop", join(root, "loop"));
  await promisify(execFile)("mkfifo", [join(root, "fifo")]);
  for (const path of ["link", "folder/secret", "loop", "fifo", "real"]) {
    assert.equal(await store.get(scope, container, path), undefined, path);
    await assert.rejects(store.read(scope, container, path)[Symbol.asyncIterator]().next(), {
      code: "ArtifactNotFound",
    });
  }
  await assert.rejects(put("folder/secret", "overwritten"), { code: "BadPath" });
  await assert.rejects(put("folder/new"), { code: "BadPath" });
  await assert.rejects(store.append(scope, container, "folder/new", streamOf("x")), { code: "BadPath" });
  await assert.rejects(store.append(scope, container, "link", streamOf("x")), { code: "BadPath" });
  await store.remove(scope, container, "folder/secret");
  assert.deepEqual(await readdir(outside), ["secret"]);
  const { values } = await store.list(scope, container, { limit: 100 });
  assert.deepEqual(
    values.map((v) => v.path).filter((p) => !p.startsWith("outputs/")),
    ["real/file"],
  );
  await put("link", "a file now");
  assert.equal((await stat(join(outside, "secret"))).size, 6);
});

test("what interrupted writes left is invisible and swept", async () => {
  await writeFile(join(home, "artifacts", "unfinished", "leftover"), "half");
  assert.ok(
    (await store.list(scope, container, { limit: 100 })).values.every((v) => !v.path.includes("leftover")),
  );
  await store.sweep();
  assert.deepEqual(await readdir(join(home, "artifacts", "unfinished")), []);
});

test("a file is taken by rename, at no cost, and a file of holes stays one when it is copied", async () => {
  const source = join(home, "holes");
  const handle = await open(source, "w");
  await handle.truncate(3 * 1024 ** 3);
  await handle.close();
  await promisify(execFile)("ln", [source, `${source}-2`]);
  await rm(source);
  const { ino } = await stat(`${source}-2`);
  const info = await store.put(scope, container, "holes", { takeFile: `${source}-2` }, { overwrite: false });
  assert.equal(info.sizeBytes, 3 * 1024 ** 3);
  assert.equal((await stat(join(root, "holes"))).ino, ino);
  await assert.rejects(access(`${source}-2`));
  const small = join(home, "small-holes");
  const other = await open(small, "w");
  await other.write("end", 64 * 1024 ** 2);
  await other.close();
  await promisify(execFile)("ln", [small, `${small}-2`]);
  await store.put(scope, container, "copied", { takeFile: small }, { overwrite: false });
  const copy = await stat(join(root, "copied"));
  assert.equal(copy.size, 64 * 1024 ** 2 + 3);
  assert.ok(copy.blocks * 512 < 4 * 1024 ** 2, `${copy.blocks} blocks`);
});

test("an empty folder that a crash left is no obstacle", async () => {
  await mkdir(join(root, "crashed"), { recursive: true });
  await put("crashed", "file");
  assert.equal((await store.get(scope, container, "crashed"))?.sizeBytes, 4);
});
