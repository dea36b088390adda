import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { syncedIn } from "../../../../conformance/syncedIn.ts";
import { syncTree } from "./syncTree.ts";

describe("a folder that is made durable", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "malachite-synced-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is so with every file and folder in it, and nothing behind a link", async () => {
    mkdirSync(join(root, "a/b"), { recursive: true });
    for (const path of ["one", "a/two", "a/b/three"]) writeFileSync(join(root, path), path);
    symlinkSync("/etc/passwd", join(root, "a/link"));
    const synced = await syncedIn(root, () => syncTree(root));
    assert.deepEqual(synced.map(({ path }) => path).sort(), ["", "a", "a/b", "a/b/three", "a/two", "one"]);
  });

  it("is so at once where the files are many", async () => {
    mkdirSync(join(root, "many"));
    writeFileSync(join(root, "one"), "");
    for (let i = 0; i < 200; i += 1) writeFileSync(join(root, "many", `${i}`), `${i}`);
    const alone = await syncedIn(root, () => syncTree(root));
    assert.deepEqual(alone.map(({ path }) => path).sort(), ["", "one"]);
    const path = process.env.PATH;
    process.env.PATH = "";
    try {
      const each = await syncedIn(root, () => syncTree(root));
      assert.equal(each.length, 203, "where the system has no program for it");
    } finally {
      process.env.PATH = path;
    }
  });
});
