import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { makeTree } from "./makeTree.ts";

describe("a folder that is made", () => {
  const root = mkdtempSync(join(tmpdir(), "malachite-folder-"));
  after(() => rmSync(root, { recursive: true }));

  it("is there with those above it, and may be there before", async () => {
    const path = join(root, "a/b/c");
    await makeTree(path, 0o700);
    await makeTree(path, 0o700);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    symlinkSync(path, join(root, "link"));
    await makeTree(join(root, "link"), 0o700);
  });

  it("makes folders side by side, whoever makes the one above them", async () => {
    for (let round = 0; round < 100; round += 1) {
      const above = join(root, `beside-${round}`, "a");
      const paths = Array.from({ length: 8 }, (_, i) => join(above, String(i)));
      await Promise.all(paths.map((path) => makeTree(path, 0o700)));
    }
  });

  it("is refused where a file is, or where none can be made", async () => {
    writeFileSync(join(root, "file"), "");
    await assert.rejects(makeTree(join(root, "file"), 0o700), { code: "EEXIST" });
    await assert.rejects(makeTree(join(root, "file/a/b"), 0o700), { code: "ENOTDIR" });
  });

  it("is refused, and not tried for ever, where the folder above says that there is none", {
    skip: process.platform !== "linux",
  }, async () => {
    await assert.rejects(makeTree("/proc/none/runs", 0o700), { code: "ENOENT" });
  });
});
