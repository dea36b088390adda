import assert from "node:assert/strict";
import { posix, win32 } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { checkProjectPath, type PathFault } from "./projectPath.ts";

const faultOf = (path: string): PathFault | undefined => {
  const checked = checkProjectPath(path);
  return checked.ok ? undefined : checked.fault;
};

test("takes what real projects have", () => {
  for (const path of [
    "train.py",
    "src/pkg/__init__.py",
    ".amlignore",
    "a b/c d.txt",
    "aux.c",
    "CON",
    "name.",
    "name ",
    "...",
    "..a/b..",
    "é/é.txt",
    "日本語/😀.ipynb",
    "ab:c/d",
    "-rf",
    "$(id)",
    "x".repeat(255),
  ])
    assert.equal(faultOf(path), undefined, path);
});

test("refuses what leads out or cannot be one file, and says why", () => {
  const cases: [string, PathFault][] = [
    ["", "empty"],
    ["/etc/passwd", "absolute"],
    ["//host/share", "absolute"],
    ["../x", "dotSegment"],
    ["a/../../x", "dotSegment"],
    ["a/.", "dotSegment"],
    ["./a", "dotSegment"],
    ["..", "dotSegment"],
    ["a//b", "emptySegment"],
    ["a/", "emptySegment"],
    ["C:\\x", "backslash"],
    ["..\\x", "backslash"],
    ["C:/x", "driveLetter"],
    ["c:x", "driveLetter"],
    ["a\0b", "controlCharacter"],
    ["a\nb", "controlCharacter"],
    ["a\x7f", "controlCharacter"],
    ["a\ud800b", "notUnicode"],
    ["x".repeat(256), "segmentTooLong"],
    ["é".repeat(128), "segmentTooLong"],
    [Array(201).fill("a").join("/"), "tooDeep"],
    [Array(20).fill("x".repeat(200)).join("/"), "tooLong"],
  ];
  for (const [path, fault] of cases) assert.equal(faultOf(path), fault, JSON.stringify(path));
});

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "..",
        ".",
        "",
        "/",
        "\\",
        "C:",
        "\0",
        "a",
        "é",
        "\ud800",
        "~",
        "%2e%2e",
        "x".repeat(300),
      ),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .chain((parts) => fc.constantFrom("/", "\\", "").map((separator) => parts.join(separator)));

test("whatever is taken stays inside its folder, on POSIX and on Windows, and is spelled one way", () => {
  fc.assert(
    fc.property(hostile, (path) => {
      if (!checkProjectPath(path).ok) return;
      assert.ok(posix.join("/base/folder", path).startsWith("/base/folder/"));
      assert.ok(win32.join("C:\\root\\folder", path).startsWith("C:\\root\\folder\\"));
      assert.ok(win32.resolve("C:\\root\\folder", path).startsWith("C:\\root\\folder\\"));
      assert.equal(posix.normalize(path), path);
      assert.equal(Buffer.from(path, "utf8").toString("utf8"), path);
    }),
    { numRuns: 2_000 },
  );
});

test("plain segments are always taken", () => {
  const segment = fc.stringMatching(/^[a-z0-9_é][a-z0-9_.é -]{0,20}$/);
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 12 }), (segments) =>
      assert.equal(faultOf(segments.join("/")), undefined),
    ),
  );
});
