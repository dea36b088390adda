import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { COURIER_FILES } from "./program.ts";

describe("the program for the far machine", () => {
  it("has every file of its folder", () => {
    const folder = fileURLToPath(new URL("./files/", import.meta.url));
    const there = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".py"))
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length).replace(/^\//, ""));
    assert.deepEqual(there.sort(), [...COURIER_FILES].sort());
  });
});
