import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProjectTree } from "./projectTree.ts";

test("a file twice, a file used as a folder, a folder used as a file", () => {
  const tree = new ProjectTree();
  assert.equal(tree.addFile("a/b.txt"), undefined);
  assert.match(tree.addFile("a/b.txt")?.reason ?? "", /twice/);
  assert.match(tree.addFile("a")?.reason ?? "", /file and a folder/);
  assert.match(tree.addFile("a/b.txt/c")?.reason ?? "", /'a\/b.txt' is a file/);
  assert.match(tree.addFolder("a/b.txt")?.reason ?? "", /'a\/b.txt' is a file/);
  assert.equal(tree.addFolder("a"), undefined);
  assert.equal(tree.addFolder("empty/deep"), undefined);
  assert.match(tree.addFile("empty")?.reason ?? "", /file and a folder/);
  assert.equal(tree.fileCount, 1);
});

test("names that differ in case or in Unicode form only are different files", () => {
  const tree = new ProjectTree();
  for (const path of ["Readme", "readme", "caf\u00e9", "cafe\u0301"])
    assert.equal(tree.addFile(path), undefined);
  assert.equal(tree.fileCount, 4);
});

test("a fault leaves nothing behind", () => {
  const tree = new ProjectTree();
  tree.addFile("a");
  assert.ok(tree.addFile("a/b/c"));
  assert.equal(tree.addFile("b"), undefined);
  assert.match(tree.addFile("a/b")?.reason ?? "", /'a' is a file/);
});

test("any order of adding gives the same verdict as looking at all pairs", () => {
  const path = fc
    .array(fc.constantFrom("a", "b", "ab", "a-b"), { minLength: 1, maxLength: 4 })
    .map((s) => s.join("/"));
  fc.assert(
    fc.property(fc.array(path, { maxLength: 8 }), (paths) => {
      const tree = new ProjectTree();
      const fault = paths.map((p) => tree.addFile(p)).some((f) => f !== undefined);
      const clash = paths.some((p, i) => paths.some((q, j) => i !== j && (p === q || q.startsWith(`${p}/`))));
      assert.equal(fault, clash);
    }),
  );
});
