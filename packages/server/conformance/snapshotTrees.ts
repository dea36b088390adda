// What a snapshot store must do with snapshots whose ids and trees are made by clients. Part of snapshotStoreConformance.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Scope, SentFile, Snapshot, SnapshotAbout } from "@malachite/core";
import { buildZip } from "./buildZip.ts";
import { clientTree, hashed, type ProjectBytes, type SentNode } from "./clientTree.ts";
import { type SnapshotFixture, scope } from "./snapshotFixture.ts";

type Ask = {
  readonly id?: string;
  readonly about?: SnapshotAbout;
  /** What is sent; all files by default. */
  readonly sent?: ProjectBytes;
  readonly tree?: unknown;
  readonly partial?: boolean;
  readonly at?: Scope;
};

export function snapshotTreesSuite(f: SnapshotFixture): void {
  let numbers = 0;
  const fileOf = async (bytes: string | Uint8Array): Promise<string> => {
    const file = join(f.home, `sent-${numbers++}`);
    await writeFile(file, bytes);
    return file;
  };
  const sentFiles = async (files: ProjectBytes): Promise<SentFile[]> =>
    Promise.all(
      Object.entries(files)
        .filter(([name]) => !name.endsWith("/"))
        .map(async ([name, bytes]) => ({ name, file: await fileOf(bytes) })),
    );
  const keep = async (files: ProjectBytes, ask: Ask = {}): Promise<Snapshot | undefined> => {
    const { id = randomUUID(), about = {}, sent = files, tree = clientTree(files), partial = false } = ask;
    return await f.under.store.keepTree(ask.at ?? scope, {
      id,
      about,
      tree: await fileOf(typeof tree === "string" ? tree : JSON.stringify(tree)),
      files: await sentFiles(sent),
      partial,
      at: Date.UTC(2026, 0, 2),
    });
  };
  const whole = async (files: ProjectBytes, ask: Ask = {}): Promise<Snapshot> =>
    (await keep(files, ask)) ?? assert.fail("The snapshot is not whole.");
  const metadata = async (id: string, at: Scope = scope) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of (await f.under.store.metadata(at, id)) ?? []) pieces.push(piece);
    return pieces.length === 0 ? undefined : JSON.parse(Buffer.concat(pieces).toString());
  };
  const textOf = async (snapshot: Snapshot, path: string) =>
    readFile(join(await f.placed(snapshot.tree), path), "utf8");

  const project: ProjectBytes = {
    "train.py": "print(1)",
    "pkg/a.py": "a",
    "pkg/__init__.py": "",
    "a b/ü %20#.txt": "odd",
    "pkg/deep/er/x": "same",
    y: "same",
    "10": "ten",
    "9": "nine",
    "empty/": "",
  };

  test("a client's snapshot has its id and its files, and gives back what was told", async () => {
    const id = randomUUID();
    const about = { tags: { a: "b" }, properties: { "azureml.git.commit": "c" } };
    const snapshot = await whole(project, { id: id.toUpperCase(), about });
    assert.deepEqual([snapshot.id, snapshot.files, snapshot.sizeBytes], [id, 8, 27]);
    assert.deepEqual(await f.under.store.get(scope, id), snapshot);
    assert.equal(await textOf(snapshot, "a b/ü %20#.txt"), "odd");
    assert.equal(await f.under.store.latest(scope), id);
    const told = await metadata(id);
    assert.deepEqual(told, {
      id,
      parentId: null,
      createdTime: "2026-01-02T00:00:00.000Z",
      ...about,
      root: clientTree(project),
    });
    assert.equal(await metadata(id, { ...scope, workspace: "other" }), undefined);
    assert.equal(await metadata(randomUUID()), undefined);
  });

  test("what is not sent comes from the parent, what is not in the tree is gone", async () => {
    const first = await whole(project);
    const { y: _gone, ...rest } = project;
    const changed = { ...rest, "pkg/a.py": "changed", new: "new" };
    const sent = { "pkg/a.py": "changed", new: "new" };
    const second = await whole(changed, { about: { parentId: first.id }, sent });
    const folder = await f.placed(second.tree);
    assert.equal(await readFile(join(folder, "pkg/a.py"), "utf8"), "changed");
    assert.equal(await readFile(join(folder, "train.py"), "utf8"), "print(1)");
    await assert.rejects(access(join(folder, "y")));
    assert.equal(await textOf(first, "pkg/a.py"), "a");
    const third = await whole(rest, { about: { parentId: second.id }, sent: { "pkg/a.py": "a" } });
    assert.equal(await textOf(third, "pkg/a.py"), "a");
  });

  test("a parent may have come as a zip", async () => {
    const parent = await f.keep(
      buildZip([
        { name: "a/x.py", data: "x" },
        { name: "y.py", data: "y", mode: 0o100755 },
      ]),
    );
    assert.deepEqual(
      withoutTimes((await metadata(parent.id)).root),
      withoutTimes(clientTree({ "a/x.py": "x", "y.py": "y" })),
    );
    const sent = { "y.py": "new" };
    const child = await whole({ "a/x.py": "x", "y.py": "new" }, { about: { parentId: parent.id }, sent });
    assert.equal(await textOf(child, "a/x.py"), "x");
  });

  test("a file that is neither sent nor the same in the parent is named", async () => {
    const parent = await whole({ "a.py": "a", "b.py": "b" });
    const about = { parentId: parent.id };
    const files = { "a.py": "other", "b.py": "b", "c.py": "c" };
    const none = await f.refused(keep(files, { about, sent: {} }), "SnapshotIncomplete", /"a.py".*1 more/);
    assert.equal(none.target, "a.py");
    assert.deepEqual(
      none.details.map((d) => d.target),
      ["a.py", "c.py"],
    );
    const moved = { "d/a.py": "a", "b.py": "b" };
    await f.refused(keep(moved, { about, sent: {} }), "SnapshotIncomplete", /"d\/a.py"/);
    const alone = await f.refused(
      keep(files, { sent: { "a.py": "other" } }),
      "SnapshotIncomplete",
      /no parent/,
    );
    assert.equal(alone.target, "b.py");
    const elsewhere = { ...scope, workspace: "elsewhere" };
    await f.refused(
      keep(files, { about, sent: {}, at: elsewhere }),
      "SnapshotNotFound",
      new RegExp(parent.id),
    );
    const unknown = { parentId: randomUUID() };
    await f.refused(keep(files, { about: unknown }), "SnapshotNotFound", new RegExp(unknown.parentId));
  });

  test("wrong bytes, sizes, hashes and names are refused, each by its path, and nothing is kept", async () => {
    const before = await f.under.kept();
    const files = { "pkg/a.py": "right-one", "b.py": "right-two" };
    const wrong = await f.refused(
      keep(files, { sent: { ...files, "pkg/a.py": "wrong" } }),
      "ContentMismatch",
      /"pkg\/a.py".*hash/,
    );
    assert.equal(wrong.target, "pkg/a.py");
    await f.refused(
      keep(files, { sent: { ...files, "no.py": "" } }),
      "ContentMismatch",
      /"no.py".*no such file/,
    );
    const tree = clientTree(files);
    (tree.children.pkg as SentNode).hash = "0".repeat(128);
    const folder = await f.refused(keep(files, { tree }), "BadTree", /"pkg".*children/);
    assert.equal(folder.target, "pkg");
    const root = { ...clientTree(files), hash: "1".repeat(128) };
    await f.refused(keep(files, { tree: root }), "BadTree", /The tree/);
    await f.refused(keep(files, { tree: "{" }), "BadJson");
    await f.refused(keep(files, { tree: [] }), "BadTree");
    await f.refused(keep({ "../x": "x" }), "BadPath", /"\.\."/);
    const upload = {
      id: randomUUID(),
      about: {},
      tree: await fileOf(JSON.stringify(clientTree({ "b.py": "right-two" }))),
      partial: false,
      at: 0,
    };
    const sized = async (sizeBytes: number): Promise<SentFile> => ({
      name: "b.py",
      file: await fileOf("right-two"),
      sizeBytes,
    });
    await f.refused(
      f.under.store.keepTree(scope, { ...upload, files: [await sized(8)] }),
      "ContentMismatch",
      /said to have 8 bytes, and 9/,
    );
    await f.refused(
      f.under.store.keepTree(scope, { ...upload, files: [await sized(9), await sized(9)] }),
      "ContentMismatch",
      /twice/,
    );
    assert.deepEqual(await f.under.kept(), before);
    assert.ok(await f.under.store.keepTree(scope, { ...upload, files: [await sized(9)] }));
  });

  test("the same again is the same snapshot, other files under its id are refused", async () => {
    const id = randomUUID();
    const files = { "a.py": "once", "d/": "" };
    const first = await whole(files, { id });
    const other = await whole({ "z.py": "later" });
    assert.deepEqual(await whole(files, { id }), first);
    // The files of the first try are no longer where they were.
    assert.deepEqual(await whole(files, { id, sent: {} }), first);
    assert.equal(await f.under.store.latest(scope), other.id);
    const others: ProjectBytes[] = [
      { "a.py": "twice", "d/": "" },
      { "a.py": "once" },
      { "a.py": "once", "e/": "" },
    ];
    for (const changed of others) await f.refused(keep(changed, { id }), "SnapshotExists", new RegExp(id));
  });

  test("a snapshot in parts is there when its last part is", async () => {
    const files = { a: "part-a", b: "part-b", "c/d": "part-d" };
    const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
    const latest = await f.under.store.latest(scope);
    assert.equal(await keep(files, { id: one, sent: { a: "part-a" }, partial: true }), undefined);
    assert.equal(await f.under.store.get(scope, one), undefined);
    assert.equal(await f.under.store.latest(scope), latest);
    const more = { about: { parentId: one }, sent: { b: "part-b" }, partial: true };
    assert.equal(await keep(files, { ...more, id: two }), undefined);
    await f.refused(keep(files, { about: { parentId: two }, sent: {} }), "SnapshotIncomplete", /"c\/d"/);
    const last = await whole(files, { id: three, about: { parentId: two }, sent: { "c/d": "part-d" } });
    assert.equal(await textOf(last, "a"), "part-a");
    assert.equal(await f.under.store.latest(scope), three);
  });

  test("a snapshot that was begun goes on under its own id", async () => {
    const id = randomUUID();
    const files = { a: "begun-a", b: "begun-b" };
    assert.equal(await keep(files, { id, sent: { a: "begun-a" }, partial: true }), undefined);
    const snapshot = await whole(files, { id, sent: { b: "begun-b" } });
    assert.equal(await textOf(snapshot, "a"), "begun-a");
  });

  test("names as clients of other systems write them", async () => {
    const files = { "pkg/a.py": "windows", 'say "hi".txt': "quoted", "100%22.txt": "percent" };
    const sent = { "pkg\\a.py": "windows", "say %22hi%22.txt": "quoted", "100%22.txt": "percent" };
    assert.equal(await textOf(await whole(files, { sent }), 'say "hi".txt'), "quoted");
  });

  test("an empty project, an empty file, one of some megabytes, thousands of files, a hundred levels", async () => {
    assert.equal((await whole({})).files, 0);
    const big = Buffer.alloc(5_000_000, "big");
    const many = Object.fromEntries(
      Array.from({ length: 2_500 }, (_, i) => [`f/${i % 50}/${i}.py`, `${i % 700}`]),
    );
    const deep = `${Array(100).fill("d").join("/")}/x`;
    const files = { ...many, empty: "", big, [deep]: "deep" };
    const snapshot = await whole(files);
    const folder = await f.placed(snapshot.tree);
    assert.ok((await readFile(join(folder, "big"))).equals(big));
    assert.equal(await readFile(join(folder, deep), "utf8"), "deep");
    assert.equal(await readFile(join(folder, "f/49/2499.py"), "utf8"), `${2499 % 700}`);
    assert.deepEqual((await metadata(snapshot.id)).root, clientTree(files));
  });

  test("the same snapshot from two at once, and two that share files", async () => {
    const id = randomUUID();
    const files = { "shared.py": "at once", "own.py": "own" };
    const [a, b] = await Promise.all([whole(files, { id }), whole(files, { id })]);
    assert.deepEqual(a, b);
    const both = await Promise.all([1, 2, 3, 4].map((i) => whole({ "s.py": "shared at once", n: `${i}` })));
    for (const one of both) assert.equal(await textOf(one, "s.py"), "shared at once");
  });

  test("what a body says beside its tree is read in any spelling", async () => {
    const parent = randomUUID();
    const body = {
      ParentSnapshotId: parent.toUpperCase(),
      Tags: null,
      Properties: { p: 1 },
      DirTreeNode: hashed(clientTree({})),
      FileRevisionList: { FileNodes: [{ FullName: "a.py", BlobUri: "https://x/y", FileSize: 3 }] },
    };
    const read = async (value: unknown) => f.under.store.readTreeBody(await fileOf(JSON.stringify(value)));
    assert.deepEqual(await read(body), {
      about: { parentId: parent, properties: { p: 1 } },
      sent: [{ name: "a.py", link: "https://x/y", sizeBytes: 3 }],
    });
    const nil = "00000000-0000-0000-0000-000000000000";
    assert.deepEqual(await read({ parentSnapshotId: nil, fileRevisionList: null }), { about: {}, sent: [] });
    await f.refused(read([]), "BadTree");
    await f.refused(read({ ParentSnapshotId: "../x" }), "BadTree", /UUID/);
    await f.refused(read({ FileRevisionList: { FileNodes: {} } }), "BadTree", /not a list/);
    await f.refused(read({ FileRevisionList: { FileNodes: [{}] } }), "BadTree", /no FullName/);
    const linkless = { FileRevisionList: { FileNodes: [{ FullName: "a" }] } };
    await f.refused(read(linkless), "BadTree", /"a".*no BlobUri/);
  });
}

function withoutTimes({ timestamp: _, children, ...node }: SentNode): unknown {
  const inner = Object.entries(children).map(([name, child]) => [name, withoutTimes(child)]);
  return { ...node, children: Object.fromEntries(inner) };
}
