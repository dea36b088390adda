import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MalachiteError } from "../failure/malachiteError.ts";
import { compareCodePoints, readClientTree } from "./clientTree.ts";

const hash = "0".repeat(128);
const file = (name: string, more: object = {}) => ({ name, type: "File", hash, children: {}, ...more });
const folder = (name: string, children: unknown = {}) => ({ name, type: "Directory", hash, children });
const read = (root: unknown, entries = 1000) => readClientTree(root, { entries });
const refused = (root: unknown, code: string, target: string, says = /./, entries = 1000) =>
  assert.throws(
    () => read(root, entries),
    (error: unknown) => {
      assert.ok(error instanceof MalachiteError);
      assert.deepEqual([error.code, error.target], [code, target]);
      assert.match(error.message, says);
      return true;
    },
  );

test("nodes come in order of name, folders before their content, whatever the order and form of the children", () => {
  const map = folder("", {
    b: file("b"),
    "10": file("10"),
    "9": file("9"),
    a: folder("a", { x: file("x") }),
  });
  const list = folder("", [file("9"), file("b"), folder("a", [file("x")]), file("10")]);
  for (const root of [map, list])
    assert.deepEqual(
      read(root).map((n) => [n.path, n.depth, n.folder]),
      [
        ["", 0, true],
        ["10", 1, false],
        ["9", 1, false],
        ["a", 1, true],
        ["a/x", 2, false],
        ["b", 1, false],
      ],
    );
});

test("names of any kind, keys in any case, hashes in either", () => {
  const node = {
    Name: "ünï %20 #.py",
    TYPE: "file",
    Hash: "A".repeat(128),
    Timestamp: "2020-01-01T00:00:00",
  };
  const [, one] = read(folder("", { "ünï %20 #.py": node }));
  assert.deepEqual(
    [one?.path, one?.hash, one?.timestamp],
    ["ünï %20 #.py", "a".repeat(128), "2020-01-01T00:00:00"],
  );
  assert.equal(read(folder("", JSON.parse(`{"__proto__":${JSON.stringify(file("__proto__"))}}`))).length, 2);
  assert.equal(read(folder("", { Readme: file("Readme"), readme: file("readme") })).length, 3);
});

test("a broken tree is refused with the path", () => {
  for (const root of [null, 1, "x", [], undefined]) refused(root, "BadTree", "DirTreeNode", /not an object/);
  refused({}, "BadTree", "DirTreeNode", /type is undefined/);
  refused(file(""), "BadTree", "DirTreeNode", /root is a file/);
  refused(folder("", { a: folder("a", { b: file("b", { type: "Link" }) }) }), "BadTree", "a/b", /"Link"/);
  refused(folder("", { a: file("a", { hash: "xyz" }) }), "BadTree", "a", /SHA-512/);
  refused(folder("", { a: file("a", { hash: null }) }), "BadTree", "a");
  refused(folder("", { a: file("b") }), "BadTree", "a", /name is "b"/);
  refused(folder("", { a: file("a", { children: { b: file("b") } }) }), "BadTree", "a", /has children/);
  refused(folder("", { a: folder("a", 7) }), "BadTree", "a", /neither/);
  refused(folder("", [file("a"), file("a")]), "BadTree", "a", /twice/);
  refused(folder("", [{ ...file("a"), name: 5 }]), "BadTree", "DirTreeNode", /no name/);
  refused(folder("", { "a/b": file("a/b") }), "BadPath", "a/b", /'\/'/);
  refused(folder("", { "..": folder("..") }), "BadPath", "..");
  refused(folder("", { d: folder("d", { "a\\b": file("a\\b") }) }), "BadPath", "d/a\\b");
  refused(folder("", { "": file("") }), "BadPath", "");
  refused(folder("", { a: file("a"), b: file("b"), c: file("c") }), "BadTree", "c", /more than 2/, 2);
});

test("a hundred levels are taken, a thousand are refused", () => {
  const deep = (levels: number): object =>
    folder("", {
      d: Array.from({ length: levels }).reduce<object>((inner) => folder("d", { d: inner }), file("d")),
    });
  assert.equal(read(deep(100)).length, 102);
  refused(deep(1000), "BadPath", Array(201).fill("d").join("/"), /201 levels/);
});

test("the order is that of the code points", () => {
  const points = (s: string) => [...s].map((c) => c.codePointAt(0) as number);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      const [x, y] = [points(a), points(b)];
      const at = x.findIndex((p, i) => p !== y[i]);
      const wanted =
        at < 0 ? x.length - y.length : y[at] === undefined ? 1 : (x[at] as number) - (y[at] as number);
      assert.equal(Math.sign(compareCodePoints(a, b)), Math.sign(wanted));
    }),
  );
  assert.ok(compareCodePoints("\u{1f600}", "\uffee") > 0);
});
