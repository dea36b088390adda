// Paths as a tree.
import assert from "node:assert/strict";
import { it } from "node:test";
import { fileTree } from "./fileTree.ts";

it("puts files into their folders, in the order people count", () => {
  const tree = fileTree([
    { path: "outputs/step10.txt", sizeBytes: 1 },
    { path: "outputs/step9.txt", sizeBytes: 2 },
    { path: "outputs/deep/er/a.bin", sizeBytes: 4 },
    { path: "top", sizeBytes: undefined },
    { path: "__proto__/constructor", sizeBytes: 8 },
  ]);
  assert.equal(tree.count, 5);
  assert.equal(tree.sizeBytes, 15);
  assert.deepEqual(tree.folders.map(({ name }) => name).sort(), ["__proto__", "outputs"]);
  const outputs = tree.folders.find(({ name }) => name === "outputs");
  assert.deepEqual(
    outputs?.files.map(({ name }) => name),
    ["step9.txt", "step10.txt"],
  );
  assert.equal(outputs?.folders[0]?.folders[0]?.files[0]?.path, "outputs/deep/er/a.bin");
  assert.equal(outputs?.folders[0]?.path, "outputs/deep/");
});
