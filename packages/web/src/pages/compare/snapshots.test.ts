import assert from "node:assert/strict";
import { it } from "node:test";
import { changedFiles, isText } from "./snapshots.ts";

it("projects differ in files that came, went, changed, or can be executed", () => {
  const file = (path: string, sha256: string, executable?: boolean) => ({
    path,
    sha256,
    sizeBytes: 1,
    executable,
  });
  const changed = changedFiles(
    [file("a", "1"), file("b", "1"), file("c", "1"), file("e", "1")],
    [file("a", "1"), file("b", "2"), file("d", "1"), file("e", "1", true)],
  );
  assert.deepEqual(
    changed.map(({ path, left, right }) => [path, left?.sha256, right?.sha256]),
    [
      ["b", "1", "2"],
      ["c", "1", undefined],
      ["d", undefined, "1"],
      ["e", "1", "1"],
    ],
  );
  assert.ok(isText(new TextEncoder().encode("print()")));
  assert.ok(!isText(Uint8Array.of(80, 75, 0, 1)));
});
