import assert from "node:assert/strict";
import { test } from "node:test";
import { safeSegments, UnsafePathError } from "./localPath.ts";

test("ordinary names are taken as they are, odd ones too", () => {
  for (const path of [
    "outputs/model.pkl",
    "a",
    ".hidden/x",
    "..a/b..",
    "sp ace/ä€😀",
    "a\\b",
    "C:x",
    "con",
    "x".repeat(255),
  ]) {
    assert.deepEqual(safeSegments(path, "linux"), path.split("/"));
  }
});

test("names that could lead elsewhere are refused on every machine", () => {
  const bad = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "a/../b",
    "a/..",
    ".",
    "./a",
    "a//b",
    "a/",
    "a\0b",
    "x".repeat(256),
    "ä".repeat(128),
  ];
  for (const platform of ["linux", "win32"] as const) {
    for (const path of bad)
      assert.throws(() => safeSegments(path, platform), UnsafePathError, JSON.stringify(path));
  }
});

test("names that mean something else to Windows are refused there", () => {
  const bad = [
    "a\\b",
    "..\\x",
    "C:\\x",
    "C:x",
    "a:stream",
    "con",
    "CON.txt",
    "a/nul",
    "COM1",
    "lpt9.log",
    "a.",
    "a ",
    "a*",
    "a?",
    "a\u0001",
  ];
  for (const path of bad)
    assert.throws(() => safeSegments(path, "win32"), UnsafePathError, JSON.stringify(path));
  assert.deepEqual(safeSegments("console/com10", "win32"), ["console", "com10"]);
});
