// What is sealed is opened by the same key alone, and shows nothing of itself.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { createSecretBox } from "./secretBox.ts";

describe("a secret box", () => {
  const box = createSecretBox(Buffer.alloc(32, 1));
  it("opens what it has sealed", () => {
    for (const text of ["", "a", '{"key":"ü\u0000"}', "x".repeat(100_000)])
      assert.equal(createSecretBox(Buffer.alloc(32, 1)).open(box.seal(text)), text);
  });
  it("seals the same text in another way each time, and shows nothing of it", () => {
    const first = box.seal("password");
    assert.notEqual(first, box.seal("password"));
    assert.ok(!Buffer.from(first.slice(2), "base64url").includes("password"));
  });
  it("refuses what was changed, cut, or sealed by another key", () => {
    const sealed = box.seal("password");
    const other = createSecretBox(Buffer.alloc(32, 2)).seal("password");
    const changed = `${sealed.slice(0, 20)}${sealed[20] === "A" ? "B" : "A"}${sealed.slice(21)}`;
    for (const wrong of [other, changed, sealed.slice(0, 10), "", "2.x", `2${sealed.slice(1)}`])
      assert.throws(
        () => box.open(wrong),
        (error) => isMalachiteError(error) && error.code === "StorageFailed",
      );
  });
});
