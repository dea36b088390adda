import assert from "node:assert/strict";
import { test } from "node:test";
import { biggestPaths, largeProjectMessage } from "./biggestPaths.ts";

const many = (prefix: string, count: number, sizeBytes: number) =>
  Array.from({ length: count }, (_, i) => ({ path: `${prefix}${i}`, sizeBytes }));
const names = (files: { path: string; sizeBytes: number }[]) => biggestPaths(files).map(({ path }) => path);

test("the five biggest of the top, folders with all that is in them", () => {
  const files = [
    ...many("data/", 10, 300),
    ...many("models/a/", 2, 900),
    ...["a", "b", "c", "d"].map((path, i) => ({ path, sizeBytes: 400 - i })),
  ];
  assert.deepEqual(biggestPaths(files), [
    { path: "data/", sizeBytes: 3000, files: 10 },
    { path: "models/", sizeBytes: 1800, files: 2 },
    { path: "a", sizeBytes: 400, files: 1 },
    { path: "b", sizeBytes: 399, files: 1 },
    { path: "c", sizeBytes: 398, files: 1 },
  ]);
});

test("a folder that holds nearly everything is looked into", () => {
  const files = [
    ...many("src/data/", 100, 100),
    ...many("src/code/", 5, 10),
    { path: "README", sizeBytes: 5 },
  ];
  assert.deepEqual(names(files), ["src/data/", "src/code/", "README"]);
});

test("a virtual environment is one thing, and so is a folder of many small ones", () => {
  const venv = [
    ...many("v/lib/site/", 9000, 100),
    { path: "v/pyvenv.cfg", sizeBytes: 1 },
    { path: "a.py", sizeBytes: 9 },
  ];
  assert.deepEqual(names(venv), ["v/", "a.py"]);
  assert.deepEqual(names(many("images/", 3000, 10)), ["images/"]);
  assert.deepEqual(names(many("node_modules/a/", 3000, 10)), ["node_modules/"]);
});

test("one big file in folders of folders is named itself", () => {
  assert.deepEqual(
    names([
      { path: "a/b/c.bin", sizeBytes: 1e9 },
      { path: "a/b/d.py", sizeBytes: 10 },
    ]),
    ["a/b/c.bin", "a/b/d.py"],
  );
  assert.deepEqual(names([]), []);
});

test("the message can be acted on", () => {
  const files = [...many("venv/", 2001, 200_000), { path: "train.py", sizeBytes: 2_500 }];
  const message = largeProjectMessage(2002, 400_202_500, biggestPaths(files));
  assert.equal(
    message,
    "The project has 2,002 files, 400 MB. The biggest paths:\n     400 MB  venv/ (2,001 files)\n     2.5 kB  train.py\nPut what the run does not need into .amlignore.",
  );
});
